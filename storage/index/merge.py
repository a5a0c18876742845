"""One answer over several partitions: statistics added up first, hits merged after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import merge as merge_sorted

from storage.index.entry import Facet, FacetField, FacetValue, PartitionAnswer, SortKey
from storage.index.question import Question, Source
from storage.index.ranking import combined
from storage.index.relaxing import combined_partial, relaxed_floor

__all__ = ["Answer", "ask", "counted", "merge"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is found in all partitions asked. next: the last hit's place where more follow. relaxed: no record had all words."""

    found: PartitionAnswer
    relaxed: bool
    next: SortKey | None


def ask(question: Question, sources: Sequence[Source]) -> Answer:
    """Ask all sources, whose records must be different ones, and make one answer of theirs.

    Only where not one of them has a record with all words are they asked again, for those with most of the words' weight (`relaxed_floor`).
    """
    statistics = combined(source.statistics(question) for source in sources)
    found = merge(question, [source.answer(question, statistics, None) for source in sources])
    relaxed = False
    if not found.total and question.can_relax:
        floor = relaxed_floor(question.query, combined_partial(source.partial(question) for source in sources))
        if floor is not None:
            found = merge(question, [source.answer(question, statistics, floor) for source in sources])
            relaxed = found.total > 0
    return Answer(found, relaxed, found.hits[-1].key if found.more and found.hits else None)


def merge(question: Question, answers: Iterable[PartitionAnswer]) -> PartitionAnswer:
    """Several answers to one question as one: hits in order, totals and facets added up."""
    answers = list(answers)
    hits = tuple(merge_sorted(*(answer.hits for answer in answers), key=lambda hit: hit.key))
    return PartitionAnswer(
        total=sum(answer.total for answer in answers),
        hits=hits[: question.limit],
        facets={field: _added(field, answers) for field in question.facets},
        more=len(hits) > question.limit or any(answer.more for answer in answers),
    )


def counted(counts: Counter[str]) -> Facet:
    """Counts in the order of a facet."""
    return tuple(FacetValue(value, count) for value, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _added(field: FacetField, answers: list[PartitionAnswer]) -> Facet:
    counts = Counter[str]()
    for answer in answers:
        counts.update({one.value: one.count for one in answer.facets.get(field, ())})
    return counted(counts)
