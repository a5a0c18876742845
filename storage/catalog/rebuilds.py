"""Open indexes that are to be built anew: asked for, under way, or failed. Of one that is done nothing stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.catalog.names import OfficeId
from storage.catalog.schema import rebuild

__all__ = ["Rebuild", "add_rebuilds", "all_rebuilds", "next_rebuild", "rebuild_done", "rebuild_failed", "rebuild_goes_on"]


@dataclass(frozen=True, slots=True)
class Rebuild:
    """The open index of one office, to be built anew.

    total: records that it is to hold, None where it was not begun. done: read so far. failed: the code of the error that ended it.
    """

    office: OfficeId
    asked_at: datetime
    total: int | None
    done: int
    failed: str | None


def add_rebuilds(connection: sa.Connection, offices: Iterable[OfficeId], at: datetime) -> None:
    """Ask for these, in the place of those that failed; one that waits or is under way goes on."""
    asked = set(offices)
    connection.execute(rebuild.delete().where(rebuild.c.office_id.in_(asked), rebuild.c.failed.is_not(None)))
    new = sorted(asked - {one.office for one in all_rebuilds(connection)})
    if new:
        connection.execute(rebuild.insert(), [{"office_id": office, "asked_at": at} for office in new])


def all_rebuilds(connection: sa.Connection) -> list[Rebuild]:
    """Those that are not done, in the order in which they are."""
    rows = sa.select(rebuild.c.office_id, rebuild.c.asked_at, rebuild.c.total, rebuild.c.done, rebuild.c.failed)
    return [Rebuild(*row) for row in connection.execute(rows.order_by(rebuild.c.asked_at, rebuild.c.office_id))]


def next_rebuild(connection: sa.Connection) -> Rebuild | None:
    """The one to begin with, or to begin anew."""
    return next((one for one in all_rebuilds(connection) if one.failed is None), None)


def rebuild_goes_on(connection: sa.Connection, office: OfficeId, done: int, total: int) -> None:
    """Note how far it has come."""
    connection.execute(rebuild.update().where(rebuild.c.office_id == office).values(done=done, total=total))


def rebuild_failed(connection: sa.Connection, office: OfficeId, code: str) -> None:
    """Note why it ended: what was there goes on answering, and nothing is tried again until it is asked for."""
    connection.execute(rebuild.update().where(rebuild.c.office_id == office).values(failed=code))


def rebuild_done(connection: sa.Connection, office: OfficeId) -> None:
    """The new index answers."""
    connection.execute(rebuild.delete().where(rebuild.c.office_id == office))
