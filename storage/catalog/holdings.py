"""The records of a partition: what its index is to hold."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from classification.levels import Level
from storage.catalog.names import PartitionName
from storage.catalog.outbox import is_settled, unsettled
from storage.catalog.schema import record
from storage.catalog.states import State
from storage.ids import RecordId

__all__ = ["IS_OPEN", "count_held", "counts_settled", "has_settled", "held_in"]

_UNMARKED = sa.and_(record.c.level == Level.NON_CONFIDENTIAL, record.c.compartments == frozenset(), ~record.c.work_secret)

IS_OPEN = sa.and_(
    record.c.state == State.KEPT,
    _UNMARKED,
    record.c.wrapped_partition.cast(sa.Text).like("open/%"),  # one that was just opened comes with its outbox row, once it is re-wrapped
)
"""The condition over `record` that holds of those of all open partitions."""


def held_in(partition: PartitionName) -> sa.ColumnElement[bool]:
    """The condition over `record` that holds of those of one. The keeper opens a closed one whatever key it still lies under."""
    mine = record.c.office_id == partition.office
    if partition.is_open:
        return sa.and_(mine, IS_OPEN)
    there = sa.and_(record.c.level == partition.level, record.c.compartments == partition.compartments)
    return sa.and_(mine, record.c.state == State.KEPT, there, sa.not_(_UNMARKED))


def count_held(connection: sa.Connection, partition: PartitionName, without: frozenset[RecordId] = frozenset()) -> int:
    """How many a partition has, not counting these, of which there are at most a few thousand."""
    counted = sa.select(sa.func.count()).where(held_in(partition), record.c.id.not_in(sorted(without)))
    return connection.execute(counted).scalar_one()


def has_settled(connection: sa.Connection, partition: PartitionName) -> bool:
    """Whether there is one that the partition's index holds already: then there is such an index, or there was one."""
    return connection.execute(sa.select(sa.exists().where(held_in(partition), is_settled(record)))).scalar_one()


def counts_settled(connection: sa.Connection, partitions: Iterable[PartitionName]) -> dict[PartitionName, int]:
    """How many each has, of those partitions whose index has nothing to learn."""
    return {name: count_held(connection, name) for name, waiting in unsettled(connection, partitions).items() if not waiting}
