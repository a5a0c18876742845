"""The open records of an office: what its open index is to hold."""

from __future__ import annotations

import sqlalchemy as sa

from classification.levels import Level
from storage.catalog.names import OfficeId
from storage.catalog.schema import record
from storage.catalog.states import State
from storage.ids import RecordId

__all__ = ["IS_OPEN", "count_open", "count_open_in"]

IS_OPEN = sa.and_(
    record.c.state == State.KEPT,
    record.c.level == Level.NON_CONFIDENTIAL,
    record.c.compartments == frozenset(),
    ~record.c.work_secret,
    record.c.wrapped_partition.cast(sa.Text).like("open/%"),  # one that was just opened comes with its outbox row, once it is re-wrapped
)
"""The condition over `record` that holds of them."""


def count_open(connection: sa.Connection) -> dict[OfficeId, int]:
    """How many each office has; an office that has none is not in it."""
    rows = connection.execute(sa.select(record.c.office_id, sa.func.count()).where(IS_OPEN).group_by(record.c.office_id))
    return {OfficeId(office): count for office, count in rows}


def count_open_in(connection: sa.Connection, office: OfficeId, without: frozenset[RecordId] = frozenset()) -> int:
    """How many an office has, not counting these, of which there are at most a few thousand."""
    counted = sa.select(sa.func.count()).where(IS_OPEN, record.c.office_id == office, record.c.id.not_in(sorted(without)))
    return connection.execute(counted).scalar_one()
