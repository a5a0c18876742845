"""Number and date written by hand: the digits' reader, where it looks, what travels, and the fourteen documents."""

from __future__ import annotations

import csv
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from classification import classify
from ingest.reading.digits import STRIP_HEIGHT, DigitReader, guesses
from ingest.reading.pages import Box, Cell, Guess, Kind, PageText, Reread, Source, Word
from ingest.reading.rereading import Grey, reread
from ingest.reading.tesseract import Read
from ingest.reading.wire import page_header, page_of
from ingest.sandbox.document import Document
from ingest.sandbox.frames import Broken, Json
from ingest.sandbox.limits import Limits
from ingest.sandbox.sandbox import Sandbox
from ingest.text_part import Reading
from tests.ingest.reading.conftest import DATA

AGAIN = Reread(Cell.DAY, Box(1, 2, 30, 14), (Guess("04", 0.9), Guess("", 0.1)))
WORD = Word("Số:", Box(1, 2, 30, 14), 0.9, True)
PAGE = PageText(1, "Số:", (WORD,), Source.OCR, 0.9, 595, 842, None, (AGAIN,))


def columns(*digits: str) -> list[list[float]]:
    """Probabilities of nothing and of the ten digits; `_` for a column of nothing."""
    return [[0.9 if place == ("_0123456789".index(digit)) else 0.01 for place in range(11)] for digit in digits]


def test_a_digit_over_several_columns_is_one_and_parted_by_nothing_two() -> None:
    assert guesses(columns("_", "1", "1", "_", "4"))[0].digits == "14"
    assert guesses(columns("1", "_", "1"))[0].digits == "11"
    assert guesses(columns("_", "_"))[0].digits == ""


def test_only_what_is_possible_is_guessed() -> None:
    found = guesses(columns("4", "_", "5"), {"15", "25", "4"})
    assert {guess.digits for guess in found} == {"15", "25", "4"}
    assert abs(sum(guess.probability for guess in found) - 1) < 1e-9


def test_an_empty_strip_has_no_digits_on_it() -> None:
    assert DigitReader().read(bytes(STRIP_HEIGHT * 90), 90)[0].digits == ""


def line_of(texts: list[tuple[str, float]]) -> tuple[list[Read], Grey]:
    """A header's line, drawn, and its words, each with its confidence."""
    picture = Image.new("L", (1654, 2339), 255)
    draw, font, left = ImageDraw.Draw(picture), ImageFont.load_default(size=40), 100.0
    words: list[Read] = []
    for text, confidence in texts:
        draw.text((left, 300), text, font=font, fill=0, anchor="ls")
        box = draw.textbbox((left, 300), text, font=font, anchor="ls")
        words.append(Read(text, Box(*box), confidence, not words))
        left = box[2] + 16
    return words, Grey(picture.tobytes(), picture.width, picture.height, picture.width)


def test_what_was_read_surely_is_not_read_again() -> None:
    reader = DigitReader()
    sure, picture = line_of([("Số:", 0.97), ("47", 0.96), ("/UBND-KTTH", 0.9)])
    unsure, _ = line_of([("Số:", 0.97), ("47", 0.4), ("/UBND-KTTH", 0.9)])
    assert reread(sure, picture, reader) == ()
    (again,) = reread(unsure, picture, reader)
    assert (again.cell, "47" in [guess.digits for guess in again.guesses]) == (Cell.NUMBER, True)
    assert again.box.left < unsure[1].box.left < unsure[1].box.right < again.box.right


def test_a_number_cited_in_running_text_is_not_looked_at() -> None:
    words, picture = line_of([("theo", 0.97), ("số", 0.97), ("4?", 0.2), ("/UBND-KTTH", 0.9)])
    assert reread(words, picture, DigitReader()) == ()


@pytest.mark.parametrize(
    "value",
    [
        ["hour", 1, 2, 3, 4, []],
        ["day", 1, 2, 3, []],
        ["day", 1, 2, 3, 4, [["4a", 0.5]]],
        ["day", 1, 2, 3, 4, [["4", 1.5]]],
        ["day", 1, 2, 3, 4, [["4444444", 0.5]]],
        ["day", 1, 2, 3, 4, [["4", 0.1]] * 9],
        ["day", 1, float("nan"), 3, 4, []],
    ],
)
def test_a_second_reading_that_is_none_is_refused(value: Json) -> None:
    header = page_header(PAGE)
    assert page_of(header, 1, Limits()).rereads == (AGAIN,)
    with pytest.raises(Broken):
        page_of({**header, "rereads": [value]}, 1, Limits())


def test_a_second_reading_is_kept_with_the_text() -> None:
    reading = Reading(Kind.PDF, (PAGE, replace(PAGE, rereads=())))
    assert Reading.parse(reading.content()) == reading


@pytest.mark.servers
def test_numbers_and_dates_of_the_fourteen_documents_are_read_without_their_names(sandbox: Sandbox) -> None:
    with (DATA / "vi-documents" / "fields.tsv").open(encoding="utf-8") as file:
        known = [(Path(row["file"]).name, row["number"], row["date"]) for row in csv.DictReader(file, delimiter="\t")]

    def first_page(name: str) -> PageText:
        with Document.of((DATA / "vi-documents" / name).read_bytes()) as document:
            (page,) = sandbox.read_pages(document, 1, 1)
        return page

    with ThreadPoolExecutor(2) as pool:
        pages = list(pool.map(first_page, [name for name, _, _ in known]))
    headers = [classify(Reading(Kind.PDF, (page,)).for_classification()).header for page in pages]
    numbers = sum(re.sub(r"\s", "", header.ref_code or "") == number for header, (_, number, _) in zip(headers, known, strict=True))
    dates = sum(str(header.date) == date for header, (_, _, date) in zip(headers, known, strict=True))
    assert (len(known), numbers >= 12, dates >= 13) == (14, True, True), [(header.ref_code, header.date) for header in headers]
