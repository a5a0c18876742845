"""What the access rules ask of a record: as the row says now, or as its dated facts said then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from classification.levels import Compartment, Level
from storage.catalog.facts import in_force
from storage.catalog.names import CaseId, Depositor, OfficeId, PartitionName, parse_compartments
from storage.catalog.schema import office, record, record_fact
from storage.catalog.states import CLASSIFIED, RecordFactKind, State
from storage.ids import IdSource, RecordId

__all__ = ["Change", "RecordFacts", "begin_fact", "facts_in", "facts_of", "facts_then", "set_fact"]


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """A record, as far as access depends on it.

    level: as decided, or None before the first decision. office_highest: the highest level its office may hold.
    work_secret: whether it bears the mark WORK_SECRET, the only one that closes. wrapped: the partition to whose key its parts
    are sealed; None while they are sealed to transit. wrapped_n: the number of the partition's, or the transit, key.
    """

    id: RecordId
    office: OfficeId
    office_highest: Level
    level: Level | None
    compartments: frozenset[Compartment]
    work_secret: bool
    case: CaseId | None
    state: State
    review: bool
    depositor: Depositor
    wrapped: PartitionName | None = None
    wrapped_n: int = 1

    @property
    def effective_level(self) -> Level:
        """What access reads: the level decided, and at least the office's highest while nothing is decided."""
        decided = self.level or Level.NON_CONFIDENTIAL
        return decided if self.state in CLASSIFIED else max(decided, self.office_highest)

    @property
    def is_open(self) -> bool:
        """Whether it is classified as non-confidential, in no compartment and unmarked. Everything else is closed."""
        return self.state in CLASSIFIED and self.level is Level.NON_CONFIDENTIAL and not self.compartments and not self.work_secret

    @property
    def home(self) -> PartitionName:
        """The partition in which it belongs."""
        return PartitionName(self.office) if self.is_open else PartitionName(self.office, self.effective_level, self.compartments)

    def as_wrapped(self) -> RecordFacts:
        """The record as its sealing says it is, whatever the row says by now; itself while it is sealed to transit."""
        if self.wrapped is None:
            return self
        return replace(
            self,
            office=self.wrapped.office,
            level=self.wrapped.level or Level.NON_CONFIDENTIAL,
            compartments=self.wrapped.compartments,
            work_secret=not self.wrapped.is_open,
        )


_OF_RECORD = sa.select(record, office.c.highest_level).join_from(record, office).where(record.c.id == sa.bindparam("asked"))
"""Built once: it is asked at every request and step."""


def facts_of(connection: sa.Connection, record_id: str) -> RecordFacts | None:
    """The record of this id as it is now; None where there is none, of whatever form the id is."""
    row = connection.execute(_OF_RECORD, {"asked": record_id}).one_or_none()
    return None if row is None else facts_in(row._mapping)


def facts_in(row: sa.RowMapping) -> RecordFacts:
    """The record of a row that holds the columns of `record`, and its office's `highest_level`."""
    return RecordFacts(
        id=row[record.c.id],
        office=row[record.c.office_id],
        office_highest=row[office.c.highest_level],
        level=row[record.c.level],
        compartments=row[record.c.compartments],
        work_secret=row[record.c.work_secret],
        case=row[record.c.case_id],
        state=row[record.c.state],
        review=row[record.c.review],
        depositor=Depositor(row[record.c.depositor_kind], row[record.c.depositor_id]),
        wrapped=row[record.c.wrapped_partition],
        wrapped_n=row[record.c.wrapped_n],
    )


def facts_then(connection: sa.Connection, record_id: str, at: datetime) -> RecordFacts | None:
    """The record as it was at `at`: its office, level, compartments and case of then.

    None where it belonged to no office: before it was received, and after it was withdrawn or disposed.
    """
    now = facts_of(connection, record_id)
    found = sa.select(record_fact.c.kind, record_fact.c.value).where(record_fact.c.record_id == record_id, in_force(record_fact, at))
    values: dict[RecordFactKind, str] = {row.kind: row.value for row in connection.execute(found)}
    if now is None or RecordFactKind.OFFICE not in values:
        return None
    home, level, case = OfficeId(values[RecordFactKind.OFFICE]), values.get(RecordFactKind.LEVEL), values.get(RecordFactKind.CASE)
    return replace(
        now,
        office=home,
        office_highest=connection.execute(sa.select(office.c.highest_level).where(office.c.id == home)).scalar_one(),
        level=None if level is None else Level[level],
        compartments=parse_compartments(values.get(RecordFactKind.COMPARTMENTS, "")),
        case=None if case is None else CaseId(case),
        state=State.RECEIVED if level is None else State.KEPT,
    )


def begin_fact(connection: sa.Connection, ids: IdSource, record_id: RecordId, kind: RecordFactKind, value: str, change: Change) -> None:
    """Say what a record that is made in this transaction begins with: nothing can have held before."""
    _insert(connection, ids, record_id, kind, value, change.at, change, supersedes=None)


def set_fact(connection: sa.Connection, ids: IdSource, record_id: RecordId, kind: RecordFactKind, value: str | None, change: Change) -> None:
    """Say that from `change.at` on the record's fact of this kind is `value`, or that there is none (None).

    What held until then is superseded by a row that ends it; where it is the same value, nothing is written.
    """
    for row in connection.execute(_HELD, {"asked": record_id, "of_kind": kind, "at": change.at}).all():
        if row.value == value:
            return
        _insert(connection, ids, record_id, kind, row.value, row.valid_from, change, supersedes=row.id)
    if value is not None:
        _insert(connection, ids, record_id, kind, value, change.at, change, supersedes=None)


@dataclass(frozen=True, slots=True)
class Change:
    """When something changed, why, and by which act: the id of an audit row written before in the same transaction."""

    at: datetime
    act: str
    reason: str | None = None


_INSERT = record_fact.insert()
_HELD = sa.select(record_fact).where(
    record_fact.c.record_id == sa.bindparam("asked"),
    record_fact.c.kind == sa.bindparam("of_kind"),
    in_force(record_fact, sa.bindparam("at", type_=record_fact.c.valid_from.type)),
)


def _insert(
    connection: sa.Connection,
    ids: IdSource,
    record_id: RecordId,
    kind: RecordFactKind,
    value: str,
    valid_from: datetime,
    change: Change,
    supersedes: str | None,
) -> None:
    values = {
        "id": ids.new(f"record-fact/{record_id}/{kind}/{change.act}/{supersedes or ''}"),
        "record_id": record_id,
        "kind": kind,
        "value": value,
        "valid_from": valid_from,
        "valid_to": None if supersedes is None else change.at,
        "reason": change.reason,
        "supersedes": supersedes,
        "act_id": change.act,
    }
    connection.execute(_INSERT, values)
