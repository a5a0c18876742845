"""What the indexes are yet to learn: written in the act's transaction, applied afterwards, gone once applied."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.catalog.names import PartitionName
from storage.catalog.schema import outbox, record
from storage.catalog.states import Operation
from storage.ids import RecordId

__all__ = [
    "OutboxRow",
    "add_outbox_row",
    "applied",
    "drop_content",
    "is_settled",
    "oldest_unapplied",
    "unapplied",
    "unapplied_in",
    "unsettled",
    "waiting_in",
]


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One thing to do in one partition. content: what the open index shall hold (JSON); None for closed partitions, always."""

    id: int
    record: RecordId
    operation: Operation
    partition: PartitionName
    content: str | None


_COLUMNS = (outbox.c.id, outbox.c.record_id, outbox.c.operation, outbox.c.partition_id, outbox.c.content)


def add_outbox_row(
    connection: sa.Connection, record_id: RecordId, operation: Operation, partition: PartitionName, at: datetime, content: str | None = None
) -> None:
    """Ask the index of `partition` to take in or give up a record. The database refuses content for a closed partition."""
    connection.execute(outbox.insert().values(record_id=record_id, operation=operation, partition_id=partition, content=content, made_at=at))


def unapplied(connection: sa.Connection, *, is_open: bool, limit: int, without: Iterable[PartitionName] = ()) -> tuple[OutboxRow, ...]:
    """What is to be done in open partitions (by the worker) or in closed ones (by the keeper), oldest first. without: these partitions."""
    of_open = outbox.c.partition_id.cast(sa.Text).like("open/%")
    rows = sa.select(*_COLUMNS).where(of_open if is_open else sa.not_(of_open), outbox.c.partition_id.not_in(list(without)))
    return tuple(OutboxRow(*row) for row in connection.execute(rows.order_by(outbox.c.id).limit(limit)))


def waiting_in(connection: sa.Connection, partition: PartitionName) -> list[int]:
    """The ids of all that is to be done in one partition, oldest first."""
    return list(connection.execute(sa.select(outbox.c.id).where(outbox.c.partition_id == partition).order_by(outbox.c.id)).scalars())


def unapplied_in(connection: sa.Connection, ids: Iterable[int]) -> tuple[OutboxRow, ...]:
    """The rows of these ids, oldest first, as far as they are still to be carried out."""
    rows = sa.select(*_COLUMNS).where(outbox.c.id.in_(list(ids))).order_by(outbox.c.id)
    return tuple(OutboxRow(*row) for row in connection.execute(rows))


def applied(connection: sa.Connection, row: OutboxRow, at: datetime) -> None:
    """Forget a row that the index has durably carried out; doing it twice does nothing more.

    The record counts as indexed from `at` on, once nothing else is to be done for it.
    """
    connection.execute(outbox.delete().where(outbox.c.id == row.id))
    if row.operation is Operation.PUT:
        connection.execute(record.update().where(record.c.id == row.record, is_settled(record)).values(indexed_at=at))


def drop_content(connection: sa.Connection, record_id: RecordId) -> None:
    """Forget what open indexes were yet to hold of a record that is being closed or withdrawn."""
    connection.execute(outbox.delete().where(outbox.c.record_id == record_id, outbox.c.content.is_not(None)))


def is_settled(records: sa.FromClause) -> sa.ColumnElement[bool]:
    """The condition that no index is yet to learn about a record: until then it is in no answer of its partition."""
    return ~sa.exists().where(outbox.c.record_id == records.c.id)


def unsettled(connection: sa.Connection, partitions: Iterable[PartitionName]) -> dict[PartitionName, frozenset[RecordId]]:
    """Of each of these partitions the records about which its index is yet to learn something: they are in no answer of it."""
    records: dict[PartitionName, set[RecordId]] = {name: set() for name in partitions}
    found = sa.select(outbox.c.partition_id, outbox.c.record_id).where(outbox.c.partition_id.in_(list(records))).distinct()
    for name, record_id in connection.execute(found):
        records[name].add(RecordId(record_id))
    return {name: frozenset(waiting) for name, waiting in records.items()}


def oldest_unapplied(connection: sa.Connection) -> tuple[int, datetime | None]:
    """How many rows wait, and since when the oldest."""
    count, oldest = connection.execute(sa.select(sa.func.count(), sa.func.min(outbox.c.made_at, type_=outbox.c.made_at.type))).one()
    return count, oldest
