"""Open indexes that are to be built anew: asked for, under way, failed, or done but for records refused. Of one that is done nothing stays.

Once one has ended, done or failed, what the office's index refused until then is given to it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.catalog.names import OfficeId
from storage.catalog.outbox import give_again
from storage.catalog.schema import rebuild

__all__ = ["Rebuild", "add_rebuilds", "all_rebuilds", "next_rebuild", "rebuild_done", "rebuild_failed", "rebuild_goes_on"]


@dataclass(frozen=True, slots=True)
class Rebuild:
    """The open index of one office, to be built anew.

    total: records that it is to hold, None where it was not begun. done: read so far. failed: the code of the error that ended it.
    refused: records that the new index, which answers by now, did not take; None where it has not ended so.
    """

    office: OfficeId
    asked_at: datetime
    total: int | None
    done: int
    failed: str | None
    refused: int | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes of it until it is asked for again."""
        return self.failed is not None or self.refused is not None


def add_rebuilds(connection: sa.Connection, offices: Iterable[OfficeId], at: datetime) -> None:
    """Ask for these, in the place of those that have ended; one that waits or is under way goes on."""
    asked, there = set(offices), all_rebuilds(connection)
    ended = {one.office for one in there if one.has_ended}
    connection.execute(rebuild.delete().where(rebuild.c.office_id.in_(asked & ended)))
    new = sorted(asked - ({one.office for one in there} - ended))
    if new:
        connection.execute(rebuild.insert(), [{"office_id": office, "asked_at": at} for office in new])


def all_rebuilds(connection: sa.Connection) -> list[Rebuild]:
    """Those that are not done, in the order in which they are."""
    rows = sa.select(rebuild.c.office_id, rebuild.c.asked_at, rebuild.c.total, rebuild.c.done, rebuild.c.failed, rebuild.c.refused)
    return [Rebuild(*row) for row in connection.execute(rows.order_by(rebuild.c.asked_at, rebuild.c.office_id))]


def next_rebuild(connection: sa.Connection) -> Rebuild | None:
    """The one to begin with, or to begin anew."""
    return next((one for one in all_rebuilds(connection) if not one.has_ended), None)


def rebuild_goes_on(connection: sa.Connection, office: OfficeId, done: int, total: int) -> None:
    """Note how far it has come."""
    connection.execute(rebuild.update().where(rebuild.c.office_id == office).values(done=done, total=total))


def rebuild_failed(connection: sa.Connection, office: OfficeId, code: str) -> None:
    """Note why it ended: what was there goes on answering, and nothing is tried again until it is asked for."""
    connection.execute(rebuild.update().where(rebuild.c.office_id == office).values(failed=code))
    give_again(connection, office)


def rebuild_done(connection: sa.Connection, office: OfficeId, refused: int = 0) -> None:
    """The new index answers. refused: how many records it did not take, which is said until it is asked for again."""
    mine = rebuild.c.office_id == office
    connection.execute(rebuild.update().where(mine).values(refused=refused) if refused else rebuild.delete().where(mine))
    give_again(connection, office)
