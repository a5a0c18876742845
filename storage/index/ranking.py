"""Tier and BM25: the order of hits, from counts of terms and statistics, the same for every engine that lets us count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, Protocol

from storage.index.frozen import frozen_idf, idf
from storage.index.query import Query

__all__ = ["FROZEN", "Counted", "Lengths", "Occurrence", "Statistics", "Tier", "combined", "scores"]

K1 = 1.2
B = 0.75
SUBJECT_WEIGHT = 1.0
TEXT_WEIGHT = 1.0


class Tier(IntEnum):
    """What comes before all scores, and depends on the record and the query alone."""

    CODE = 0  # the query names its reference code, or the beginning of it
    SUBJECT = 1  # every word stands in the subject, as typed
    AS_TYPED = 2  # every word that was typed with marks occurs with these marks
    REST = 3


class Lengths(NamedTuple):
    """Syllables of subject and text: of one record, or on average."""

    subject: float
    text: float


class Occurrence(NamedTuple):
    """How often a term occurs in a record's subject and text."""

    subject: int = 0
    text: int = 0


class Statistics(Protocol):
    """What BM25 needs to know beyond the record."""

    @property
    def average(self) -> Lengths:
        """Average lengths."""

    def idf(self, term: str) -> float:
        """The weight of a term."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Statistics of open partitions, counted over all their records. subject, text: sums of lengths; containing: records by term."""

    records: int = 0
    subject: int = 0
    text: int = 0
    containing: Mapping[str, int] = field(default_factory=dict)

    @property
    def average(self) -> Lengths:
        """Average lengths; where there are no records, or no subjects, any length will do."""
        count = max(self.records, 1)
        return Lengths(max(self.subject / count, 1.0), max(self.text / count, 1.0))

    def idf(self, term: str) -> float:
        """The weight of a term by these records."""
        return idf(self.records, self.containing.get(term, 0))


class _Frozen:
    """Statistics of closed partitions: from public texts, so that no record, hidden or not, moves another one's score."""

    average = Lengths(subject=20.0, text=800.0)

    def idf(self, term: str) -> float:
        """The weight of a term by the frozen table."""
        return frozen_idf(term)


FROZEN: Statistics = _Frozen()


def combined(parts: Iterable[Counted]) -> Counted:
    """The statistics of several partitions taken as one."""
    records = subject = text = 0
    containing: dict[str, int] = {}
    for part in parts:
        records, subject, text = records + part.records, subject + part.subject, text + part.text
        for term, count in part.containing.items():
            containing[term] = containing.get(term, 0) + count
    return Counted(records, subject, text, containing)


def scores(query: Query, statistics: Statistics, lengths: Mapping[int, Lengths], found: Mapping[str, Mapping[int, Occurrence]]) -> dict[int, int]:
    """The score of each record in millionths, whole so that equal records tie on every machine.

    lengths: the records to score, by the engine's own number; found: by term, the records that hold it (others are passed over).
    Source: BM25 with k1 = 1.2 and b = 0.75 in each field, forms and fields added up; of several ways to say a thing the best counts.
    """
    average = statistics.average
    total = dict.fromkeys(lengths, 0.0)
    for group in query.groups:
        best: dict[int, float] = {}
        for way in group.ways:
            said: dict[int, float] = {}
            for one in way:
                weight = one.weight * statistics.idf(one.term)
                for record, times in found.get(one.term, {}).items():
                    if record in total:
                        said[record] = said.get(record, 0.0) + weight * _saturated(times, lengths[record], average)
            for record, score in said.items():
                if score > best.get(record, 0.0):
                    best[record] = score
        for record, score in best.items():
            total[record] += score
    return {record: round(score * 1e6) for record, score in total.items()}


def _saturated(times: Occurrence, length: Lengths, average: Lengths) -> float:
    score = 0.0
    if times.subject:
        score += SUBJECT_WEIGHT * _bm25(times.subject, length.subject / average.subject)
    if times.text:
        score += TEXT_WEIGHT * _bm25(times.text, length.text / average.text)
    return score


def _bm25(times: int, relative_length: float) -> float:
    return times * (K1 + 1) / (times + K1 * (1 - B + B * relative_length))
