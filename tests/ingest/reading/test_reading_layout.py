"""Lines as a person sees them, stamps in their places, syllables that could be words."""

from __future__ import annotations

import unicodedata

import pytest

from ingest.reading.identify import is_polyglot
from ingest.reading.pages import Box, Kind, Source, Word, page_lines
from ingest.reading.stamps import lay_over
from ingest.reading.syllables import is_plausible, plausibility
from ingest.reading.text import NotText, assemble, decode, pages_of_text


def line(top: float, *placed: tuple[float, str], stamped: bool = False, confidence: float = 1.0) -> list[Word]:
    """Words of ten points' height at their left sides, five points a letter."""
    return [
        Word(text, Box(left, top, left + 5 * len(text), top + 10), confidence, index == 0, stamped) for index, (left, text) in enumerate(placed)
    ]


def test_columns_side_by_side_are_three_spaces_apart_whatever_the_reading_order() -> None:
    issuer = line(0, (0, "UBND"), (24, "TỈNH"))
    number = line(20, (0, "Số:"), (18, "5/CT"))
    motto = line(1, (300, "CỘNG"), (324, "HÒA"))
    place = line(21, (300, "Ngãi,"), (328, "ngày"))
    assert page_lines([*issuer, *number, *motto, *place]) == ["UBND TỈNH   CỘNG HÒA", "Số: 5/CT   Ngãi, ngày"]


def test_a_low_and_a_small_word_keep_to_their_line() -> None:
    words = [*line(0, (0, "Điều")), Word("-", Box(24, 5, 28, 6), 1.0, False), Word("g", Box(32, 3, 37, 13), 1.0, False), *line(14, (0, "Khoản"))]
    assert page_lines(words) == ["Điều - g", "Khoản"]


def test_a_slanted_scan_keeps_its_lines() -> None:
    slanted = [Word(str(n), Box(n * 20, n * 0.8 + row * 14, n * 20 + 10, n * 0.8 + row * 14 + 10), 0.9, n == 0) for row in (0, 1) for n in range(25)]
    assert page_lines(slanted) == [" ".join(map(str, range(25)))] * 2


def test_lines_of_a_stamp_alone_come_last() -> None:
    assert page_lines([*line(20, (0, "UBND")), *line(0, (300, "Ký"), (320, "bởi"), stamped=True)]) == ["UBND", "Ký bởi"]


def test_a_stamped_number_and_day_go_where_they_are_seen() -> None:
    words = line(0, (0, "Số:"), (60, "/UBND-KT"), (300, "ngày"), (360, "tháng"), (390, "01")) + line(20, (0, "Kính"), (30, "gửi"))
    stamps = line(1, (25, "507"), (330, "24"), stamped=True) + line(200, (300, "Ký"), (320, "bởi"), stamped=True)
    page = assemble(1, lay_over(words, stamps), Source.TEXT, 500, 800)
    assert page.text == "Số: 507 /UBND-KT ngày 24 tháng 01\nKính gửi\nKý bởi"


def test_a_stamp_over_words_does_not_break_their_line() -> None:
    words = line(0, (0, "Kính"), (30, "gửi:"), (60, "Sở"))
    assert [word.text for word in lay_over(words, line(0, (32, "MẬT"), stamped=True))] == ["Kính", "gửi:", "Sở", "MẬT"]


def test_confidence_is_the_mean_over_what_was_read() -> None:
    words = line(0, (0, "abc"), confidence=0.5) + line(0, (30, "d"), confidence=0.9) + line(0, (50, "stamp"), stamped=True)
    assert assemble(1, words, Source.OCR, 1, 1).confidence == pytest.approx(0.6)
    assert assemble(1, words, Source.TEXT, 1, 1).confidence is None


@pytest.mark.parametrize(
    "word",
    ["nghiêng", "quyết", "khuỷu", "giữa", "gìn", "uỷ", "ủy", "hoà", "hòa", "thuở", "ươm", "yêu", "oản",
     "Đắk", "Nguyễn", "THỊ", "kỳ", "quốc", "xoong", "ngoằn", "huỳnh", "giếng",
     "the", "strengthened", "Brien's"],
)
def test_syllables_of_both_languages_are_plausible(word: str) -> None:
    assert is_plausible(word)


@pytest.mark.parametrize("word", ["nh©n", "cña", "HßA", "cöôøng", "QSLDPG", "ghàn", "kề́", "ngê", "cuề́n", "\ue001\ue002", "a\ufffdb", "qrstvw"])
def test_what_fonts_of_their_own_leave_is_not(word: str) -> None:
    assert not is_plausible(unicodedata.normalize("NFC", word))


def test_text_is_told_from_gibberish() -> None:
    sound = "Căn cứ Luật Tổ chức chính quyền địa phương; theo đề nghị của Giám đốc Sở Tài chính tại Tờ trình số 12/TTr-STC"
    old_font = "CéNG HßA X· HéI CHñ NGHÜA VIÖT NAM ñy ban nh©n d©n tØnh Qu¶ng Ng·i VÒ viÖc t¨ng c­êng"
    shifted = "".join(chr(ord(letter) + 3) if letter != " " else " " for letter in "the department received the strengthened reports")
    assert plausibility(sound.split()) > 0.9
    assert plausibility(old_font.split()) < 0.6
    assert plausibility(shifted.split()) < 0.6
    assert plausibility(["12", "--", "5/CT"]) == 0.0


@pytest.mark.parametrize(
    "encoded",
    ["Số\r\n5\rx".encode(), b"\xef\xbb\xbf" + "Số\n5\nx".encode(), "Số\n5\nx".encode("utf-16"), "So\u0302\u0301\n5\nx".encode()],
)
def test_plain_text_is_one_thing_in_every_encoding(encoded: bytes) -> None:
    assert decode(encoded) == "Số\n5\nx"


@pytest.mark.parametrize("content", [b"C\xe9NG H\xdfA", b"a\0b", b"\xff\xfea"])
def test_other_encodings_are_not_guessed(content: bytes) -> None:
    with pytest.raises(NotText):
        decode(content)


def test_long_text_is_cut_at_lines_and_nothing_is_lost() -> None:
    text = "".join(f"dòng {number}\n" for number in range(100)) + "x" * 250
    pages = list(pages_of_text(text, 100))
    assert "".join(pages) == text
    assert max(map(len, pages)) <= 100
    assert all(page.endswith("\n") for page in pages[:9])
    assert list(pages_of_text("a\fb", 100)) == ["a", "b"]


def test_an_end_mark_inside_a_pictures_data_is_not_its_end() -> None:
    # 0xFF 0xD9 in a JPEG's comment and IEND in a PNG's text chunk.
    jpeg = b"\xff\xd8\xff\xfe\x00\x08\xff\xd9xxxx" + b"\xff\xda\x00\x02" + b"a\xff\x00b" * 600 + b"\xff\xd9"
    png = b"\x89PNG\r\n\x1a\n" + b"\0\0\x08\0tEXt" + b"\0\0\0\0IEND".ljust(2048, b"x") + b"\0\0\0\0" + b"\0\0\0\0IEND\0\0\0\0"
    assert not is_polyglot(Kind.JPEG, jpeg)
    assert not is_polyglot(Kind.PNG, png)
    assert is_polyglot(Kind.JPEG, jpeg + b"x" * 1025)
    assert is_polyglot(Kind.PNG, png + b"x" * 1025)
