"""Indexes of partitions that take no changes, as worker and keeper found them: what is for them waits. A closed one answers nothing either."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.catalog.names import PartitionName
from storage.catalog.schema import index_fault

__all__ = ["IndexFault", "all_faults", "fault_mended", "note_fault"]


@dataclass(frozen=True, slots=True)
class IndexFault:
    """The index of one partition. code: of the error that it gives. since: when that was first met."""

    partition: PartitionName
    code: str
    since: datetime


def note_fault(connection: sa.Connection, partition: PartitionName, code: str, at: datetime) -> None:
    """Note that a partition's index takes nothing; what was noted before is replaced."""
    fault_mended(connection, partition)
    connection.execute(index_fault.insert().values(partition_id=partition, code=code, since=at))


def fault_mended(connection: sa.Connection, partition: PartitionName) -> None:
    """Note that it takes changes again, or that none waits for it."""
    connection.execute(index_fault.delete().where(index_fault.c.partition_id == partition))


def all_faults(connection: sa.Connection) -> list[IndexFault]:
    """All there are, by partition."""
    return [IndexFault(*row) for row in connection.execute(_ALL)]


_ALL = sa.select(index_fault.c.partition_id, index_fault.c.code, index_fault.c.since).order_by(index_fault.c.partition_id)
"""Made once: it is asked at every search of closed partitions."""
