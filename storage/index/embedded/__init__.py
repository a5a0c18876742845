"""Partitions in files: SQLite FTS5 in SQLCipher, one file of each, under its own key."""

from storage.index.embedded.open_index import EmbeddedOpenIndex
from storage.index.embedded.partition import EmbeddedPartition, create_partition, open_partition
from storage.index.embedded.source import ClosedSource, OpenSource

__all__ = ["ClosedSource", "EmbeddedOpenIndex", "EmbeddedPartition", "OpenSource", "create_partition", "open_partition"]
