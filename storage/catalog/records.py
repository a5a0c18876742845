"""Records: taken in, moved from state to state along the ways allowed, classified, re-wrapped.

Every function belongs into the one transaction of its act, beside the act's audit row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from classification.levels import Compartment, Level
from storage.catalog.names import CaseId, Depositor, OfficeId, PartitionName, compartments_text
from storage.catalog.record_facts import Change, begin_fact, set_fact
from storage.catalog.schema import record
from storage.catalog.states import Reason, RecordFactKind, State, states_before
from storage.errors import TransitionRefused
from storage.ids import IdSource, RecordId

__all__ = [
    "Classified",
    "NewRecord",
    "add_record",
    "advance",
    "classify",
    "dispose",
    "keep",
    "quarantine",
    "return_to_transit",
    "rewrapped",
    "withdraw",
]


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record as it comes through the door.

    duplicate_tag: HMAC over office and content, hex. size_shown: bytes, as every reader of the skeleton may know them.
    transit_n: the number of the transit key that its parts are sealed to.
    """

    id: RecordId
    office: OfficeId
    depositor: Depositor
    duplicate_tag: str
    size_shown: int
    transit_n: int
    batch: str | None = None
    case: CaseId | None = None


@dataclass(frozen=True, slots=True)
class Classified:
    """What was decided of a record. level: the effective one. proposed: what the machine thinks."""

    level: Level
    proposed: Level | None
    compartments: frozenset[Compartment]
    work_secret: bool
    review: bool


_INSERT = record.insert()


def add_record(connection: sa.Connection, ids: IdSource, new: NewRecord, change: Change) -> None:
    """Insert a record in the state `received`, with the facts that it begins with."""
    values = {
        "id": new.id,
        "office_id": new.office,
        "case_id": new.case,
        "state": State.RECEIVED,
        "wrapped_n": new.transit_n,
        "depositor_kind": new.depositor.kind,
        "depositor_id": new.depositor.id,
        "batch_id": new.batch,
        "duplicate_tag": new.duplicate_tag,
        "size_shown": new.size_shown,
        "received_at": change.at,
        "compartments": frozenset[Compartment](),
    }
    connection.execute(_INSERT, values)
    begin_fact(connection, ids, new.id, RecordFactKind.OFFICE, new.office, change)
    if new.case is not None:
        begin_fact(connection, ids, new.id, RecordFactKind.CASE, new.case, change)


def advance(connection: sa.Connection, record_id: RecordId, to: State, media_type: str | None = None, page_count: int | None = None) -> None:
    """Move a record on to `identified`, `sanitised`, `read` or `described`; what the step found out is noted, None leaves as it is.

    Raises TransitionRefused, as every function here does, where the record is in no state from which `to` follows.
    """
    found: dict[str, object] = {"media_type": media_type, "page_count": page_count}
    _move(connection, record_id, to, {name: value for name, value in found.items() if value is not None})


def classify(connection: sa.Connection, ids: IdSource, record_id: RecordId, decided: Classified, change: Change, *, again: bool = False) -> None:
    """Note what was decided. again: of a record that is kept, so that a review or a change of level leaves its state."""
    values: dict[str, object] = {
        "level": decided.level,
        "proposed_level": decided.proposed,
        "compartments": decided.compartments,
        "work_secret": decided.work_secret,
        "review": decided.review,
    }
    if again:
        _write(connection, record_id, frozenset({State.KEPT}), State.KEPT, values)
    else:
        _move(connection, record_id, State.CLASSIFIED, values)
    set_fact(connection, ids, record_id, RecordFactKind.LEVEL, decided.level.name, change)
    set_fact(connection, ids, record_id, RecordFactKind.COMPARTMENTS, compartments_text(decided.compartments), change)


def keep(connection: sa.Connection, record_id: RecordId, wrapped: PartitionName, n: int, at: datetime) -> None:
    """Note that every part is durably sealed to the n-th key of its partition, and the record kept."""
    _move(connection, record_id, State.KEPT, {"wrapped_partition": wrapped, "wrapped_n": n, "kept_at": at, "reason": None})


def quarantine(connection: sa.Connection, record_id: RecordId, reason: Reason, wrapped: PartitionName, n: int) -> None:
    """Lay a record aside; its parts are durably sealed to the closed partition of its office's highest level."""
    _move(connection, record_id, State.QUARANTINED, {"reason": reason, "wrapped_partition": wrapped, "wrapped_n": n})


def return_to_transit(connection: sa.Connection, record_id: RecordId, transit_n: int) -> None:
    """Send a kept or quarantined record through the steps again; its parts are durably sealed to transit. Its level stays."""
    values: dict[str, object] = {"wrapped_partition": None, "wrapped_n": transit_n, "reason": None, "indexed_at": None}
    _move(connection, record_id, State.RECEIVED, values)


def rewrapped(connection: sa.Connection, record_id: RecordId, wrapped: PartitionName, n: int) -> None:
    """Note that a record at rest is durably sealed to another partition or key."""
    at_rest = frozenset({State.KEPT, State.QUARANTINED, State.WITHDRAWN})
    _write(connection, record_id, at_rest, None, {"wrapped_partition": wrapped, "wrapped_n": n})


def withdraw(connection: sa.Connection, ids: IdSource, record_id: RecordId, change: Change) -> None:
    """Take a record out of every answer; it stays in the store until it is disposed of."""
    _move(connection, record_id, State.WITHDRAWN, {"review": False})
    set_fact(connection, ids, record_id, RecordFactKind.OFFICE, None, change)


def dispose(connection: sa.Connection, ids: IdSource, record_id: RecordId, change: Change) -> None:
    """Note that a record's headers are destroyed; what is left tells that there was one."""
    _move(connection, record_id, State.DISPOSED, {"review": False, "indexed_at": None})
    set_fact(connection, ids, record_id, RecordFactKind.OFFICE, None, change)


def _move(connection: sa.Connection, record_id: RecordId, to: State, values: dict[str, object]) -> None:
    _write(connection, record_id, states_before(to), to, values)


def _write(connection: sa.Connection, record_id: RecordId, states: frozenset[State], to: State | None, values: dict[str, object]) -> None:
    where = sa.and_(record.c.id == record_id, record.c.state.in_(sorted(states)))
    written = values if to is None else values | {"state": to}
    if connection.execute(record.update().where(where).values(written)).rowcount != 1:
        raise TransitionRefused(to=str(to or State.KEPT))
