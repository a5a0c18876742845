"""All closed partitions of an instance, as the keeper works with them: in files of its own, or on an Elasticsearch that it alone can reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from storage.catalog.names import OfficeId
from storage.index.open_index import Applied, Change, Hidden
from storage.index.question import Source

__all__ = ["ClosedPartitions"]


class ClosedPartitions(Protocol):
    """What every engine offers. Partitions go by the ids of their keys, where open ones go by their office. Threads may share it, if one writes.

    All of it raises IndexDamaged and IndexOutdated where an index is to be built again; files KeyFileDamaged, IndexBusy, StoreFull and
    StoreFailed; a server ClosedIndexUnreachable, IndexRefused and IndexBusy.
    """

    def apply(self, changes: Sequence[Change]) -> Applied:
        """As `storage.index.open_index.OpenIndex.apply`."""

    def expunge(self, given_up: Sequence[Change]) -> frozenset[Change]:
        """As `storage.index.open_index.OpenIndex.expunge`."""

    def asking_as(self, tokens: Mapping[OfficeId, frozenset[str]], hidden: Hidden) -> AbstractContextManager[list[Source]]:
        """These partitions, to be asked within the context, by someone with these need-to-know tokens in each. hidden: as for an open index."""
