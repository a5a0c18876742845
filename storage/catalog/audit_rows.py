"""Audit rows: written in the transaction of the act, given a place in the log afterwards, kept for the auditors' questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.catalog.schema import audit_pending
from storage.catalog.states import AuditOutcome

__all__ = [
    "AuditFilter",
    "AuditRow",
    "add_audit_row",
    "audit_row",
    "audit_rows",
    "next_place",
    "oldest_waiting",
    "placed_rows",
    "rows_of_ids",
    "sequenced",
    "shred_details",
    "waiting_rows",
]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act. person or source: the name of who did it, or of the process. right: by which right, or refused by which rule.

    record_id: as it was asked for, also where there is none. leaf: the canonical JSON that goes into the log.
    details_sealed: what only auditors may read, sealed to their key. seq: its place in the log; None while it waits.
    """

    id: str
    time: datetime
    action: str
    outcome: AuditOutcome
    leaf: str
    person: str | None = None
    source: str | None = None
    office: str | None = None
    right: str | None = None
    record_id: str | None = None
    session: str | None = None
    address: str | None = None
    details_sealed: bytes | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What an auditor looks for; None asks for anything. since: inclusive; until: exclusive."""

    record_id: str | None = None
    person: str | None = None
    office: str | None = None
    action: str | None = None
    outcome: AuditOutcome | None = None
    since: datetime | None = None
    until: datetime | None = None


_t = audit_pending.c
_COLUMNS = (
    _t.id,
    _t.time,
    _t.action,
    _t.outcome,
    _t.leaf,
    _t.person,
    _t.source,
    _t.office,
    _t.right_used,
    _t.record_id,
    _t.session,
    _t.address,
    _t.details_sealed,
    _t.sequenced_seq,
)

_INSERT = audit_pending.insert()


def add_audit_row(connection: sa.Connection, row: AuditRow) -> str:
    """Write the row of an act, and return its id, which the keeper asks for: no row committed, nothing opened."""
    values = {
        "id": row.id,
        "time": row.time,
        "action": row.action,
        "outcome": row.outcome,
        "leaf": row.leaf,
        "person": row.person,
        "source": row.source,
        "office": row.office,
        "right_used": row.right,
        "record_id": row.record_id,
        "session": row.session,
        "address": row.address,
        "details_sealed": row.details_sealed,
    }
    connection.execute(_INSERT, values)
    return row.id


def audit_row(connection: sa.Connection, row_id: str) -> AuditRow | None:
    """The row of this id, if it is committed."""
    found = connection.execute(sa.select(*_COLUMNS).where(_t.id == row_id)).one_or_none()
    return None if found is None else AuditRow(*found)


def rows_of_ids(connection: sa.Connection, row_ids: Iterable[str]) -> dict[str, AuditRow]:
    """The rows of these ids that are committed, by id."""
    found = connection.execute(sa.select(*_COLUMNS).where(_t.id.in_(list(row_ids))))
    return {row.id: AuditRow(*row) for row in found}


def waiting_rows(connection: sa.Connection, limit: int, after: tuple[datetime, str] | None = None) -> tuple[AuditRow, ...]:
    """Rows without a place in the log, in the order in which they are to get one. after: time and id of a row to begin behind."""
    waiting = sa.select(*_COLUMNS).where(_t.sequenced_seq.is_(None)).order_by(_t.time, _t.id).limit(limit)
    if after is not None:
        time, row_id = after
        waiting = waiting.where(sa.or_(_t.time > time, sa.and_(_t.time == time, _t.id > row_id)))
    return tuple(AuditRow(*row) for row in connection.execute(waiting))


def placed_rows(connection: sa.Connection, start: int, stop: int) -> tuple[AuditRow, ...]:
    """Rows whose place is from `start` to `stop` - 1, in this order."""
    placed = sa.select(*_COLUMNS).where(_t.sequenced_seq >= start, _t.sequenced_seq < stop).order_by(_t.sequenced_seq)
    return tuple(AuditRow(*row) for row in connection.execute(placed))


def next_place(connection: sa.Connection) -> int:
    """The number behind the highest place that any row has."""
    highest: int | None = connection.execute(sa.select(sa.func.max(_t.sequenced_seq))).scalar_one()
    return 0 if highest is None else highest + 1


def oldest_waiting(connection: sa.Connection) -> tuple[int, datetime | None]:
    """How many rows wait, and the time of the oldest."""
    count, oldest = connection.execute(sa.select(sa.func.count(), sa.func.min(_t.time, type_=_t.time.type)).where(_t.sequenced_seq.is_(None))).one()
    return count, oldest


def sequenced(connection: sa.Connection, places: Sequence[tuple[str, int]]) -> None:
    """Note the places of rows in the log, by id. A row that has one keeps it: the copy was made before a crash."""
    if places:
        waiting = sa.and_(_t.id == sa.bindparam("row"), _t.sequenced_seq.is_(None))
        noted = audit_pending.update().where(waiting).values(sequenced_seq=sa.bindparam("seq"))
        connection.execute(noted, [{"row": row_id, "seq": seq} for row_id, seq in places])  # one statement: a thousand take the lock for long


def shred_details(connection: sa.Connection, row_id: str) -> None:
    """Destroy the sealed details of a row; the leaf, and so the log, stays whole."""
    connection.execute(audit_pending.update().where(_t.id == row_id).values(details_sealed=None))


def audit_rows(connection: sa.Connection, wanted: AuditFilter, limit: int, after: tuple[datetime, str] | None = None) -> tuple[AuditRow, ...]:
    """Rows that fit, newest first. after: time and id of the last row of the page before."""
    conditions = [
        column == value
        for column, value in (
            (_t.record_id, wanted.record_id),
            (_t.person, wanted.person),
            (_t.office, wanted.office),
            (_t.action, wanted.action),
            (_t.outcome, wanted.outcome),
        )
        if value is not None
    ]
    if wanted.since is not None:
        conditions.append(_t.time >= wanted.since)
    if wanted.until is not None:
        conditions.append(_t.time < wanted.until)
    if after is not None:
        time, row_id = after
        conditions.append(sa.or_(_t.time < time, sa.and_(_t.time == time, _t.id < row_id)))
    found = sa.select(*_COLUMNS).where(*conditions).order_by(_t.time.desc(), _t.id.desc()).limit(limit)
    return tuple(AuditRow(*row) for row in connection.execute(found))
