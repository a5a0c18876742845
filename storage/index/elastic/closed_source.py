"""Asking closed partitions, as one person may: the engine finds and counts records, and ranks nothing.

Its scores would depend on records that she may not read. So it says of each record that is found how often each term occurs in it, and the
order is made of that here: by the formula and the frozen statistics of the embedded partitions, by the same code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypedDict, cast

from storage.catalog.names import OfficeId
from storage.ids import RecordId
from storage.index.elastic.cluster import Query
from storage.index.elastic.documents import BITS, BODY, COUNT, LENGTHS, NEED, SHOWN, counted_bit, occurrence
from storage.index.elastic.queries import matching, tiers
from storage.index.elastic.source import Counts, ElasticSource, FoundHit, counting, hit_of, shows_text
from storage.index.entry import Facet, FacetField, Hit, PartitionAnswer, SortKey
from storage.index.question import Question
from storage.index.ranking import FROZEN, Counted, Lengths, Occurrence, Tier, scores

__all__ = ["ElasticClosedSource"]

_PAGE: Final = 10_000
"""Records a request; the engine gives no more at once."""

_TERMS: Final = 50
"""Terms a request: the engine takes a thousand clauses at least, and each term is eight."""


class _Row(TypedDict, total=False):
    sort: tuple[str, int, int]
    matched_queries: list[str]


class _Total(TypedDict):
    value: int


class _Rows(TypedDict):
    total: _Total
    hits: list[_Row]


class _Page(TypedDict):
    hits: _Rows
    aggregations: dict[str, Counts]


class _Shown(TypedDict):
    hits: list[FoundHit]


class _FoundShown(TypedDict):
    hits: _Shown


@dataclass(frozen=True, slots=True)
class ElasticClosedSource(ElasticSource):
    """These closed partitions as one, as someone with these need-to-know tokens in each may ask them. They go by the ids of their keys."""

    tokens: dict[OfficeId, frozenset[str]]

    @property
    def places(self) -> frozenset[OfficeId]:
        """All of them."""
        return frozenset(self.tokens)

    def answer(self, question: Question, statistics: Counted, floor: float | None) -> PartitionAnswer:
        """What is found here; the statistics of open partitions are not used."""
        if question.by_date:
            return ElasticSource.answer(self, question, statistics, floor)
        found = self._found(question, floor)
        after = question.after
        page = sorted(key for key in found.keys(question) if after is None or key > after)
        hits = tuple(self._shown(page[: question.limit], question))
        return PartitionAnswer(found.total, hits, found.facets, more=len(page) > question.limit)

    def _hidden(self) -> list[Query]:
        """Also all that she does not need to know."""
        return [*ElasticSource._hidden(self), {"bool": {"must_not": list(self._known())}}]

    def _known(self) -> Iterator[Query]:
        partitions: dict[frozenset[str], list[OfficeId]] = {}
        for name, tokens in self.tokens.items():
            partitions.setdefault(tokens, []).append(name)
        for tokens, names in partitions.items():
            places: list[Query] = [{"prefix": {"_index": f"{self.names.answering(name)}@"}} for name in names]
            yield {"bool": {"filter": [{"bool": {"should": places}}, {"terms": {NEED: sorted(tokens)}}]}}

    def _found(self, question: Question, floor: float | None) -> _Found:
        """All that matches, with what its order is made of."""
        matched, terms = matching(question, self._hidden(), floor), question.query.terms
        labels: dict[str, Query] = {tier.name: said for tier, said in tiers(question, relaxed=floor is not None) if tier is not Tier.REST}
        found = _Found(0, {})
        for start in range(0, len(terms), _TERMS):
            labels |= dict(_labelled(terms[start : start + _TERMS], start))
            for number, page in enumerate(self._pages(matched, labels, question.facets if start == 0 else ())):
                if start == number == 0:
                    found = _Found(page["hits"]["total"]["value"], self._facets(question, page.get("aggregations", {}), matched))
                for row in page["hits"]["hits"]:
                    found.add(row, is_new=start == 0)
            labels = {}
        return found

    def _pages(self, matched: Query, labels: dict[str, Query], facets: Sequence[FacetField]) -> Iterator[_Page]:
        """All records that match, by id, each with the labels of what holds for it."""
        order: list[Query] = [{name: "asc"} for name in ("record_id", *LENGTHS)]
        named: list[Query] = [{"bool": {"filter": said, "_name": name}} for name, said in labels.items()]
        request: Query = {
            "query": {"bool": {"filter": [matched], "should": named}}, "sort": order, "size": _PAGE, "track_total_hits": True,
            "stored_fields": "_none_", "_source": False, "aggs": counting(facets),
        }  # fmt: skip
        while True:
            page = cast("_Page", self._search(request, by_statistics=False))
            yield page
            if len(page["hits"]["hits"]) < _PAGE:
                return
            request = {**request, "aggs": {}, "search_after": page["hits"]["hits"][-1]["sort"]}

    def _shown(self, keys: list[SortKey], question: Question) -> Iterator[Hit]:
        """These hits, without those that another change took away meanwhile."""
        if not keys:
            return
        records: Query = {"terms": {"record_id": [key.record_id for key in keys]}}
        request: Query = {
            "query": {"bool": {"filter": [records], "must_not": self._hidden()}}, "sort": [{"record_id": "asc"}], "size": len(keys),
            "stored_fields": [SHOWN], "_source": [BODY] if shows_text(question) else False,
        }  # fmt: skip
        hits = cast("_FoundShown", self._search(request, by_statistics=False))["hits"]["hits"]
        shown = {str(hit["sort"][0]): hit for hit in hits}
        for key in keys:
            if key.record_id in shown:
                yield hit_of(shown[key.record_id], key, question)


@dataclass(slots=True)
class _Found:
    """What is found. lengths, codes, tiers: by the place of its record; codes: of each term by its place in the query."""

    total: int
    facets: dict[FacetField, Facet]
    places: dict[str, int] = field(default_factory=dict)
    lengths: dict[int, Lengths] = field(default_factory=dict)
    codes: dict[int, dict[int, int]] = field(default_factory=dict)
    tiers: dict[int, Tier] = field(default_factory=dict)

    def add(self, row: _Row, *, is_new: bool) -> None:
        """Take in what one request says of one record. is_new: whether more requests follow for other terms, which add no records."""
        record, subject, text = row["sort"]
        place = self.places.setdefault(record, len(self.places)) if is_new else self.places.get(record)
        if place is None:
            return
        self.lengths[place] = Lengths(subject, text)
        tier = self.tiers.get(place, Tier.REST)
        for name in row.get("matched_queries", ()):
            term, dot, bit = name.partition(".")
            if dot:
                codes = self.codes.setdefault(int(term), {})
                codes[place] = codes.get(place, 0) | 1 << int(bit)
            elif name in Tier.__members__:  # words that may be left out are named as well, by their place
                tier = min(tier, Tier[name])
        self.tiers[place] = tier

    def keys(self, question: Question) -> Iterator[SortKey]:
        """Where each record stands."""
        query = question.query
        found: dict[str, dict[int, Occurrence]] = {
            term: {place: occurrence(code) for place, code in self.codes.get(number, {}).items()} for number, term in enumerate(query.terms)
        }
        ranked = scores(query, FROZEN, self.lengths, found)
        for record, place in self.places.items():
            yield SortKey(self.tiers[place], -ranked[place], RecordId(record))


def _labelled(terms: Sequence[str], first: int) -> Iterator[tuple[str, Query]]:
    """What says which bits are set in the count of each term. first: the place of the first of them in the query."""
    for number, term in enumerate(terms, first):
        for bit in range(BITS):
            yield f"{number}.{bit}", {"term": {COUNT: counted_bit(term, bit)}}
