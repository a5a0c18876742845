"""The plain skeleton of records: what may be listed of those that one may read, without opening anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from classification.levels import Compartment, Level
from storage.catalog.names import CaseId, OfficeId
from storage.catalog.schema import record
from storage.catalog.states import Reason, State
from storage.ids import RecordId

__all__ = ["Skeleton", "skeleton_of", "skeletons"]


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Columns of `record`, by their names. size_shown: bytes."""

    id: RecordId
    office_id: OfficeId
    state: State
    reason: Reason | None
    level: Level | None
    proposed_level: Level | None
    review: bool
    compartments: frozenset[Compartment]
    work_secret: bool
    case_id: CaseId | None
    media_type: str | None
    size_shown: int
    page_count: int | None
    received_at: datetime
    kept_at: datetime | None
    indexed_at: datetime | None


_COLUMNS = (
    record.c.id,
    record.c.office_id,
    record.c.state,
    record.c.reason,
    record.c.level,
    record.c.proposed_level,
    record.c.review,
    record.c.compartments,
    record.c.work_secret,
    record.c.case_id,
    record.c.media_type,
    record.c.size_shown,
    record.c.page_count,
    record.c.received_at,
    record.c.kept_at,
    record.c.indexed_at,
)


def skeleton_of(connection: sa.Connection, record_id: RecordId) -> Skeleton:
    """The skeleton of a record that is known to be there."""
    return Skeleton(*tuple(connection.execute(sa.select(*_COLUMNS).where(record.c.id == record_id)).one()))


def skeletons(connection: sa.Connection, condition: sa.ColumnElement[bool], limit: int) -> tuple[Skeleton, ...]:
    """Those that fit, in the order in which they came. condition: over `record`, access included."""
    found = sa.select(*_COLUMNS).where(condition).order_by(record.c.received_at, record.c.id).limit(limit)
    return tuple(Skeleton(*tuple(row)) for row in connection.execute(found))

