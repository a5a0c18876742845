"""Words laid over a page, put where a reader sees them: the number that a registry stamps goes between "Số:" and "/UBND"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ingest.reading.pages import Box, Word

__all__ = ["lay_over"]


def lay_over(words: Sequence[Word], stamped: Sequence[Word]) -> list[Word]:
    """`words` in their order, each stamped word set into the line that has a free place for it; the rest follow as lines of their own."""
    lines = _lines(words)
    rest: list[Word] = []
    for word in stamped:
        line = next((line for line in lines if _has_place(line, word)), None)
        if line is None:
            rest.append(word)
        else:
            line.insert(sum(other.box.left < word.box.left for other in line), word)
    return [replace(word, first=index == 0) for line in lines for index, word in enumerate(line)] + rest


def _lines(words: Sequence[Word]) -> list[list[Word]]:
    lines: list[list[Word]] = []
    for word in words:
        if word.first or not lines:
            lines.append([])
        lines[-1].append(word)
    return lines


def _has_place(line: Sequence[Word], word: Word) -> bool:
    """Whether `word` stands at the line's height, between its ends, and on none of its words."""
    beside = [other for other in line if not other.stamped and other.box.is_level_with(word.box)]
    inside = min((other.box.left for other in beside), default=word.box.right) < word.box.left and any(
        other.box.right > word.box.right for other in beside
    )
    return inside and not any(_overlap(other.box, word.box) for other in line)


def _overlap(one: Box, other: Box) -> bool:
    return one.left < other.right - 1 and other.left < one.right - 1 and one.top < other.bottom and other.top < one.bottom
