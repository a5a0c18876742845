"""Indexes that are to be built anew: asked for, under way, failed, or done but for records refused. Of one that is done nothing stays.

Open ones are the workers', closed ones the keeper's. One of them at a time has one in hand, by a lease as the queue's, and each of its writes is
fenced by its name. Once one has ended, done or failed, what the partition's index refused until then is given to it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.catalog.index_faults import fault_mended, note_fault
from storage.catalog.names import PartitionName
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
    "note_broken",
    "rebuild_done",
    "rebuild_failed",
    "rebuild_goes_on",
    "void_rebuild_leases",
]


@dataclass(frozen=True, slots=True)
class Rebuild:
    """The index of one partition, to be built anew.

    total: records that it is to hold, None where it was not begun. done: read so far. failed: the code of the error that ended it.
    refused: records that the new index, which answers by now, did not take; None where it has not ended so.
    """

    partition: PartitionName
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
    """The rebuilding of one partition in one hand."""

    partition: PartitionName
    owner: str


_FREE = {"owner": None, "lease_until": None}


def add_rebuilds(connection: sa.Connection, partitions: Iterable[PartitionName], at: datetime) -> None:
    """Ask for these, in the place of those that have ended; one that waits or is under way goes on."""
    asked, there = set(partitions), all_rebuilds(connection)
    ended = {one.partition for one in there if one.has_ended}
    connection.execute(rebuild.delete().where(rebuild.c.partition_id.in_(asked & ended)))
    new = sorted(asked - ({one.partition for one in there} - ended), key=str)
    if new:
        connection.execute(rebuild.insert(), [{"partition_id": partition, "asked_at": at} for partition in new])


def note_broken(connection: sa.Connection, partition: PartitionName, code: str, at: datetime) -> None:
    """Note that the index of a partition takes nothing; that of a closed one is to be built anew at once, which asks nothing of a person."""
    note_fault(connection, partition, code, at)
    if not partition.is_open:
        add_rebuilds(connection, [partition], at)


def all_rebuilds(connection: sa.Connection) -> list[Rebuild]:
    """Those that are not done, in the order in which they are."""
    rows = sa.select(rebuild.c.partition_id, rebuild.c.asked_at, rebuild.c.total, rebuild.c.done, rebuild.c.failed, rebuild.c.refused)
    return [Rebuild(*row) for row in connection.execute(rows.order_by(rebuild.c.asked_at, rebuild.c.partition_id))]


def is_rebuild_awaited(connection: sa.Connection, now: datetime, *, is_open: bool) -> bool:
    """Whether there is one to claim, asked without the lock that a claim takes."""
    return connection.execute(sa.select(sa.exists().where(_is_free(now, is_open)))).scalar_one()


def claim_rebuild(connection: sa.Connection, owner: str, now: datetime, lease_until: datetime, *, is_open: bool) -> Claimed | None:
    """Take the one asked for longest ago that nobody has in hand, for as long as the lease; None where there is none. owner: unique among all."""
    first = (
        sa.select(rebuild.c.partition_id)
        .where(_is_free(now, is_open))
        .order_by(rebuild.c.asked_at, rebuild.c.partition_id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    taken = rebuild.update().where(rebuild.c.partition_id == first).values(owner=owner, lease_until=lease_until, done=0, total=None)
    partition = connection.execute(taken.returning(rebuild.c.partition_id)).scalar_one_or_none()
    return None if partition is None else Claimed(partition, owner)


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
    """Note why it ended: what was there stays as it is, and nothing is tried again until it is asked for."""
    _held(connection, claimed, failed=code, **_FREE)
    give_again(connection, claimed.partition)


def rebuild_done(connection: sa.Connection, claimed: Claimed, refused: int = 0) -> None:
    """The new index answers, whatever ailed the old one. refused: how many records it did not take, which is said until it is asked for again."""
    _held(connection, claimed, refused=refused or None, **_FREE)
    if not refused:
        connection.execute(rebuild.delete().where(rebuild.c.partition_id == claimed.partition))
    fault_mended(connection, claimed.partition)
    give_again(connection, claimed.partition)


def void_rebuild_leases(connection: sa.Connection, *, is_open: bool, host: str = "") -> None:
    """Free whatever earlier workers of a host, or an earlier keeper, had in hand. host: a worker host's name; by default the main host."""
    connection.execute(rebuild.update().where(_of_side(is_open), owned_on(rebuild.c.owner, host)).values(**_FREE))


def _of_side(is_open: bool) -> sa.ColumnElement[bool]:
    named_open = rebuild.c.partition_id.cast(sa.Text).like("open/%")
    return named_open if is_open else sa.not_(named_open)


def _is_free(now: datetime, is_open: bool) -> sa.ColumnElement[bool]:
    unheld = sa.or_(rebuild.c.lease_until.is_(None), rebuild.c.lease_until <= now)
    return sa.and_(_of_side(is_open), rebuild.c.failed.is_(None), rebuild.c.refused.is_(None), unheld)


def _held(connection: sa.Connection, claimed: Claimed, **values: object) -> None:
    """Write `values`, provided that the owner still has it in hand."""
    mine = sa.and_(rebuild.c.partition_id == claimed.partition, rebuild.c.owner == claimed.owner)
    if connection.execute(rebuild.update().where(mine).values(**values)).rowcount != 1:
        raise LeaseLost
