"""The second look at a first page: number, day and month are often written by hand into the printed line, and Tesseract knows print alone."""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from ingest.reading.digits import STRIP_HEIGHT, DigitReader
from ingest.reading.pages import Box, Cell, Reread
from ingest.reading.tesseract import Read

__all__ = ["Grey", "reread"]

_HEADER: Final = 0.4
"""The upper part of the page where its number and date stand."""
_SURE: Final = {Cell.NUMBER: 0.9, Cell.DAY: 0.9, Cell.MONTH: 0.6}
"""How sure Tesseract must be of digits that are not read again. A month is printed almost always."""
_MOST_GUESSES: Final = 8
_LEAST: Final = 0.001
_STRIP: Final = 2.1
"""Height of a strip in heights of `Số`, from accent to baseline."""
_BASELINE: Final = 0.73
_DESCENDER: Final = 0.25
_WIDEST: Final = 12 * STRIP_HEIGHT
_SO: Final = re.compile(r"\W{0,3}[S5][oO06](?![a-zA-Z])")
"""Small, it stands in running text: a cited number."""
_NGAY: Final = re.compile(r"nga(?!i)")
"""A pen often runs into its last letter."""
_SEPARATOR: Final = re.compile(r"(?<![/-])[/-](?=.?[^\W_])")
_POSSIBLE: Final = {
    Cell.NUMBER: None,
    Cell.DAY: frozenset(form for day in range(1, 32) for form in (f"{day:02}", str(day))),
    Cell.MONTH: frozenset(form for month in range(1, 13) for form in (f"{month:02}", str(month))),
}
_DAY_SAID: Final = re.compile(r"\d{1,2}")
_NUMBER_SAID: Final = re.compile(r"\d{1,6}[a-zđ]?")


@dataclass(frozen=True, slots=True)
class Grey:
    """A picture of a page, upright, in shades of grey, a byte a pixel. stride: bytes from one line to the next."""

    pixels: bytes
    width: int
    height: int
    stride: int


@dataclass(frozen=True, slots=True)
class _Gap:
    """Where digits stand between printed words, in pixels, what was read there at first, and how surely."""

    cell: Cell
    left: float
    right: float
    baseline: float
    said: str
    confidence: float

    @property
    def is_sure(self) -> bool:
        form = _NUMBER_SAID if self.cell is Cell.NUMBER else _DAY_SAID
        return self.confidence >= _SURE[self.cell] and form.fullmatch(self.said) is not None


def reread(words: Sequence[Read], picture: Grey, reader: DigitReader) -> tuple[Reread, ...]:
    """Number, day and month of the header read again, those that the first reading (`words`, in pixels) is not sure of."""
    header = [word for word in words if word.box.bottom < _HEADER * picture.height]
    anchors = [word for word in header if _SO.match(_unmarked(word.text)) or _bare(word.text) in ("ngay", "thang")]
    if not anchors:
        return ()
    unit = statistics.median(word.box.height for word in anchors)
    doubtful = [gap for gap in (*_number(header, unit), *_date(header, unit, picture.width)) if not gap.is_sure]
    return tuple(found for gap in doubtful if (found := _look(gap, unit, picture, reader)))


def _look(gap: _Gap, unit: float, picture: Grey, reader: DigitReader) -> Reread | None:
    tall = _STRIP * unit
    place = Box(gap.left, gap.baseline - _BASELINE * tall, gap.right, gap.baseline + (1 - _BASELINE) * tall)
    width = round((place.right - place.left) * STRIP_HEIGHT / tall)
    if not STRIP_HEIGHT // 2 <= width <= _WIDEST:
        return None
    page = Image.frombuffer("L", (picture.width, picture.height), picture.pixels, "raw", "L", picture.stride, 1)
    strip = page.crop((round(place.left), round(place.top), round(place.right), round(place.bottom)))
    small = strip.resize((width, STRIP_HEIGHT), Image.Resampling.BOX if tall > STRIP_HEIGHT else Image.Resampling.BILINEAR)
    guesses = reader.read(_ink(small), width, _POSSIBLE[gap.cell])
    return Reread(gap.cell, place, tuple(guess for guess in guesses[:_MOST_GUESSES] if guess.probability >= _LEAST))


def _ink(strip: Image.Image) -> bytes:
    """From shades of grey to 0 for paper, 255 for full ink, whatever paper and pen are like."""
    shades = sorted(strip.tobytes())
    paper, dark = shades[len(shades) // 2] - 8, shades[len(shades) // 64]
    depth = max(40, paper - dark)
    return strip.point([max(0, min(255, (paper - shade) * 255 // depth)) for shade in range(256)]).tobytes()


def _number(header: Sequence[Read], unit: float) -> Iterator[_Gap]:
    """Between `Số:` and the `/` or `-` before the symbol."""
    for word in header:
        if not (opening := _SO.match(_unmarked(word.text))):
            continue
        beside = [other for other in _right_of(word, header) if other.box.left - word.box.left < 14 * unit]
        for n, other in enumerate((word, *beside)):
            separator = _SEPARATOR.search(other.text, opening.end() if n == 0 else 0)
            if separator is None:
                continue
            before = [word, *beside][: n + 1]
            said = re.sub(r"^\W*[Ss5]\w[:.;]*", "", "".join(part.text for part in before[:-1]) + other.text[: separator.start()], count=1)
            follows_digit = other.text[separator.end() : separator.end() + 1].isdigit()  # a year: its digits must not be read with the number
            end = _along(other, separator.start()) + (0.3 if follows_digit else 0.6) * unit
            baseline, confidence = min(word.box.bottom, other.box.bottom), min(part.confidence for part in before)
            yield _Gap(Cell.NUMBER, word.box.left + 0.6 * unit, end, baseline, said.strip(), confidence)
            return


def _date(header: Sequence[Read], unit: float, width: int) -> Iterator[_Gap]:
    """Between `ngày` and `tháng`, `tháng` and `năm`, on the right."""
    for word in header:
        if not _NGAY.match(_unmarked(word.text)) or word.box.left < 0.35 * width:
            continue
        line = [word, *_right_of(word, header)]
        thang = next((n for n, other in enumerate(line) if "thang" in _bare(other.text)), None)
        if thang is None:
            continue
        yield _between(Cell.DAY, line[: thang + 1], "nga", "thang", unit)
        nam = next((n for n, other in enumerate(line[thang:], thang) if "nam" in _bare(other.text)), None)
        if nam is not None:
            yield _between(Cell.MONTH, line[thang : nam + 1], "thang", "nam", unit)
        return


def _between(cell: Cell, words: Sequence[Read], opening: str, closing: str, unit: float) -> _Gap:
    first, last = words[0], words[-1]
    start, end = _bare(first.text).find(opening), _bare(last.text).rfind(closing)
    said = " ".join(word.text for word in words)
    said = said[start + len(opening) : len(said) - len(last.text) + end].removeprefix("y")
    between = words[1:-1] if _bare(first.text) in ("ngay", "thang") and end == 0 else words
    return _Gap(
        cell, _along(first, start) + 0.8 * unit, _along(last, end) + 1.2 * unit, min(first.box.bottom, last.box.bottom) - _DESCENDER * unit,
        said.strip(" .,"), min((word.confidence for word in between), default=0.0),
    )  # fmt: skip


def _right_of(word: Read, header: Sequence[Read]) -> list[Read]:
    beside = [other for other in header if other is not word and other.box.left > word.box.left and other.box.is_level_with(word.box)]
    return sorted(beside, key=lambda other: other.box.left)


def _along(word: Read, index: int) -> float:
    """Where a letter of the word stands, if all are as wide."""
    return word.box.left + (word.box.right - word.box.left) * index / len(word.text)


def _unmarked(text: str) -> str:
    """The letters without marks; as long as `text`."""
    return "".join(unicodedata.normalize("NFD", letter)[0] for letter in text)


def _bare(text: str) -> str:
    return _unmarked(text).lower()
