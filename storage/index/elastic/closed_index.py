"""The closed index of an instance on an Elasticsearch of the keeper's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from storage.catalog.names import OfficeId
from storage.index.elastic.closed_source import ElasticClosedSource
from storage.index.elastic.names import Kind
from storage.index.elastic.open_index import ElasticOpenIndex
from storage.index.open_index import Hidden
from storage.index.question import Source

__all__ = ["ElasticClosedIndex"]


class ElasticClosedIndex(ElasticOpenIndex):
    """One index of each closed partition, which goes by the id of its key where an open one goes by its office."""

    kind = Kind.CLOSED

    @contextmanager
    def asking_as(self, tokens: Mapping[OfficeId, frozenset[str]], hidden: Hidden) -> Iterator[list[Source]]:
        """One source for those of these partitions that have an index. tokens: need-to-know in each. Raises as `asking` does."""
        with self._answered(hidden) as (cluster, there):
            yield [ElasticClosedSource(cluster, self._names, there, {name: tokens[name] for name in there})] if there else []
