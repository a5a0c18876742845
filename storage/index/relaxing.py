"""What is given where no record has all words of a query: the rule, by frozen weights, so that it is one rule in every partition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from storage.index.query import Query

__all__ = ["Partial", "combined_partial", "relaxed_floor"]


@dataclass(frozen=True, slots=True)
class Partial:
    """What the readable records hold of the words that may be left out.

    present: places in `Query.groups` of those that some record holds; best: the greatest weight of such words that one record holds.
    """

    present: frozenset[int] = frozenset()
    best: float = 0.0


def combined_partial(parts: Iterable[Partial]) -> Partial:
    """What several sources hold, taken as one."""
    parts = tuple(parts)
    return Partial(frozenset[int]().union(*(part.present for part in parts)), max((part.best for part in parts), default=0.0))


def relaxed_floor(query: Query, partial: Partial) -> float | None:
    """The weight of words that a record must exceed to be given all the same, or None where nothing is given.

    Words that occur in no readable record must carry less than half of the query's weight: a query that is mostly about what is not there
    finds nothing. Of the others, a record holds most of what can be had if it holds more than half of what the best record holds.
    """
    weights = {number: group.weight for number, group in enumerate(query.groups) if group.weight is not None}
    absent = sum(weight for number, weight in weights.items() if number not in partial.present)
    return None if absent * 2 >= sum(weights.values()) else partial.best / 2
