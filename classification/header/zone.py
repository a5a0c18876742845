"""The header zone: the lines above the body, letterhead columns told apart even where they share a line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from classification.document import cells
from classification.header.stamps import copy_of, is_noise, is_rule
from classification.text import skeleton

__all__ = ["Zone", "header_zone", "starts_body"]

MAX_LINES = 45
_BODY = re.compile(
    r"\W{0,4}(?:can cu\b|kinh gui|kinh thua|dieu \d|article \d|chuong [ivx\d]|phan thu|pursuant to|theo de nghi|thuc hien\b|xet de nghi|"
    r"xet bao cao|tren co so|trong thoi gian|thoi gian qua|de tang cuong|de trien khai|noi nhan|i\. |i- |1\. |1- |muc \d|"
    r"tiep theo|ngay \d{1,2}/|sau khi|hom nay|toi ten|toi la|ho va ten|ho ten|chung toi|at the proposal)"
)
_MOTTO = re.compile(r"\bcong ?h[o0]\w? ?xa ?h[o0]\w ?chu ?n?gh?\w{1,3} ?vi\w{1,2}t? ?nam|\bcong hoa (?:xa hoi )?[\w ]{0,12}(?:…|\.\.\.)")
_SLOGAN = re.compile(r"\bd[o0]c ?lap ?[-.~_ ]{1,3} ?tu ?d[o0] ?[-.~_ ]{1,3} ?h?anh ?phu?c?")
_NO = re.compile(r"\W{0,3}S\w[:.;]{0,2}")
_STAMPED = re.compile(r"\d{4}-\d\d-\d\d")
_PARTY = re.compile(r"\b[dbo]ang ?c[o0]ng ?san ?vi\w{1,2}t? ?nam")


@dataclass(frozen=True, slots=True)
class Zone:
    """Cells above the body in reading order, each with the number of its line and its raw form; what the right column said is taken out."""

    rows: tuple[tuple[int, tuple[str, ...]], ...]
    has_motto: bool
    has_party_line: bool
    end: int  # number of the first line of the body


def starts_body(line: str) -> bool:
    """Whether a line begins the body: addressee, legal ground, first article, or the usual opening words."""
    return _BODY.match(skeleton(line[:60])) is not None


def header_zone(lines: Sequence[str]) -> Zone:
    """The header zone of a first page's raw lines: at most 45 lines, without stamps of arrival and signature and what a copy adds."""
    rows, seen, end = [], 0, len(lines)
    motto = party = False
    copied_from: int | None = None
    for n, line in enumerate(lines):
        if not (parts := cells(line[:1500])):
            continue
        parts = _number_joined(parts)
        seen += 1
        if seen > MAX_LINES or (starts_body(parts[0]) and seen > 1):
            end = n
            break
        if copy_of(parts[0]):
            copied_from = n
        copied = copied_from is not None and n - copied_from < 4
        if copied and (_STAMPED.match(parts[0]) or any(_MOTTO.search(skeleton(part)) or _PARTY.search(skeleton(part)) for part in parts)):
            copied, copied_from = False, None
        kept = []
        for part in parts:
            if is_noise(part) or (copied and not copy_of(part)):
                continue
            rest, is_motto, is_party = _without_letterhead(part)
            motto, party = motto or is_motto, party or is_party
            if rest:
                kept.append(rest)
        rows.append((n, tuple(kept)))
    return Zone(tuple(rows), motto, party, end)


def _number_joined(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The parts of a line, `Số:` and `/UBND-KTTH` as one: written large between them, a number that was not read leaves a gap like a column's."""
    at = next((n for n, part in enumerate(parts[:-1]) if _NO.fullmatch(part) and parts[n + 1].startswith(("/", "-"))), None)
    return parts if at is None else (*parts[:at], f"{parts[at]} {parts[at + 1]}", *parts[at + 2 :])


def _without_letterhead(cell: str) -> tuple[str, bool, bool]:
    """The cell without motto and Party line, and whether each was there, in capitals as they are printed."""
    motto = party = False
    for pattern in (_MOTTO, _SLOGAN, _PARTY):
        found = pattern.search(skeleton(cell[:300]))
        if found is None or (pattern is not _SLOGAN and not _capitals(found[0], cell[found.start() : found.end()])):
            continue
        motto, party = motto or pattern is not _PARTY, party or pattern is _PARTY
        cell = (cell[: found.start()] + " " + cell[found.end() :]).strip(" -–_*")
    return ("" if (motto or party) and is_rule(cell) else cell), motto, party


def _capitals(bare: str, printed: str) -> bool:
    return sum(map(str.isupper, printed)) * 10 >= sum(map(str.isalpha, bare)) * 7
