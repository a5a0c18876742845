"""The part `text`: what was read of a document, page by page, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import classification
from classification import Line, Page, Profile, Text
from classification import Source as ReadFrom
from ingest.reading.pages import Box, Cell, Guess, Kind, PageText, Reread, Source, Word, page_lines
from ingest.reasons import Reason

__all__ = ["Reading"]


@dataclass(frozen=True, slots=True)
class Reading:
    """kind: None for a document of a type that is not read; it has no pages. warnings: REPAIRED, TYPE_MISMATCH. active: as `Inspection` names it.

    complete: False for what an attempt had read when it was cut off; it counts as nothing until the rest is read.
    """

    kind: Kind | None
    pages: tuple[PageText, ...] = ()
    warnings: tuple[Reason, ...] = ()
    active: tuple[str, ...] = ()
    complete: bool = True

    @property
    def is_plain(self) -> bool:
        """Whether it is of a plain text, or of a type that is not read, so that reading it again costs nothing."""
        return self.kind in (None, Kind.TEXT)

    @property
    def plain(self) -> str:
        """The words of all pages, for the index."""
        return "\n\f".join(page.text for page in self.pages)

    def for_classification(self, file_name: str = "") -> Text:
        """The pages as classification reads them. A plain text need not show a letterhead. file_name: as the document came."""
        pages = tuple(
            Page(page.number, tuple(map(Line, _lines(page))), ReadFrom(page.source.value), tuple(map(_again, page.rereads))) for page in self.pages
        )
        return Text(pages, Profile.TEXT if self.kind is Kind.TEXT else Profile.PAGE, file_name)

    def content(self) -> bytes:
        """The part's content. A word is [text, left, top, right, bottom, confidence, begins a line, stamped].

        What was read again is [cell, left, top, right, bottom, guesses], a guess [digits, probability].
        """
        values = {
            "kind": None if self.kind is None else self.kind.value,
            "pages": [_page_values(page) for page in self.pages],
            "warnings": [warning.name for warning in self.warnings],
            "active": self.active,
            "complete": self.complete,
        }
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def parse(cls, content: bytes) -> Reading:
        """The inverse of `content`. Raises ValueError or KeyError for anything else."""
        values = json.loads(content)
        kind = None if values["kind"] is None else Kind(values["kind"])
        warnings = tuple(Reason[name] for name in values["warnings"])
        pages = tuple(_page(page, page.get("rereads", ())) for page in values["pages"])
        return cls(kind, pages, warnings, tuple(values["active"]), values["complete"])


_Again = tuple[str, float, float, float, float, list[tuple[str, float]]]


def _lines(page: PageText) -> Sequence[str]:
    return page_lines(page.words) if page.words else page.text.splitlines()


def _again(place: Reread) -> classification.Reread:
    guesses = tuple(classification.Guess(guess.digits, guess.probability) for guess in place.guesses)
    return classification.Reread(classification.Cell(place.cell.value), guesses)


def _page_values(page: PageText) -> dict[str, object]:
    values: dict[str, object] = {
        "number": page.number,
        "text": page.text,
        "source": page.source.value,
        "confidence": page.confidence,
        "width": page.width,
        "height": page.height,
    }
    if page.words:
        values["words"] = [
            [w.text, w.box.left, w.box.top, w.box.right, w.box.bottom, round(w.confidence, 4), w.first, w.stamped] for w in page.words
        ]
    if page.rereads:
        values["rereads"] = [
            [a.cell.value, a.box.left, a.box.top, a.box.right, a.box.bottom, [[guess.digits, round(guess.probability, 4)] for guess in a.guesses]]
            for a in page.rereads
        ]
    if page.reason is not None:
        values["reason"] = page.reason.name
    return values


def _page(
    values: dict[str, str | int | float | list[tuple[str, float, float, float, float, float, bool, bool]] | None], rereads: Sequence[_Again]
) -> PageText:
    words, confidence = values.get("words"), values["confidence"]
    return PageText(
        number=int(str(values["number"])),
        text=str(values["text"]),
        words=tuple(Word(text, Box(*box), sure, first, stamped) for text, *box, sure, first, stamped in words) if isinstance(words, list) else (),
        source=Source(str(values["source"])),
        confidence=confidence if isinstance(confidence, float) else None,
        width=float(str(values["width"])),
        height=float(str(values["height"])),
        reason=Reason[str(values["reason"])] if "reason" in values else None,
        rereads=tuple(
            Reread(Cell(cell), Box(*box), tuple(Guess(digits, probability) for digits, probability in guesses)) for cell, *box, guesses in rereads
        ),
    )
