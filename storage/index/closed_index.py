"""All closed partitions of an instance, as the keeper works with them: in files of its own, or on an Elasticsearch that it alone can reach."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from storage.catalog.names import OfficeId
from storage.index.open_index import Hidden, Partitions
from storage.index.question import Source

__all__ = ["ClosedPartitions", "ClosedSource"]


class ClosedSource(Source, Protocol):
    """One or several closed partitions, as one person may ask them."""

    @property
    def places(self) -> frozenset[OfficeId]:
        """Which: where it raises IndexDamaged or IndexOutdated, one of these is to be built anew."""


class ClosedPartitions(Partitions, Protocol):
    """What every engine offers. Partitions go by the ids of their keys, where open ones go by their office.

    Files raise KeyFileDamaged as well, and a server ClosedIndexUnreachable where the open index's raises IndexUnreachable.
    """

    def asking_as(self, tokens: Mapping[OfficeId, frozenset[str]], hidden: Hidden) -> AbstractContextManager[list[ClosedSource]]:
        """These partitions, to be asked within the context, by someone with these need-to-know tokens in each. hidden: as for an open index.

        One that has no index has nothing to say, and is among no source's places.
        """
