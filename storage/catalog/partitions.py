"""Partitions and the public halves of their keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.catalog.names import PartitionName
from storage.catalog.schema import partition, partition_key

__all__ = ["PartitionKey", "add_partition_key", "all_partitions", "newest_key"]


@dataclass(frozen=True, slots=True)
class PartitionKey:
    """The public half of a partition's n-th key. recipient: `age1pq1...`."""

    partition: PartitionName
    n: int
    recipient: str


_ALL = sa.select(partition.c.id)  # made once: it is asked at every search


def all_partitions(connection: sa.Connection) -> frozenset[PartitionName]:
    """Every partition that was ever named."""
    return frozenset(connection.execute(_ALL).scalars())


_NEWEST = (
    sa.select(partition_key.c.partition_id, partition_key.c.n, partition_key.c.recipient)
    .where(partition_key.c.partition_id == sa.bindparam("name"))
    .order_by(partition_key.c.n.desc())
    .limit(1)
)


def newest_key(connection: sa.Connection, name: PartitionName) -> PartitionKey | None:
    """The key to seal to; None for a partition that the keeper has not made yet."""
    row = connection.execute(_NEWEST, {"name": name}).one_or_none()
    return None if row is None else PartitionKey(*row)


def add_partition_key(connection: sa.Connection, name: PartitionName, recipient: str, at: datetime) -> PartitionKey:
    """Add a key, and with its first key the partition. The keeper alone calls this, once the private half is durably kept."""
    newest = newest_key(connection, name)
    if newest is None:
        values = {"id": name, "office_id": name.office, "level": name.level, "compartments": name.compartments}
        connection.execute(partition.insert().values(values))
    key = PartitionKey(name, 1 if newest is None else newest.n + 1, recipient)
    connection.execute(partition_key.insert().values(partition_id=name, n=key.n, recipient=recipient, made_at=at))
    return key
