"""What the indexes are yet to learn: written in the act's transaction, applied afterwards, gone once applied.

What an index refuses stays, with the engine's word for the reason, and is given to it again after a time that doubles, or once that index was built
anew. A newer change of the same record takes its place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from storage.catalog.names import PartitionName
from storage.catalog.schema import outbox, record
from storage.catalog.states import Operation
from storage.ids import RecordId

__all__ = [
    "OutboxRow",
    "RefusedRow",
    "add_outbox_row",
    "applied",
    "count_refused",
    "drop_content",
    "give_again",
    "is_settled",
    "oldest_unapplied",
    "refused",
    "refused_rows",
    "unapplied",
    "unapplied_in",
    "unsettled",
    "waiting_in",
]

_FIRST_WAIT: Final = timedelta(minutes=10)
_LONGEST_WAIT: Final = timedelta(days=1)
_REASON_LENGTH: Final = 80


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One thing to do in one partition. content: what the open index shall hold (JSON); None for closed partitions, always."""

    id: int
    record: RecordId
    operation: Operation
    partition: PartitionName
    content: str | None


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A change that an index did not take. reason: the engine's word for it. at: when it was last refused; again: when it is tried next."""

    record: RecordId
    reason: str
    at: datetime
    again: datetime


_COLUMNS = (outbox.c.id, outbox.c.record_id, outbox.c.operation, outbox.c.partition_id, outbox.c.content)
_OF_OPEN = outbox.c.partition_id.cast(sa.Text).like("open/%")
# Built once: they are asked for twenty times a second, and to build a statement costs more than to carry it out.
_UNAPPLIED = {
    is_open: sa.select(*_COLUMNS)
    .where(
        _OF_OPEN if is_open else sa.not_(_OF_OPEN),
        sa.or_(outbox.c.again_at.is_(None), outbox.c.again_at <= sa.bindparam("now")),
        outbox.c.partition_id.not_in(sa.bindparam("without", expanding=True)),
    )
    .order_by(outbox.c.id)
    .limit(sa.bindparam("most"))
    for is_open in (True, False)
}


def add_outbox_row(
    connection: sa.Connection, record_id: RecordId, operation: Operation, partition: PartitionName, at: datetime, content: str | None = None
) -> None:
    """Ask the index of `partition` to take in or give up a record. The database refuses content for a closed partition."""
    connection.execute(outbox.insert().values(record_id=record_id, operation=operation, partition_id=partition, content=content, made_at=at))


def unapplied(
    connection: sa.Connection, *, is_open: bool, limit: int, now: datetime | None = None, without: Iterable[PartitionName] = ()
) -> tuple[OutboxRow, ...]:
    """What is to be done in open partitions (by the worker) or in closed ones (by the keeper), oldest first.

    now: leaves out what was refused and is not to be tried again yet. without: leaves out these partitions.
    """
    rows = connection.execute(_UNAPPLIED[is_open], {"most": limit, "now": now or datetime.max.replace(tzinfo=UTC), "without": list(without)})
    return tuple(OutboxRow(*row) for row in rows)


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
    connection.execute(outbox.delete().where(sa.or_(outbox.c.id == row.id, _is_outdated_by(row))))
    if row.operation is Operation.PUT:
        connection.execute(record.update().where(record.c.id == row.record, is_settled(record)).values(indexed_at=at))


def refused(connection: sa.Connection, row: OutboxRow, reason: str, at: datetime) -> None:
    """Note that the index did not take a row, which waits twice as long as the last time, from ten minutes to a day.

    reason: the engine's word for it, of which 80 characters are kept.
    """
    before = sa.select(outbox.c.refused_at, outbox.c.again_at).where(outbox.c.id == row.id)
    last, again = connection.execute(before).one_or_none() or (None, None)
    wait = _FIRST_WAIT if last is None or again is None else min(max(2 * (again - last), _FIRST_WAIT), _LONGEST_WAIT)
    connection.execute(outbox.update().where(outbox.c.id == row.id).values(refused=reason[:_REASON_LENGTH], refused_at=at, again_at=at + wait))
    connection.execute(outbox.delete().where(_is_outdated_by(row)))


def give_again(connection: sa.Connection, partition: PartitionName) -> None:
    """Have everything that the index of a partition refused given to it at once."""
    mine = sa.and_(outbox.c.partition_id == partition, outbox.c.refused.is_not(None))
    connection.execute(outbox.update().where(mine).values(again_at=outbox.c.refused_at))


def count_refused(connection: sa.Connection) -> int:
    """Of how many records an index has refused a change that is not made up for yet."""
    counted = sa.select(sa.func.count(outbox.c.record_id.distinct())).where(outbox.c.refused.is_not(None))
    return connection.execute(counted).scalar_one()


def refused_rows(connection: sa.Connection, visible: sa.ColumnElement[bool], limit: int) -> tuple[RefusedRow, ...]:
    """What indexes refused, the longest ago first, of those records of which `visible`, a condition over `schema.record`, holds."""
    columns = (outbox.c.record_id, outbox.c.refused, outbox.c.refused_at, outbox.c.again_at)
    rows = sa.select(*columns).join(record, record.c.id == outbox.c.record_id).where(outbox.c.refused.is_not(None), visible)
    return tuple(RefusedRow(*row) for row in connection.execute(rows.order_by(outbox.c.refused_at, outbox.c.id).limit(limit)))


def drop_content(connection: sa.Connection, record_id: RecordId) -> None:
    """Forget what open indexes were yet to hold of a record that is being closed or withdrawn."""
    connection.execute(outbox.delete().where(outbox.c.record_id == record_id, outbox.c.content.is_not(None)))


def is_settled(records: sa.FromClause) -> sa.ColumnElement[bool]:
    """The condition that no index is yet to learn about a record: until then it is in no answer of its partition."""
    return ~sa.exists().where(outbox.c.record_id == records.c.id)


_WAITING = (  # made once: it is asked at every search
    sa.select(outbox.c.partition_id, outbox.c.record_id)
    .where(outbox.c.partition_id.in_(sa.bindparam("partitions", type_=outbox.c.partition_id.type, expanding=True)))
    .distinct()
)


def unsettled(connection: sa.Connection, partitions: Iterable[PartitionName]) -> dict[PartitionName, frozenset[RecordId]]:
    """Of each of these partitions the records about which its index is yet to learn something: they are in no answer of it."""
    records: dict[PartitionName, set[RecordId]] = {name: set() for name in partitions}
    for name, record_id in connection.execute(_WAITING, {"partitions": list(records)}):
        records[name].add(RecordId(record_id))
    return {name: frozenset(waiting) for name, waiting in records.items()}


def oldest_unapplied(connection: sa.Connection) -> tuple[int, datetime | None]:
    """How many rows wait that no index has refused, and since when the oldest."""
    figures = sa.select(sa.func.count(), sa.func.min(outbox.c.made_at, type_=outbox.c.made_at.type)).where(outbox.c.refused.is_(None))
    count, oldest = connection.execute(figures).one()
    return count, oldest


def _is_outdated_by(row: OutboxRow) -> sa.ColumnElement[bool]:
    """Refused rows that asked for what `row` asks for otherwise. One that gives a record up stays, as what is left of it is yet to be removed."""
    same = sa.and_(outbox.c.record_id == row.record, outbox.c.partition_id == row.partition, outbox.c.operation == Operation.PUT)
    return sa.and_(same, outbox.c.id < row.id, outbox.c.refused.is_not(None))
