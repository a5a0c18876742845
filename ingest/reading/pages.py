"""What reading gives: pages of words with their places, and the lines that a person would see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from ingest.reasons import Reason

__all__ = ["Box", "Cell", "Guess", "Inspection", "Kind", "PageText", "Reread", "Source", "Word", "page_lines"]

_WIDE_GAP: Final = 2.0
"""Gap between two words, in heights of the line, from which on they stand in different columns. A space is about 0.3."""
_LEVEL: Final = 0.5
_ROWS_LOOKED_AT: Final = 8
_COLUMN_BREAK: Final = "   "


class Kind(StrEnum):
    """The types that are read, as media types."""

    PDF = "application/pdf"
    TIFF = "image/tiff"
    JPEG = "image/jpeg"
    PNG = "image/png"
    TEXT = "text/plain"


class Source(StrEnum):
    """Where a page's text is from: the document itself, a reading of its picture, or nowhere, as it could not be read.

    A page that was looked at and has no words is OCR or TEXT, with an empty text.
    """

    TEXT = "text"
    OCR = "ocr"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Box:
    """A place on the page as it is shown upright: origin at the top left, x to the right, y down. Unit: `PageText.width`'s."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """From top to bottom; never quite zero."""
        return max(self.bottom - self.top, 1e-6)

    def is_level_with(self, other: Box) -> bool:
        """Whether the two stand on one line: half of the lower one is beside the other."""
        return min(self.bottom, other.bottom) - max(self.top, other.top) > _LEVEL * min(self.height, other.height)

    def scaled(self, factor: float) -> Box:
        """The same place where a unit is 1/factor of this one's."""
        return Box(self.left * factor, self.top * factor, self.right * factor, self.bottom * factor)


@dataclass(frozen=True, slots=True)
class Word:
    """A word, NFC. confidence: 0 to 1 where it was read from a picture, 1 where the document itself says it.

    first: whether it begins a line, as the text layer or Tesseract divides lines.
    stamped: whether it is from an annotation laid over the page (a signature stamp, the number and day that a registry sets).
    """

    text: str
    box: Box
    confidence: float
    first: bool
    stamped: bool = False


class Cell(StrEnum):
    """What in a header is often written by hand."""

    NUMBER = "number"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Guess:
    """Digits that may stand somewhere, none as an empty string, and how probable that is, 0 to 1."""

    digits: str
    probability: float


@dataclass(frozen=True, slots=True)
class Reread:
    """A place of the header that was read a second time, for digits alone: what may stand there, most probable first. box: as a word's."""

    cell: Cell
    box: Box
    guesses: tuple[Guess, ...]


@dataclass(frozen=True, slots=True)
class PageText:
    """One page. number: from 1.

    text: in reading order, a line a line. words: the same with their places; none for plain text.
    confidence: mean over the characters read from the picture, 0 to 1; None if there are none.
    width, height: points (1/72 inch) for a page of a PDF, pixels for an image, both upright; 0 for plain text.
    reason: why the page could not be read; if and only if source is NONE.
    rereads: of a first page that was read from its picture, what of its number and date the first reading was not sure of.
    """

    number: int
    text: str
    words: tuple[Word, ...]
    source: Source
    confidence: float | None
    width: float
    height: float
    reason: Reason | None = None
    rereads: tuple[Reread, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a document is, found before it is read.

    kind: None for a type that is not read. media_type: as libmagic names it.
    page_count: 0 when the document cannot be opened. reason: why it is not taken as it is, or None.
    warnings: REPAIRED, TYPE_MISMATCH. active: names of what would act by itself, as the PDF spells them (`JavaScript`, `Launch`...).
    access: the derived copy to read and to show; None when the original serves.
    pages: of a short plain text, all of them, read by the child that inspected it; none of anything else.
    """

    kind: Kind | None
    media_type: str
    page_count: int
    reason: Reason | None
    warnings: tuple[Reason, ...]
    active: tuple[str, ...]
    access: bytes | None
    pages: tuple[PageText, ...] = ()


def page_lines(words: Iterable[Word]) -> list[str]:
    """The lines as seen on the paper, top to bottom: words that share a baseline stand on one line, columns apart by three spaces.

    A letterhead's two columns come out beside each other, the issuer left and the motto right, whatever order they were read in.
    Lines of nothing but stamped words come last: a stamp often lies above the letterhead, and is not the document's own.
    """
    rows = _rows(sorted(words, key=lambda word: word.box.top + word.box.bottom))
    return [_line(row) for row in sorted(rows, key=lambda row: all(word.stamped for word in row))]


def _rows(words: Sequence[Word]) -> list[list[Word]]:
    """A word joins the row in which its next neighbour stands level with it; of several the one where that is nearest."""
    rows: list[list[Word]] = []
    for word in words:
        nearest = min(
            ((_gap(neighbour, word), row) for row in rows[-_ROWS_LOOKED_AT:] if (neighbour := _neighbour(row, word)).box.is_level_with(word.box)),
            key=lambda found: found[0],
            default=None,
        )
        if nearest is None:
            rows.append([word])
        else:
            nearest[1].append(word)
    return rows


def _neighbour(row: Sequence[Word], word: Word) -> Word:
    return min(row, key=lambda other: _gap(other, word))


def _gap(one: Word, other: Word) -> float:
    return max(one.box.left - other.box.right, other.box.left - one.box.right)


def _line(row: Sequence[Word]) -> str:
    ordered = sorted(row, key=lambda word: word.box.left)
    heights = sorted(word.box.height for word in ordered)
    wide = _WIDE_GAP * heights[len(heights) // 2]
    line = ordered[0].text
    for before, word in pairwise(ordered):
        line += (_COLUMN_BREAK if word.box.left - before.box.right > wide else " ") + word.text
    return line
