"""Pieces of a record's own words around what was found, cut after policy has let the record through."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from classification.text import skeleton
from storage.index.analysis import analyse
from storage.index.entry import Snippet
from storage.index.needs import Need, Run
from storage.index.query import Query

__all__ = ["SNIPPETS", "SNIPPET_LENGTH", "snippets"]

SNIPPETS = 3
SNIPPET_LENGTH = 160
_MAX_MATCHES = 400
_BEFORE = 40


class _Match(NamedTuple):
    start: int
    end: int
    run: int


def snippets(query: Query, text: str) -> tuple[Snippet, ...]:
    """At most three pieces of about 160 characters, in the order of the text, marks and case as they are.

    text: cleaned. A word typed with marks is shown where it stands with these marks; only where it never does, without regard to marks.
    """
    runs = list(dict.fromkeys(run for group in query.groups for run in _runs(group.as_written)))
    found = _matches(text, runs)
    missing = [Run(_folded(run), exact=False) for number, run in enumerate(runs) if run.exact and all(match.run != number for match in found)]
    if missing:
        more = [match._replace(run=match.run + len(runs)) for match in _matches(text, missing)]
        found = sorted(found + more)
    return tuple(_cut(text, window) for window in _windows(_apart(found)))


def _runs(need: Need) -> Iterator[Run]:
    if isinstance(need, Run):
        yield need
    else:
        for part in need.parts:
            yield from _runs(part)


def _folded(run: Run) -> tuple[str, ...]:
    return tuple(token.folded for token in analyse(" ".join(run.tokens)))


def _matches(text: str, runs: Sequence[Run]) -> list[_Match]:
    """Where the runs stand, in order. Sought without marks first, since that goes through a whole book in no time."""
    bare = skeleton(text)
    found = []
    for number, run in enumerate(runs):
        pattern = r"[\W_]+".join(rf"0*{re.escape(token)}" if token.isdecimal() else re.escape(token) for token in _folded(run))
        seen = re.finditer(rf"(?<![^\W_]){pattern}(?![^\W_])", bare)
        spelled = (match.span() for match in seen if not run.exact or _exact(text[slice(*match.span())]) == run.tokens)
        found += [_Match(start, end, number) for start, end in islice(spelled, _MAX_MATCHES)]
    return sorted(found)


def _exact(text: str) -> tuple[str, ...]:
    return tuple(token.exact for token in analyse(text))


def _apart(found: list[_Match]) -> list[_Match]:
    """Without matches that lie within others."""
    kept: list[_Match] = []
    for match in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or match.start >= kept[-1].end:
            kept.append(match)
    return kept


def _windows(found: list[_Match]) -> list[list[_Match]]:
    """The best groups of neighbouring matches that fit a snippet: first those that show the most different words."""
    windows = []
    for position, first in enumerate(found):
        near = [match for match in found[position : position + SNIPPET_LENGTH // 2] if match.end <= first.start + SNIPPET_LENGTH - _BEFORE]
        windows.append(near or [first])
    windows.sort(key=lambda near: (-len({match.run for match in near}), -len(near), near[0].start))
    chosen: list[list[_Match]] = []
    for window in windows:
        if len(chosen) < SNIPPETS and all(abs(window[0].start - other[0].start) > SNIPPET_LENGTH for other in chosen):
            chosen.append(window)
    return sorted(chosen)


def _cut(text: str, window: list[_Match]) -> Snippet:
    start = max(0, window[0].start - _BEFORE)
    end = min(len(text), max(start + SNIPPET_LENGTH, window[-1].end))
    while 0 < start < window[0].start and not text[start - 1].isspace():
        start += 1
    while window[-1].end < end < len(text) and not text[end].isspace():
        end -= 1
    piece = re.sub(r"\s", " ", text[start:end])
    return Snippet(piece, tuple((match.start - start, match.end - start) for match in window))
