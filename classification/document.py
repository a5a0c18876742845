"""What classification reads: pages of lines, and how they came to be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from classification.text import normalise

__all__ = ["Box", "Cell", "Guess", "Line", "Page", "Profile", "Reread", "Source", "Text", "cells"]

Box = tuple[float, float, float, float]  # left, top, right, bottom in points of the page


class Source(StrEnum):
    """How a page was read; NONE: it was not, and nothing is known of it."""

    TEXT = "text"
    OCR = "ocr"
    NONE = "none"


class Profile(StrEnum):
    """What may be asked of the document: a PAGE document shows a letterhead, bare TEXT need not."""

    PAGE = "page"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Line:
    """One line as read; columns of the letterhead may share it, parted by runs of spaces, tabs, `|` or `‖`."""

    text: str
    box: Box | None = None


class Cell(StrEnum):
    """What in a header is often written by hand."""

    NUMBER = "number"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Guess:
    """Digits that may stand in a cell, none as an empty string, and how probable a reader of handwriting found that, 0 to 1."""

    digits: str
    probability: float


@dataclass(frozen=True, slots=True)
class Reread:
    """A cell of the header whose digits the lines do not give with confidence, read a second time; guesses most probable first."""

    cell: Cell
    guesses: tuple[Guess, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One page, numbered from 1. rereads: of its header."""

    number: int
    lines: tuple[Line, ...]
    source: Source = Source.TEXT
    rereads: tuple[Reread, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A whole document. file_name: as it came, empty where it has none; the weakest of witnesses."""

    pages: tuple[Page, ...]
    profile: Profile = Profile.PAGE
    file_name: str = ""

    @staticmethod
    def plain(text: str, profile: Profile = Profile.TEXT) -> Text:
        """The document of a plain text; a form feed begins a new page."""
        pages = text.split("\f")
        return Text(tuple(Page(n, tuple(map(Line, page.splitlines()))) for n, page in enumerate(pages, 1)), profile)


_STROKE = re.compile(r"(?<=\S)[|¦](?=\S)")  # inside a word it is a letter or a digit misread, no rule
_FRAME = dict.fromkeys((*map(ord, "|¦\t"), *range(0x2500, 0x25A0)), " ‖ ")


def cells(line: str) -> tuple[str, ...]:
    """The parts of a line that stand apart (three spaces or more, a tab, a rule of a frame), normalised, empty ones left out."""
    if not line.strip():
        return ()
    parts = normalise(_STROKE.sub("l", line).translate(_FRAME)).replace("   ", "‖").split("‖")
    return tuple(part for part in (raw.strip() for raw in parts) if part)
