"""Open indexes that take no changes, as the worker found them: what is for their offices waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.catalog.names import OfficeId
from storage.catalog.schema import index_fault

__all__ = ["IndexFault", "all_faults", "fault_mended", "note_fault"]


@dataclass(frozen=True, slots=True)
class IndexFault:
    """The open index of one office. code: of the error that it gives. since: when that was first met."""

    office: OfficeId
    code: str
    since: datetime


def note_fault(connection: sa.Connection, office: OfficeId, code: str, at: datetime) -> None:
    """Note that an office's index takes nothing; what was noted before is replaced."""
    fault_mended(connection, office)
    connection.execute(index_fault.insert().values(office_id=office, code=code, since=at))


def fault_mended(connection: sa.Connection, office: OfficeId) -> None:
    """Note that it takes changes again, or that none waits for it."""
    connection.execute(index_fault.delete().where(index_fault.c.office_id == office))


def all_faults(connection: sa.Connection) -> list[IndexFault]:
    """All there are, by office."""
    rows = sa.select(index_fault.c.office_id, index_fault.c.code, index_fault.c.since).order_by(index_fault.c.office_id)
    return [IndexFault(*row) for row in connection.execute(rows)]
