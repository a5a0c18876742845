"""Digits read a second time: which guess stands, and who may choose among them."""

from __future__ import annotations

from datetime import date

import pytest

from classification import Cell, Guess, Header, HeaderWarning, Line, Page, Reread, Source, Text, read_header

STAMP = ("Ký bởi: Ủy ban nhân dân tỉnh Hà Tĩnh", "Thời gian ký: {} 16:42:36")


def paper(number: str = "#", day: str = "2#", symbol: str = "UBND-KTTH", month: str = "02", signed: str = "") -> tuple[str, ...]:
    """A first page; what is in the place of number and day is what the reader of print made of handwriting."""
    head = (
        "ỦY BAN NHÂN DÂN   CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "TỈNH HÀ TĨNH   Độc lập - Tự do - Hạnh phúc",
        f"Số: {number} /{symbol}   Hà Tĩnh, ngày {day} tháng {month} năm 2025",
        "V/v đăng ký bổ sung",
        "Kính gửi: Sở Tài chính",
    )
    return head + (tuple(line.format(signed) for line in STAMP) if signed else ())


def read(lines: tuple[str, ...], file_name: str = "", **guesses: dict[str, float]) -> Header:
    rereads = tuple(Reread(Cell(cell), tuple(Guess(digits, p) for digits, p in found.items())) for cell, found in guesses.items())
    return read_header(Text((Page(1, tuple(map(Line, lines)), Source.OCR, rereads),), file_name=file_name))


def test_a_number_written_by_hand_is_the_most_probable_guess() -> None:
    header = read(paper(), number={"574": 0.96, "594": 0.03})
    assert (header.ref_code, header.ref_no) == ("574/UBND-KTTH", 574)
    assert HeaderWarning.LOW_CONFIDENCE not in read(paper(day="04"), number={"574": 0.96}).warnings


def test_a_leading_zero_stays_as_written() -> None:
    assert read(paper(symbol="CT-UBND"), number={"07": 0.95}).ref_code == "07/CT-UBND"


def test_readers_that_disagree_are_told_of() -> None:
    header = read(paper(number="899", day="04"), number={"299": 0.97})
    assert (header.ref_code, HeaderWarning.LOW_CONFIDENCE in header.warnings) == ("299/UBND-KTTH", True)
    assert HeaderWarning.LOW_CONFIDENCE not in read(paper(number="299", day="04"), number={"299": 0.97}).warnings


def test_a_number_that_nobody_made_out_is_left_unread() -> None:
    header = read(paper(number="9"), number={"275": 0.2, "215": 0.2, "245": 0.2, "": 0.2})
    assert (header.ref_code, header.ref_symbol, HeaderWarning.NO_NUMBER in header.warnings) == (None, "UBND-KTTH", True)


def test_what_both_readers_say_is_more_probable() -> None:
    assert read(paper(number="574"), number={"514": 0.5, "574": 0.4}).ref_no == 574


@pytest.mark.parametrize(
    ("name", "guesses", "number"),
    [
        ("594-UBND-KTTH-2025.pdf", {"574": 0.6, "594": 0.3}, 594),  # chooses among doubtful guesses
        ("594_UBND_KTTH.signed.pdf", {"574": 0.6, "594": 0.3}, 594),
        ("594-UBND-KTTH-2025.pdf", {"574": 0.95, "594": 0.05}, 574),  # a confident reading stands
        ("601-UBND-KTTH-2025.pdf", {"574": 0.6, "594": 0.3}, 574),  # no guess of the paper
        ("594-UBND-NNTN-2025.pdf", {"574": 0.6, "594": 0.3}, 574),  # another symbol
        ("594.pdf", {"574": 0.6, "594": 0.3}, 574),
    ],
)
def test_a_file_name_chooses_among_doubtful_guesses_only(name: str, guesses: dict[str, float], number: int) -> None:
    header = read(paper(), name, number=guesses)
    assert (header.ref_no, HeaderWarning.NUMBER_BY_FILE_NAME in header.warnings) == (number, number == 594)
    assert (HeaderWarning.LOW_CONFIDENCE in header.warnings) is True


def test_a_file_name_alone_gives_no_number() -> None:
    assert read(paper(number=""), "594-UBND-KTTH-2025.pdf").ref_code is None


def test_the_signature_chooses_among_readings_of_the_day() -> None:
    guesses = {"14": 0.5, "11": 0.48}
    assert read(paper(signed="11/02/2025"), day=guesses).date == date(2025, 2, 11)
    assert read(paper(), day=guesses).date == date(2025, 2, 14)
    assert read(paper(signed="11/02/2025"), day={"05": 0.99, "11": 0.001}).date == date(2025, 2, 5)


def test_a_doubtful_day_is_told_of() -> None:
    assert HeaderWarning.LOW_CONFIDENCE in read(paper(number="574"), day={"14": 0.5, "11": 0.48}).warnings
    assert HeaderWarning.LOW_CONFIDENCE not in read(paper(number="574"), day={"14": 0.99}).warnings


def test_a_month_written_by_hand_is_read_with_its_day() -> None:
    header = read(paper(month="Øf", signed="05/01/2025"), day={"04": 0.99}, month={"2": 0.4, "7": 0.3, "1": 0.2})
    assert header.date == date(2025, 1, 4)


def test_a_day_that_is_no_day_of_the_month_is_not_read() -> None:
    assert read(paper(), day={"30": 0.8, "20": 0.2}).date == date(2025, 2, 20)


def test_a_day_that_nobody_made_out_is_the_first_signature_s_and_said_to_be() -> None:
    header = read((*paper(day="", signed="24.02.2025"), "25.02.2025 07:46:10"))
    assert (header.date, HeaderWarning.DAY_BY_SIGNATURE in header.warnings) == (date(2025, 2, 24), True)
    assert read(paper(day="", signed="03/03/2025")).date is None
    assert HeaderWarning.DAY_BY_SIGNATURE not in read(paper(signed="24.02.2025"), day={"24": 0.9}).warnings


def test_the_time_of_a_signature_may_stand_elsewhere() -> None:
    assert read((*paper(day=""), "Thời gian ký: 24/02/2025", "Bắc Ninh", "08:15:24")).date == date(2025, 2, 24)


def test_a_pen_that_ran_into_the_word_before_the_day_hides_no_date() -> None:
    lines = tuple(line.replace("ngày 2#", "ngàW‡{") for line in paper())
    assert read(lines, day={"11": 0.9}).date == date(2025, 2, 11)


def test_a_wide_gap_that_the_number_left_parts_no_columns() -> None:
    assert read(paper(number="  "), number={"574": 0.96}).ref_code == "574/UBND-KTTH"


def test_a_stroke_inside_a_word_parts_no_columns() -> None:
    assert read(paper(day="⁄|Š"), day={"15": 0.99}).date == date(2025, 2, 15)


def test_a_doubled_letter_of_a_symbol_is_one() -> None:
    assert read(paper(symbol="QĐÐ-UBND"), number={"47": 0.99}).ref_code == "47/QĐ-UBND"
    assert read(paper(number="12", symbol="ĐĐBQH-VP")).ref_code == "12/ĐĐBQH-VP"
