"""What the index is given and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from classification.levels import Level
from storage.catalog.names import OfficeId
from storage.ids import RecordId

__all__ = ["Facet", "FacetField", "FacetValue", "Hit", "IndexEntry", "PartitionAnswer", "Snippet", "SortKey"]


class FacetField(StrEnum):
    """A field by which answers are counted and filtered. YEAR: of the document's date."""

    DOC_TYPE = "doc_type"
    ISSUER = "issuer"
    OFFICE = "office"
    LEVEL = "level"
    YEAR = "year"
    TAGS = "tags"


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One record as its partition's index holds it.

    doc_type: an identifier (`DIRECTIVE`). tokens: who needs to know it (`office:`, `case:`, `record:`); of no use in open partitions.
    """

    record_id: RecordId
    office: OfficeId
    level: Level
    ref_code: str | None = None
    doc_type: str | None = None
    issuer: str | None = None
    date: date | None = None
    subject: str = ""
    text: str = ""
    file_name: str = ""
    page_count: int | None = None
    tags: frozenset[str] = frozenset()
    tokens: frozenset[str] = frozenset()


class SortKey(NamedTuple):
    """Where a hit stands in an answer: a total order over all partitions, smaller is earlier.

    By rank: tier and negated score in millionths; by date: 0 and the negated ordinal of the day (0 where there is none).
    """

    major: int
    minor: int
    record_id: RecordId


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of the record's own words. matches: from and to, in characters of `text`, in order and apart."""

    text: str
    matches: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """One record found. key: for merging and paging only, never shown."""

    key: SortKey
    office: OfficeId
    level: Level
    ref_code: str | None
    doc_type: str | None
    issuer: str | None
    date: date | None
    subject: str
    page_count: int | None
    snippets: tuple[Snippet, ...] = ()

    @property
    def record_id(self) -> RecordId:
        """The record's id."""
        return self.key.record_id


@dataclass(frozen=True, slots=True)
class FacetValue:
    """How many of all readable records that match have this value; never 0."""

    value: str
    count: int


Facet = tuple[FacetValue, ...]
"""The values of one field: by count, the largest first, then by value."""


@dataclass(frozen=True, slots=True)
class PartitionAnswer:
    """What one partition, or several merged, found. total and facets: over everything that matches; hits: one page of it, in order.

    more: whether hits follow after this page.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: dict[FacetField, Facet]
    more: bool
