"""Partitions on Elasticsearch 9: one index of each open one, behind an alias; and of each closed one, where that is chosen."""

from storage.index.elastic.closed_index import ElasticClosedIndex, is_guarded
from storage.index.elastic.founding import Founded, forget_elastic, found_elastic, may_read_closed
from storage.index.elastic.names import Kind
from storage.index.elastic.open_index import ElasticOpenIndex

__all__ = ["ElasticClosedIndex", "ElasticOpenIndex", "Founded", "Kind", "forget_elastic", "found_elastic", "is_guarded", "may_read_closed"]
