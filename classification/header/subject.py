"""Type line and subject line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from classification.document import cells
from classification.header.doctype import DocType, Petition, by_name, english_type, leading_type
from classification.header.model import Urgency
from classification.header.stamps import draft_of, handling_of, is_rule, urgency_of
from classification.header.zone import starts_body
from classification.text import fold, skeleton

__all__ = ["is_heading", "is_stamp", "letter_subject", "petition_in", "petition_passed_on", "subject_after", "type_line", "without_opening"]

_OPENING = re.compile(r"\W{0,3}(?:ve ?viec|v ?[/il|] ?[vy]|viv|ve)\b[\s:.,]{0,4}")
_LETTER = re.compile(r"\W{0,3}(?:ve ?viec|v ?[/il|] ?[vy]\b|viv\b)")
_MAX_SUBJECT = 12  # lines
_PETITIONS = (
    (re.compile(r"\bto (?:cao|giac)\b"), Petition.DENUNCIATION),
    (re.compile(r"\bkhieu nai\b"), Petition.COMPLAINT),
    (re.compile(r"\b(?:kien nghi|phan anh)\b"), Petition.RECOMMENDATION_GRIEVANCE),
)
_HEADED = re.compile(r"\W{0,3}(?:don\b|thu to|thu khieu)")
_MAY_PASS_ON = frozenset({DocType.TRANSFER_SLIP, DocType.LETTER, DocType.DISPATCH_SLIP, DocType.NOTIFICATION_SLIP})
_PASSES_ON = re.compile(r"\bdon (?:thu\b|to cao|khieu nai|(?:kien nghi|phan anh|de nghi)?,? ?(?:kien nghi|phan anh)? ?cua\b)")


def type_line(cell: str) -> tuple[DocType, str] | None:
    """The type that this cell prints in capitals, and what of the subject follows on the same line."""
    if kind := english_type(cell):
        return kind, ""
    if not is_heading(cell):
        return None
    if kind := by_name(cell):
        return kind, ""
    found = leading_type(cell)
    if found is None:
        return None
    kind, length = found
    rest = " ".join(cell.split()[length:])
    return (kind, rest) if kind is not DocType.PETITION or petition_in(cell) else None


def is_heading(cell: str) -> bool:
    """Whether the cell is printed in capitals, four letters of five at least."""
    letters = [char for char in cell[:200] if char.isalpha()]
    return len(letters) > 2 and sum(map(str.isupper, letters)) * 10 >= len(letters) * 8


def petition_in(heading: str) -> Petition | None:
    """What a paper headed so asks for (`ĐƠN TỐ CÁO`); None if it is not a citizen's paper."""
    bare = fold(heading[:200])
    if not _HEADED.match(bare):
        return None
    return next((kind for pattern, kind in _PETITIONS if pattern.search(bare)), Petition.OTHER)


def petition_passed_on(doc_type: DocType | None, subject: str | None) -> Petition | None:
    """What petition a slip or letter passes on, by its subject (`đơn của công dân`)."""
    bare = fold(subject or "")
    if doc_type not in _MAY_PASS_ON or not _PASSES_ON.search(bare):
        return None
    return next((kind for pattern, kind in _PETITIONS if pattern.search(bare)), Petition.OTHER)


def subject_after(lines: Sequence[str], start: int, first: str) -> str | None:
    """The subject from the lines after a type line: up to a blank line, a rule or the body; `first`: what stood on the type line itself.

    Where none of these comes within twelve lines, only lines that plainly go on (small first letter) belong to it.
    """
    kept, closed = ([first] if first else []), False
    for line in lines[start : start + _MAX_SUBJECT]:
        parts = cells(line[:3000])
        if not parts or is_rule(parts[0]) or starts_body(parts[0]):
            if not parts and not kept:
                continue
            closed = True
            break
        if not is_stamp(parts[0]):
            kept.append(" ".join(parts))
    if not closed and len(lines) > start + _MAX_SUBJECT:
        going_on = next((n for n, line in enumerate(kept[1:], 1) if not line[:1].islower()), len(kept))
        kept = kept[:going_on]
    return _tidy(kept)


def letter_subject(lines: Sequence[tuple[int, str]]) -> str | None:
    """The subject of a letter: `V/v …` or `về việc …` and the short lines under it, in the left column."""
    start = next((n for n, (_, cell) in enumerate(lines) if _LETTER.match(skeleton(cell[:20]))), None)
    if start is None:
        return None
    kept = [lines[start][1]]
    for (above, _), (here, cell) in zip(lines[start:], lines[start + 1 :], strict=False):
        if here > above + 1 or is_rule(cell) or starts_body(cell) or is_stamp(cell):
            break
        kept.append(cell)
    return _tidy(kept[:_MAX_SUBJECT])


def is_stamp(cell: str) -> bool:
    """Whether the cell is a stamp of urgency, circulation or draft."""
    return urgency_of(cell) is not Urgency.NONE or handling_of(cell) is not None or draft_of(cell) is not None


def _tidy(parts: Sequence[str]) -> str | None:
    joined = re.sub(r"\s+", " ", " ".join(parts)).strip(" _*-–,")
    return re.sub(r"(?:\./\.|[.;,])$", "", joined[:2000]).strip() or None


def without_opening(subject: str | None) -> str | None:
    """The subject without `về việc`, `V/v`, `về`."""
    if subject is None:
        return None
    opening = _OPENING.match(skeleton(subject))
    return (subject[opening.end() :] if opening else subject) or None
