"""The closed index of an instance on an Elasticsearch that the keeper alone can reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from storage.catalog.names import OfficeId
from storage.errors import ClosedIndexUnreachable, IndexRefused, IndexUnreachable
from storage.index.closed_index import ClosedSource
from storage.index.elastic.closed_source import ElasticClosedSource
from storage.index.elastic.cluster import Cluster, Patience
from storage.index.elastic.names import Kind
from storage.index.elastic.open_index import ElasticOpenIndex
from storage.index.open_index import PATIENCE, Applied, Batches, Change, Count, Hidden, IsNew, Rebuilt, always
from storage.servers import Server

__all__ = ["ElasticClosedIndex", "is_guarded"]

_LOOKING: Final = Patience(5.0, 10.0)


class ElasticClosedIndex(ElasticOpenIndex):
    """One index of each closed partition, as `storage.index.closed_index.ClosedPartitions` promises."""

    kind = Kind.CLOSED

    def apply(self, changes: Sequence[Change], is_new: IsNew = always) -> Applied:
        """In bulk; an index is made where a partition never had one."""
        with _named():
            return super().apply(changes, is_new)

    def expunge(self, given_up: Sequence[Change]) -> frozenset[Change]:
        """As in the open index."""
        with _named():
            return super().expunge(given_up)

    def count(self, office: OfficeId) -> int:
        """As in the open index."""
        with _named():
            return super().count(office)

    def rebuild(self, office: OfficeId, read: Batches, expected: Count, patience: float = PATIENCE) -> Rebuilt:
        """As in the open index."""
        with _named():
            return super().rebuild(office, read, expected, patience)

    def missing(self, places: Iterable[OfficeId]) -> frozenset[OfficeId]:
        """As in the open index."""
        with _named():
            return super().missing(places)

    @contextmanager
    def asking_as(self, tokens: Mapping[OfficeId, frozenset[str]], hidden: Hidden) -> Iterator[list[ClosedSource]]:
        """One source for those of these partitions that have an index."""
        with _named(), self._answered(hidden) as (cluster, there):
            yield [ElasticClosedSource(cluster, self._names, there, {name: tokens[name] for name in there})] if there else []


def is_guarded(server: Server) -> bool:
    """Whether this cluster, reached and believed, answers nobody who does not prove who he is. Raises ClosedIndexUnreachable."""
    cluster = Cluster(replace(server, credential=None))
    try:
        with _named():
            cluster.ask("GET", "/", patience=_LOOKING)
    except IndexRefused:
        return True
    finally:
        cluster.close()
    return False


@contextmanager
def _named() -> Iterator[None]:
    """Say of which server it is that it cannot be had: of those that hold an index there may be two."""
    try:
        yield
    except IndexUnreachable as error:
        raise ClosedIndexUnreachable(**error.facts) from error
