"""One analysis for index and query: spellings that mean the same give the same tokens, others stay apart."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.index.analysis import analyse, clean, term_counts, tokens_of, written


def exact(text: str) -> list[str]:
    return [token.exact for token in tokens_of(text)]


def folded(text: str) -> list[str]:
    return [token.folded for token in tokens_of(text)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hòa giải", "hoà giải"),
        ("Thủy lợi", "thuỷ lợi"),
        ("Uỷ ban", "Ủy ban"),
        ("qúy I", "quý I"),
        ("ĐẤT ĐAI", "đất đai"),
        ("nộp thuế", unicodedata.normalize("NFD", "nộp thuế")),
        ("Đảng ủy", "Ðảng ủy"),
        ("TT-BTC", "TT-BTС"),
        ("nộp\u200b thuế", "nộp thuế"),
        ("nộp\u00a0thuế", "nộp thuế"),
        ("số 05", "số 5"),
        ("40.976 triệu", "40976 triệu"),
    ],
)
def test_spellings_of_one_word_are_one_token(one: str, other: str) -> None:
    assert exact(one) == exact(other)


@pytest.mark.parametrize(("one", "other"), [("mật", "mặt"), ("ma", "má"), ("quý", "quy"), ("kỹ", "kĩ"), ("đất", "dất"), ("24.7.2019", "2472019")])
def test_different_words_stay_apart_as_written(one: str, other: str) -> None:
    assert exact(one) != exact(other)


@pytest.mark.parametrize(("marked", "plain"), [("nộp thuế", "nop thue"), ("Đường", "duong"), ("hoà", "hoa"), ("quí", "qui"), ("mật mặt", "mat mat")])
def test_folded_tokens_have_no_marks(marked: str, plain: str) -> None:
    assert folded(marked) == plain.split()


@pytest.mark.parametrize(
    ("text", "code", "parts"),
    [
        ("15-CV/VPTU", "15-cv/vptu", ["15", "cv", "vptu"]),
        ("Số: 249/2025/NĐ-CP", "249/2025/nd-cp", ["so", "249", "2025", "nd", "cp"]),
        ("05-HD/VPTW.", "5-hd/vptw", ["5", "hd", "vptw"]),
        ("121/2025/QH15", "121/2025/qh15", ["121", "2025", "qh15"]),
        ("1.234/BC-UBND", "1234/bc-ubnd", ["1234", "bc", "ubnd"]),
        ("24/7/2019", None, ["24", "7", "2019"]),
        ("QP-AN", None, ["qp", "an"]),
    ],
)
def test_reference_codes_are_kept_whole_and_in_parts(text: str, code: str | None, parts: list[str]) -> None:
    assert [token.code for token in tokens_of(text) if token.code] == ([code] if code else [])
    assert folded(text) == parts


def test_terms_are_counted_in_every_form() -> None:
    form = term_counts([tokens_of("Nộp thuế, nộp phí"), tokens_of("15-CV/VPTU")])
    assert form.length == 7
    assert form.counts["=nộp"] == form.counts["nop"] == 2
    assert form.counts["nop_thue"] == form.counts["nop_phi"] == form.counts["thue_nop"] == form.counts["=15-cv/vptu"] == 1
    assert "phi_15" not in form.counts


@given(st.text())
def test_every_token_is_free_of_signs_and_stands_where_it_says(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    for token in tokens_of(text):
        assert token.exact and token.folded and token.end > token.start
        assert not set(token.exact + token.folded) & set(" \"'*^:(){}-+\0")
        assert cleaned[token.start : token.end].replace(".", "").isalnum()


@given(st.one_of(st.text(), st.text(alphabet="015.-/ đĐaạQU_\n")))
def test_tokens_without_their_places_are_the_same(text: str) -> None:
    text = clean(text)
    tokens, words = analyse(text), written(text)
    assert (words.exact, words.folded) == ([token.exact for token in tokens], [token.folded for token in tokens])
    assert {token.code for token in tokens if token.code} <= set(words.codes)
