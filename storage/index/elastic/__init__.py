"""The open partitions on Elasticsearch 9: one index of each office, behind an alias."""

from storage.index.elastic.founding import Founded, forget_elastic, found_elastic
from storage.index.elastic.open_index import ElasticOpenIndex

__all__ = ["ElasticOpenIndex", "Founded", "forget_elastic", "found_elastic"]
