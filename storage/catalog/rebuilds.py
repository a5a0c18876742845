"""Open indexes that are to be built anew: asked for, under way, failed, or done but for records refused. Of one that is done nothing stays.

One worker at a time has one in hand, by a lease as the queue's, and each of its writes is fenced by its name. Once one has ended, done or failed,
what the office's index refused until then is given to it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.catalog.names import OfficeId
from storage.catalog.outbox import give_again
from storage.catalog.schema import rebuild
from storage.catalog.work import owned_on
from storage.errors import LeaseLost

__all__ = [
    "Claimed",
    "Rebuild",
    "add_rebuilds",
    "all_rebuilds",
    "claim_rebuild",
    "give_back_rebuild",
    "hold_rebuild",
    "is_rebuild_awaited",
    "rebuild_done",
    "rebuild_failed",
    "rebuild_goes_on",
    "void_rebuild_leases",
]


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


@dataclass(frozen=True, slots=True)
class Claimed:
    """The rebuilding of one office in one worker's hand."""

    office: OfficeId
    owner: str


_FREE = {"owner": None, "lease_until": None}


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


def is_rebuild_awaited(connection: sa.Connection, now: datetime) -> bool:
    """Whether there is one to claim, asked without the lock that a claim takes."""
    return connection.execute(sa.select(sa.exists().where(_is_free(now)))).scalar_one()


def claim_rebuild(connection: sa.Connection, owner: str, now: datetime, lease_until: datetime) -> Claimed | None:
    """Take the one asked for longest ago that nobody has in hand, for as long as the lease; None where there is none. owner: unique among workers."""
    first = (
        sa.select(rebuild.c.office_id)
        .where(_is_free(now))
        .order_by(rebuild.c.asked_at, rebuild.c.office_id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    taken = rebuild.update().where(rebuild.c.office_id == first).values(owner=owner, lease_until=lease_until, done=0, total=None)
    office = connection.execute(taken.returning(rebuild.c.office_id)).scalar_one_or_none()
    return None if office is None else Claimed(OfficeId(office), owner)


def hold_rebuild(connection: sa.Connection, claimed: Claimed, lease_until: datetime) -> None:
    """Lengthen the lease. Raises LeaseLost if it is another's by now, as all that follow do."""
    _held(connection, claimed, lease_until=lease_until)


def rebuild_goes_on(connection: sa.Connection, claimed: Claimed, done: int, total: int) -> None:
    """Note how far it has come."""
    _held(connection, claimed, done=done, total=total)


def give_back_rebuild(connection: sa.Connection, claimed: Claimed) -> None:
    """Let go of one that is to be begun anew."""
    _held(connection, claimed, **_FREE)


def rebuild_failed(connection: sa.Connection, claimed: Claimed, code: str) -> None:
    """Note why it ended: what was there goes on answering, and nothing is tried again until it is asked for."""
    _held(connection, claimed, failed=code, **_FREE)
    give_again(connection, claimed.office)


def rebuild_done(connection: sa.Connection, claimed: Claimed, refused: int = 0) -> None:
    """The new index answers. refused: how many records it did not take, which is said until it is asked for again."""
    _held(connection, claimed, refused=refused or None, **_FREE)
    if not refused:
        connection.execute(rebuild.delete().where(rebuild.c.office_id == claimed.office))
    give_again(connection, claimed.office)


def void_rebuild_leases(connection: sa.Connection, host: str = "") -> None:
    """Free whatever earlier workers of a host had in hand. host: a worker host's name; by default the main host."""
    connection.execute(rebuild.update().where(owned_on(rebuild.c.owner, host)).values(**_FREE))


def _is_free(now: datetime) -> sa.ColumnElement[bool]:
    unheld = sa.or_(rebuild.c.lease_until.is_(None), rebuild.c.lease_until <= now)
    return sa.and_(rebuild.c.failed.is_(None), rebuild.c.refused.is_(None), unheld)


def _held(connection: sa.Connection, claimed: Claimed, **values: object) -> None:
    """Write `values`, provided that the owner still has it in hand."""
    mine = sa.and_(rebuild.c.office_id == claimed.office, rebuild.c.owner == claimed.owner)
    if connection.execute(rebuild.update().where(mine).values(**values)).rowcount != 1:
        raise LeaseLost
