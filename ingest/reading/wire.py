"""Pages and findings as they travel out of the walls; what comes back is a stranger's word, and is checked to the last value."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Final, TypeVar

from ingest.reading.pages import Box, Cell, Guess, Inspection, Kind, PageText, Reread, Source, Word
from ingest.reading.text import assemble
from ingest.reasons import WARNINGS, Reason
from ingest.sandbox.frames import Broken, Json
from ingest.sandbox.limits import Limits

__all__ = ["RGB", "failure", "failure_of", "inspection_header", "inspection_of", "page_header", "page_of", "size_of"]

RGB: Final = 3
"""Bytes of a pixel."""

_FAILED: Final = "failed"
_SIDE_MOST: Final = 1e6
_WORD_MOST: Final = 10_000
_MEDIA_TYPE: Final = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)
_ACTIVE: Final = re.compile(r"[A-Za-z0-9]{1,20}")
_ACTIVE_MOST: Final = 40
_CONTROLS: Final = re.compile("[\u0000-\u0008\u000b-\u001f]")
_WORD_VALUES: Final = 7
_REREAD_VALUES: Final = 6

_DIGITS: Final = re.compile(r"\d{0,6}", re.ASCII)
_GUESSES_MOST: Final = 8

_E = TypeVar("_E", Kind, Source, Cell)


def failure(reason: Reason) -> dict[str, Json]:
    """The header that ends a step in vain."""
    return {_FAILED: reason.name}


def failure_of(header: dict[str, Json]) -> Reason | None:
    """The reason of a `failure`, None for any other header. Raises Broken."""
    return _reason(header[_FAILED]) if _FAILED in header else None


def page_header(page: PageText) -> dict[str, Json]:
    """A page. Text and confidence follow from the words, and are not sent where there are words."""
    words: list[Json] = [
        [w.text, *_sides(w.box), round(w.confidence, 4), w.first + 2 * w.stamped]
        for w in page.words
    ]
    return {
        "page": page.number,
        "text": "" if words else page.text,
        "words": words,
        "source": page.source.value,
        "width": page.width,
        "height": page.height,
        "reason": page.reason.name if page.reason else None,
        "rereads": [
            [again.cell.value, *_sides(again.box), [[guess.digits, round(guess.probability, 4)] for guess in again.guesses]] for again in page.rereads
        ],
    }


def page_of(header: dict[str, Json], number: int, limits: Limits) -> PageText:
    """The page `number` that a header must be. Raises Broken for anything else."""
    words = _list(header.get("words"), limits.words)
    text = _text(header.get("text"), limits.text)
    source = _member(Source, header.get("source"))
    width, height = _number(header.get("width"), 0, _SIDE_MOST), _number(header.get("height"), 0, _SIDE_MOST)
    reason = _reason(header["reason"]) if header.get("reason") is not None else None
    if header.get("page") != number or (words and text) or (reason and (words or text)) or (reason is None) == (source is Source.NONE):
        raise Broken("page")
    if words:
        page = assemble(number, [_word(word) for word in words], source, width, height)
        if len(page.text) > limits.text:
            raise Broken("text")
        return replace(page, rereads=tuple(_reread(again) for again in _list(header.get("rereads"), len(Cell))))
    return PageText(number, text, (), source, None, width, height, reason)


def inspection_header(found: Inspection) -> dict[str, Json]:
    """What was found; the access copy travels in bodies before it, and pages in headers of their own."""
    return {
        "kind": found.kind.value if found.kind else None,
        "media_type": found.media_type,
        "page_count": found.page_count,
        "reason": found.reason.name if found.reason else None,
        "warnings": [warning.name for warning in found.warnings],
        "active": list(found.active),
        "has_access": found.access is not None,
    }


def inspection_of(header: dict[str, Json], access: bytes, pages: tuple[PageText, ...], limits: Limits) -> Inspection:
    """The findings that a header must be, with the copy or the pages that came before it. Raises Broken for anything else."""
    kind = _member(Kind, header["kind"]) if header.get("kind") is not None else None
    media_type, page_count = header.get("media_type"), header.get("page_count")
    reason = _reason(header["reason"]) if header.get("reason") is not None else None
    warnings = tuple(_reason(name) for name in _list(header.get("warnings"), len(WARNINGS)))
    active = tuple(name for name in _list(header.get("active"), _ACTIVE_MOST) if isinstance(name, str) and _ACTIVE.fullmatch(name))
    if not isinstance(media_type, str) or not _MEDIA_TYPE.fullmatch(media_type) or not WARNINGS.issuperset(warnings):
        raise Broken("findings")
    if not isinstance(page_count, int) or not 0 <= page_count <= limits.pages:
        raise Broken("page count")
    if reason is None and bool(access) != header.get("has_access"):
        raise Broken("access copy")
    if pages and (kind is not Kind.TEXT or reason is not None or len(pages) != page_count):
        raise Broken("pages")
    return Inspection(kind, media_type, page_count, reason, warnings, active, access if access and reason is None else None, pages)


def size_of(header: dict[str, Json], taken: int, limits: Limits) -> tuple[int, int]:
    """Width and height of a picture, of which so many bytes were taken. Raises Broken for a size that is not theirs, or none at all."""
    width, height = header.get("width"), header.get("height")
    if not isinstance(width, int) or not isinstance(height, int) or min(width, height) < 1:
        raise Broken("size")
    if width * height > limits.shown_pixels or RGB * width * height != taken:
        raise Broken("size")
    return width, height


def _word(values: Json) -> Word:
    if not isinstance(values, list) or len(values) != _WORD_VALUES:
        raise Broken("word")
    text = _text(values[0], _WORD_MOST)
    left, top, right, bottom = (_number(side, -_SIDE_MOST, _SIDE_MOST) for side in values[1:5])
    confidence, flags = _number(values[5], 0, 1), values[6]
    if not text or not isinstance(flags, int) or not 0 <= flags <= 3:
        raise Broken("word")
    return Word(text, Box(left, top, right, bottom), confidence, bool(flags & 1), bool(flags & 2))


def _sides(box: Box) -> list[Json]:
    return [round(side, 2) for side in (box.left, box.top, box.right, box.bottom)]


def _reread(values: Json) -> Reread:
    if not isinstance(values, list) or len(values) != _REREAD_VALUES:
        raise Broken("reread")
    box = Box(*(_number(side, -_SIDE_MOST, _SIDE_MOST) for side in values[1:5]))
    return Reread(_member(Cell, values[0]), box, tuple(_guess(guess) for guess in _list(values[5], _GUESSES_MOST)))


def _guess(values: Json) -> Guess:
    if not isinstance(values, list) or len(values) != 2 or not isinstance(values[0], str) or not _DIGITS.fullmatch(values[0]):
        raise Broken("guess")
    return Guess(values[0], _number(values[1], 0, 1))


def _text(value: Json, most: int) -> str:
    if not isinstance(value, str) or len(value) > most or _CONTROLS.search(value):
        raise Broken("text")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # half a surrogate pair: no text, and a trap for whoever writes it out
        raise Broken("text") from error
    return value


def _list(value: Json, most: int) -> list[Json]:
    if not isinstance(value, list) or len(value) > most:
        raise Broken("list")
    return value


def _number(value: Json, least: float, most: float) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value) or not least <= value <= most:
        raise Broken("number")
    return float(value)


def _reason(value: Json) -> Reason:
    if not isinstance(value, str) or value not in Reason.__members__:
        raise Broken("reason")
    return Reason[value]


def _member(kinds: type[_E], value: Json) -> _E:
    for member in kinds:
        if member.value == value:
            return member
    raise Broken("value")
