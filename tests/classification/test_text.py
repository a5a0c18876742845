"""One spelling of Vietnamese text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classification.text import fold, latinised, normalise, skeleton, syllables, tone_placement

UNHURRIED = settings(deadline=None)
LETTERS = "aAđĐoỏuỷyÝ\u0301\u0302\u0323\u031bаВТ -/\n\u200b\ufeffＭ"
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.text(LETTERS, max_size=40)


@pytest.mark.parametrize(
    ("given_text", "meant"),
    [
        (unicodedata.normalize("NFD", "TUYỆT MẬT"), "TUYỆT MẬT"),
        ("MA\u0323\u0302T", "MẬT"),
        ("to\u0301\u0302i", "tối"),  # tone typed before the circumflex
        ("a\u0301\u0306", "ắ"),
        ("\u0110\u00d0\u0189", "ĐĐĐ"),
        ("TT-BT\u0421", "TT-BTC"),
        ("07/2025/N\u0110-\u0421\u0420", "07/2025/NĐ-CP"),
        ("\u041c\u1eac\u0422", "MẬT"),
        ("\u041c\u0410\u0323\u0302T", "MẬT"),
        ("M\u1fb0T \u0474T", "MăT VT"),  # Greek with a breve; a Cyrillic capital that few fonts draw
        ("M\u200b\u1eac\u00adT", "MẬT"),
        ("\uff2d\u1eac\uff34", "MẬT"),
        ("15 \u2013 CV\u2014VPTU", "15 - CV-VPTU"),
        ("a\u00a0b\u3000c", "a b c"),
        ("một\r\nhai\u2028ba", "một\nhai\nba"),
    ],
)
def test_text_is_read_as_it_was_meant(given_text: str, meant: str) -> None:
    assert normalise(given_text) == meant


@pytest.mark.parametrize("foreign", ["Россия", "Москва", "Αθήνα", "ТАСС"])
def test_words_of_other_alphabets_stay(foreign: str) -> None:
    assert normalise(foreign) == foreign
    assert normalise(f"Thông tấn xã {foreign}") == f"Thông tấn xã {foreign}"


def test_columns_survive_normalising() -> None:
    assert normalise("ỦY BAN      CỘNG HÒA\n*   Lào Cai") == "ỦY BAN      CỘNG HÒA\n*   Lào Cai"


@pytest.mark.parametrize(
    ("word", "canonical"),
    [("hoà", "hòa"), ("HOÀ", "HÒA"), ("Hoà", "Hòa"), ("thuỷ", "thủy"), ("Uỷ", "Ủy"), ("UỶ", "ỦY"), ("loè", "lòe"), ("hoàn", "hoàn"), ("hòan", "hoàn"),
     ("hùynh", "huỳnh"), ("khuỷu", "khuỷu"), ("quý", "quý"), ("qúy", "quý"), ("quả", "quả"), ("gía", "giá"), ("giá", "giá"), ("gì", "gì"),
     ("ngoài", "ngoài"), ("xoá", "xóa"), ("khoẻ", "khỏe"), ("thuý", "thúy"), ("tuý", "túy")],
)  # fmt: skip
def test_tones_have_one_place(word: str, canonical: str) -> None:
    assert tone_placement(word) == canonical


def test_levels_of_meaning_that_folding_loses() -> None:
    assert fold("mật") == fold("mặt") == fold("MÁT") == "mat"
    assert fold("Đảng  Ủy\n ĐÔNG") == "dang uy dong"


def test_syllables_are_words_and_numbers() -> None:
    assert syllables("Uỷ ban, số 47/QĐ-UBND!") == ("ủy", "ban", "số", "47", "qđ", "ubnd")


def test_the_eye_takes_a_whole_cyrillic_word_for_latin() -> None:
    assert latinised("\u0422\u041e\u0406 \u041c\u0410\u0422") == "TOI MAT"


@UNHURRIED
@given(ANY)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)


@UNHURRIED
@given(ANY)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_no_character_beside_others_is_read_otherwise_a_second_time() -> None:
    alphabets = map(chr, (*range(0x80, 0x2D00), *range(0xA640, 0xA800), *range(0xFF00, 0xFFF0)))
    written = [text for char in alphabets for text in (char, f"A{char}", f"{char}b", f"α{char}")]
    assert [text for text in written if normalise(normalise(text)) != normalise(text) or fold(fold(text)) != fold(text)] == []


@UNHURRIED
@given(ANY)
def test_placing_tones_twice_changes_nothing(text: str) -> None:
    once = tone_placement(normalise(text))
    assert tone_placement(once) == once


@UNHURRIED
@given(ANY)
def test_a_skeleton_keeps_every_position(text: str) -> None:
    assert len(skeleton(text)) == len(text)


@UNHURRIED
@given(st.text("ạếđưMẬT ", max_size=40))
def test_composed_and_decomposed_text_are_one(text: str) -> None:
    assert normalise(unicodedata.normalize("NFD", text)) == normalise(text)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("unit", ["\u0301\u0323", "a\u0301\u0323\u0302", "ạ", "aа", "а-", "—", " "])
def test_a_long_run_takes_linear_time(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    assert normalise(normalise(text)) == normalise(text)
    fold(text)
