"""A question to the index as a whole, and what a partition must be able to answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from storage.errors import InvalidInput
from storage.index.entry import FacetField, PartitionAnswer, SortKey
from storage.index.filters import Condition
from storage.index.query import Query
from storage.index.ranking import Counted
from storage.index.relaxing import Partial

__all__ = ["MAX_LIMIT", "Question", "Sort", "Source"]

MAX_LIMIT = 1000


class Sort(StrEnum):
    """The order of hits. DATE: newest first."""

    RANK = "rank"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. limit: hits a page; after: the last hit of the page before. Raises InvalidInput for a limit outside 0 to 1,000."""

    query: Query
    filters: tuple[Condition, ...] = ()
    sort: Sort = Sort.RANK
    limit: int = 20
    after: SortKey | None = None
    facets: tuple[FacetField, ...] = ()
    snippets: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.limit <= MAX_LIMIT:
            raise InvalidInput(what=f"A page has 0 to {MAX_LIMIT} hits / Mỗi trang có từ 0 đến {MAX_LIMIT} kết quả")

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All that must hold beside the words."""
        return (*self.query.conditions, *self.filters)

    @property
    def by_date(self) -> bool:
        """Whether hits go by date: when asked for, and when there is nothing to rank by."""
        return self.sort is Sort.DATE or self.query.is_empty

    @property
    def can_relax(self) -> bool:
        """Whether words may be left out where no record has them all: never those in quotes or of a field, nor what is excluded."""
        return any(group.weight is not None for group in self.query.groups)


class Source(Protocol):
    """One or several partitions, as one person may ask them: in this process, behind the keeper's socket, or on a server."""

    def statistics(self, question: Question) -> Counted:
        """What the open records here say about the query's terms; zeros from closed partitions."""

    def answer(self, question: Question, statistics: Counted, floor: float | None) -> PartitionAnswer:
        """What is found. statistics: of all open partitions asked; floor: a record that holds words of more weight is enough, None asks for all."""

    def partial(self, question: Question) -> Partial:
        """What is to be had of the words where no record holds them all."""
