"""The open index of an instance on Elasticsearch."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import ClassVar, Final, TypedDict, cast

from storage.catalog.names import OfficeId
from storage.errors import IndexDamaged, IndexOutdated
from storage.ids import RecordId
from storage.index.elastic.cluster import SEARCHING, Cluster, Query
from storage.index.elastic.documents import BODY, SHOWN, entry_of, read_shown
from storage.index.elastic.expunging import Expunging
from storage.index.elastic.names import Kind, Names
from storage.index.elastic.queries import visible
from storage.index.elastic.rebuilding import rebuild
from storage.index.elastic.source import ElasticSource
from storage.index.elastic.writing import apply
from storage.index.entry import FacetField, IndexEntry
from storage.index.open_index import PATIENCE, Applied, Batches, Change, Count, Hidden, IsNew, Rebuilt, always, require_new
from storage.index.question import Source
from storage.servers import Server

__all__ = ["ElasticOpenIndex"]

_PAGE: Final = 100
_TERMS: Final = 10_000


class _Hit(TypedDict):
    _source: dict[str, str]
    fields: dict[str, list[str]]


class _Total(TypedDict):
    value: int


class _Hits(TypedDict):
    total: _Total
    hits: list[_Hit]


class _Found(TypedDict):
    hits: _Hits


class _Terms(TypedDict):
    terms: list[str]


class ElasticOpenIndex:
    """One index of each office, as `storage.index.open_index.OpenIndex` promises. server: with the credential to ask by.

    A credential without user is an API key, in the encoded form in which it was given out. Connections are made when first needed.
    """

    kind: ClassVar = Kind.OPEN

    def __init__(self, server: Server, instance: str) -> None:
        self._server, self._names = server, Names(instance, self.kind)
        self._turn = threading.Lock()
        self._cluster: Cluster | None = None
        self._answering = frozenset[OfficeId]()
        self._expunging = Expunging()

    def apply(self, changes: Sequence[Change], is_new: IsNew = always) -> Applied:
        """In bulk; an index is made where an office never had one."""
        return apply(self._connected(), self._names, changes, is_new)

    def expunge(self, given_up: Sequence[Change]) -> frozenset[Change]:
        """What Elasticsearch may forget of them by now is merged away; that takes half a minute from the change on."""
        cluster = self._connected()
        there = self._names.existing(cluster)
        left = set(given_up)
        for office in sorted({change.office for change in given_up}):
            mine = [change for change in given_up if change.office == office]
            for index in there[office].all if office in there else ():
                left -= set(mine) - self._expunging.expunge(cluster, index, mine)
        return frozenset(left)

    def missing(self, places: Iterable[OfficeId]) -> frozenset[OfficeId]:
        """Those without an index that answers."""
        there = self._names.existing(self._connected(), SEARCHING)
        return frozenset(place for place in places if place not in there or there[place].current is None)

    @contextmanager
    def asking(self, hidden: Hidden, is_new: IsNew = always) -> Iterator[list[Source]]:
        """One source for all offices that have an index. Raises IndexOutdated as well."""
        with self._answered(hidden) as (cluster, there):
            require_new(hidden.keys() - there.keys(), is_new)
            yield [ElasticSource(cluster, self._names, there)] if there else []

    @contextmanager
    def _answered(self, hidden: Hidden) -> Iterator[tuple[Cluster, dict[OfficeId, frozenset[RecordId]]]]:
        """The cluster, and of these offices those that have an index."""
        cluster = self._connected()
        if not hidden.keys() <= self._answering:
            self._look(cluster, hidden)
        there = {office: hidden[office] for office in hidden if office in self._answering}
        try:
            yield cluster, there
        except IndexDamaged:
            self._answering = frozenset()
            raise

    def count(self, office: OfficeId) -> int:
        """Counted by the cluster."""
        return _count(self._connected(), self._names.answering(office)) if self._is_answering(office) else 0

    def verify(self, office: OfficeId) -> None:
        """Nothing of it lies on our disk."""

    def entries(self, office: OfficeId) -> Iterator[IndexEntry]:
        """Read page by page."""
        request: Query = {"query": visible(), "sort": [{"record_id": "asc"}], "size": _PAGE}
        request |= {"_source": [BODY], "stored_fields": [SHOWN]}
        while self._is_answering(office) and (hits := _found(self._connected(), self._names.answering(office), request)["hits"]):
            for hit in hits:
                entry = entry_of(read_shown(hit["fields"][SHOWN][0]), hit["_source"][BODY])
                request["search_after"] = [entry.record_id]
                yield entry

    def vocabulary(self, office: OfficeId) -> frozenset[str]:
        """Every value that can be filtered by, those of records given up too as long as they are in a file.

        Elasticsearch lists the terms of no other field.
        """
        cluster = self._connected()
        found: set[str] = set()
        for field in FacetField:
            after = ""
            while True:
                request: Query = {"field": field.value, "size": _TERMS, **({"search_after": after} if after else {})}
                path = f"/{self._names.answering(office)}/_terms_enum"
                terms = cast("_Terms", cluster.ask("POST", path, request, accepted=frozenset({404})).body).get("terms", [])
                found.update(terms)
                if len(terms) < _TERMS:
                    break
                after = terms[-1]
        return frozenset(found)

    def rebuild(self, office: OfficeId, read: Batches, expected: Count, patience: float = PATIENCE) -> Rebuilt:
        """In a new index, which takes the old one's place by an alias; by connections of its own, which a fault elsewhere does not close."""
        cluster = Cluster(self._server)
        try:
            return rebuild(cluster, self._names, office, read, expected, partial(_count, cluster), patience)
        finally:
            cluster.close()

    def close(self) -> None:
        """Give the connections back."""
        with self._turn:
            if self._cluster is not None:
                self._cluster.close()
            self._cluster = None

    def _connected(self) -> Cluster:
        with self._turn:
            if self._cluster is None:
                self._cluster = Cluster(self._server)
            return self._cluster

    def _look(self, cluster: Cluster, asked: Collection[OfficeId]) -> None:
        """Find out which offices have an index that this analysis can ask. Raises IndexOutdated where one of those asked has another."""
        there = self._names.existing(cluster, SEARCHING)
        outdated = {office for office, generations in there.items() if generations.is_outdated}
        if not outdated.isdisjoint(asked):
            raise IndexOutdated
        self._answering = frozenset(office for office, generations in there.items() if generations.current is not None) - outdated

    def _is_answering(self, office: OfficeId) -> bool:
        if office not in self._answering:
            self._look(self._connected(), [office])
        return office in self._answering


def _count(cluster: Cluster, index: str, without: frozenset[RecordId] = frozenset()) -> int:
    query: Query = {"bool": {"must": visible(), "must_not": {"ids": {"values": sorted(without)}}}}
    request: Query = {"query": query, "size": 0, "track_total_hits": True}
    return _found(cluster, index, request)["total"]["value"]


def _found(cluster: Cluster, index: str, request: Query) -> _Hits:
    return cast("_Found", cluster.search([index], request, index))["hits"]
