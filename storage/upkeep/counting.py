"""Comparing how many records indexes hold with how many the catalog says they should."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from storage.catalog.engine import Catalog
from storage.catalog.holdings import counts_settled
from storage.catalog.names import PartitionName

__all__ = ["Miscount", "miscounts"]


@dataclass(frozen=True, slots=True)
class Miscount:
    """An index that has nothing to learn, and holds other than the records of its partition."""

    partition: PartitionName
    found: int
    expected: int


def miscounts(catalog: Catalog, partitions: Iterable[PartitionName], count: Callable[[PartitionName], int | None]) -> Iterator[Miscount]:
    """Those of these partitions. count: how many records an index holds, asked of each; None where that cannot be told. Raises as it does."""
    names = sorted(partitions, key=str)
    with catalog.read() as connection:
        before = counts_settled(connection, names)
    found = {name: count(name) for name in names}
    with catalog.read() as connection:
        after = counts_settled(connection, before)
    for name, wanted in before.items():
        there = found[name]
        if there is not None and there != wanted == after.get(name):
            yield Miscount(name, there, wanted)
