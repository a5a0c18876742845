"""Asking the open partitions of several offices at once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypedDict, cast

from classification.levels import Level
from storage.catalog.names import OfficeId
from storage.ids import RecordId
from storage.index.elastic.cluster import Cluster, Query
from storage.index.elastic.documents import BODY, SHOWN, read_shown
from storage.index.elastic.names import Names
from storage.index.elastic.queries import carrying, demanded, exactly, key_of, matching, place_of, ranked
from storage.index.entry import Facet, FacetField, Hit, PartitionAnswer, Snippet, SortKey
from storage.index.merge import counted
from storage.index.question import Question
from storage.index.ranking import Counted
from storage.index.relaxing import Partial
from storage.index.snippets import snippets

__all__ = ["Counts", "ElasticSource", "FoundHit", "counting", "hit_of", "shows_text"]

_VALUES: Final = 10_000
"""Values of a facet that come with the hits; where there are more, all are read page by page."""

_TERMS_AT_A_TIME: Final = 50_000


class FoundHit(TypedDict):
    _source: dict[str, str]
    fields: dict[str, list[str]]
    sort: tuple[float, str]
    matched_queries: list[str]


class _Total(TypedDict):
    value: int


class Hits(TypedDict):
    total: _Total
    hits: list[FoundHit]


class _Bucket(TypedDict):
    key: str
    doc_count: int


class Counts(TypedDict):
    buckets: list[_Bucket]
    sum_other_doc_count: int


class _Found(TypedDict, total=False):
    hits: Hits
    aggregations: dict[str, Counts]


class _Place(TypedDict):
    buckets: dict[str, _Bucket]


class _Held(TypedDict):
    hits: Hits
    aggregations: dict[str, _Place]


class _Keyed(TypedDict):
    key: dict[str, str]
    doc_count: int


class _Page(TypedDict, total=False):
    buckets: list[_Keyed]
    after_key: dict[str, str]


class _Paged(TypedDict):
    aggregations: dict[str, _Page]


@dataclass(frozen=True, slots=True)
class ElasticSource:
    """The partitions of these offices, whose indexes there are, as one. hidden: the records of each that are to be in no answer."""

    cluster: Cluster
    names: Names
    hidden: dict[OfficeId, frozenset[RecordId]]

    def statistics(self, question: Question) -> Counted:
        """Nothing: the engine counts by itself, over these partitions alone."""
        return Counted()

    def answer(self, question: Question, statistics: Counted, floor: float | None) -> PartitionAnswer:
        """What is found here; the statistics of others are not used."""
        found = cast("_Found", self._search(self.request(question, floor), by_statistics=not question.by_date))
        hits = found["hits"]["hits"]
        matched = matching(question, self._hidden(), floor) if question.facets else {}
        facets = self._facets(question, found.get("aggregations", {}), matched)
        shown = tuple(hit_of(hit, _key(hit["sort"], question), question) for hit in hits[: question.limit])
        return PartitionAnswer(found["hits"]["total"]["value"], shown, facets, more=len(hits) > question.limit)

    def request(self, question: Question, floor: float | None = None) -> Query:
        """What the engine is asked for an answer. floor: as in `answer`."""
        hidden = self._hidden()
        order: list[Query] = [{"ordinal": "desc"} if question.by_date else {"_score": "desc"}, {"record_id": "asc"}]
        request: Query = {
            "query": (matching if question.by_date else ranked)(question, hidden, floor),
            "sort": order,
            "size": question.limit + 1,
            "track_total_hits": True,
            "stored_fields": [SHOWN],
            "_source": [BODY] if shows_text(question) else False,
            "aggs": counting(question.facets),
        }
        if question.after is not None:
            after = question.after
            request["search_after"] = [-after.minor, after.record_id] if question.by_date else place_of(after)
        return request

    def partial(self, question: Question) -> Partial:
        """What is to be had here: which words occur at all, and of how many the record with the most of their weight."""
        base = demanded(question, self._hidden())
        groups = {str(place): group for place, group in enumerate(question.query.groups) if group.weight is not None}
        request: Query = {
            "query": {"bool": {"filter": [base], "must": [carrying(question)]}},
            "sort": [{"_score": "desc"}, {"record_id": "asc"}],
            "size": 1,
            "_source": False,
            "aggs": {"held": {"filters": {"filters": {place: exactly(group.need) for place, group in groups.items()}}}},
        }
        found = cast("_Held", self._search(request, by_statistics=False))
        present = frozenset(int(place) for place, bucket in found["aggregations"]["held"]["buckets"].items() if bucket["doc_count"])
        best = [sum(group.weight or 0.0 for place, group in groups.items() if place in hit["matched_queries"]) for hit in found["hits"]["hits"]]
        return Partial(present, max(best, default=0.0))

    def _search(self, request: Query, *, by_statistics: bool) -> object:
        indexes = [self.names.answering(office) for office in sorted(self.hidden)]
        # the same copies answer the same partitions, or the order would change from page to page
        preference = hashlib.sha256(" ".join(indexes).encode()).hexdigest()
        return self.cluster.search(indexes, request, preference, by_statistics=by_statistics)

    def _hidden(self) -> list[Query]:
        return [query for office, records in self.hidden.items() for query in self._hidden_of(office, sorted(records))]

    def _hidden_of(self, office: OfficeId, records: list[RecordId]) -> Iterator[Query]:
        """In its own office's partition alone: a record that moved is found where it is now."""
        index: Query = {"prefix": {"_index": f"{self.names.answering(office)}@"}}
        for start in range(0, len(records), _TERMS_AT_A_TIME):
            yield {"bool": {"filter": [index, {"terms": {"record_id": records[start : start + _TERMS_AT_A_TIME]}}]}}

    def _facets(self, question: Question, counts: Mapping[str, Counts], matched: Query) -> dict[FacetField, Facet]:
        return {field: self._facet(field, counts[field.value], matched) for field in question.facets}

    def _facet(self, field: FacetField, counts: Counts, matched: Query) -> Facet:
        if not counts["sum_other_doc_count"]:
            return counted(Counter({bucket["key"]: bucket["doc_count"] for bucket in counts["buckets"]}))
        return counted(Counter(dict(self._all_values(field, matched))))

    def _all_values(self, field: FacetField, matched: Query) -> Iterator[tuple[str, int]]:
        values: Query = {"size": _VALUES, "sources": [{"value": {"terms": {"field": field.value}}}]}
        while True:
            request: Query = {"query": matched, "size": 0, "aggs": {"all": {"composite": values}}}
            found = cast("_Paged", self._search(request, by_statistics=False))["aggregations"]["all"]
            for bucket in found["buckets"]:
                yield bucket["key"]["value"], bucket["doc_count"]
            if "after_key" not in found:
                return
            values["after"] = found["after_key"]


def counting(facets: Sequence[FacetField]) -> Query:
    """The request for the values of these fields."""
    return {field.value: {"terms": {"field": field.value, "size": _VALUES}} for field in facets}


def shows_text(question: Question) -> bool:
    """Whether hits come with pieces of their text."""
    return question.snippets and bool(question.query.groups)


def hit_of(hit: FoundHit, key: SortKey, question: Question) -> Hit:
    """A hit that came with what is shown of it, and with its text where `shows_text`."""
    shown = read_shown(hit["fields"][SHOWN][0])
    cut: tuple[Snippet, ...] = ()
    if shows_text(question):
        cut = snippets(question.query, hit["_source"][BODY]) or snippets(question.query, shown["subject"])
    printed = None if shown["date"] is None else date.fromisoformat(shown["date"])
    return Hit(
        key, OfficeId(shown["office"]), Level[shown["level"]], shown["ref_code"], shown["doc_type"], shown["issuer"], printed,
        shown["subject"], shown["page_count"], cut,
    )  # fmt: skip


def _key(place: tuple[float, str], question: Question) -> SortKey:
    first, record = place[0], RecordId(place[1])
    return SortKey(0, -int(first), record) if question.by_date else key_of(first, record)
