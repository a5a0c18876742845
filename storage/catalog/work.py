"""The queue: one row a record, claimed with a lease, each write fenced by its owner.

A claim counts the attempt before the work begins, so that work which kills its worker is counted too. An attempt that was cut
off by something else (a worker that stops in good order, an instance that went down as a whole) is taken back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.catalog.schema import work
from storage.catalog.states import Reason, State, next_state
from storage.errors import LeaseLost
from storage.ids import RecordId

__all__ = [
    "MAX_ATTEMPTS",
    "Job",
    "QueueFigures",
    "add_work",
    "claim",
    "close",
    "failed",
    "finish_step",
    "give_back",
    "heartbeat",
    "owned_on",
    "queue_figures",
    "reopen",
    "spend",
    "void_leases",
]

MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Job:
    """A record in hand. owner: unique among workers, each of which has one job at a time.

    step: the state that the next step leads to. attempts: at this step, this one included. last_error: why the one before
    failed; None where it left no word. sealed_input: a password sealed to transit; of a kept record, what was lent to read it again.
    """

    record: RecordId
    owner: str
    step: State
    attempts: int
    last_error: Reason | None
    sealed_input: bytes | None

    @property
    def is_exhausted(self) -> bool:
        """Whether it has failed as often as it may: nothing is left but quarantine."""
        return self.attempts > MAX_ATTEMPTS


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """waiting: free to be claimed, or to be later; in_hand: leased; oldest: since when the longest waiting is ready."""

    waiting: int
    in_hand: int
    oldest: datetime | None


_RETURNED = (work.c.record_id, work.c.owner, work.c.step, work.c.attempts, work.c.last_error, work.c.sealed_input)
_INSERT = work.insert()
_FREE = {"owner": None, "lease_until": None}
_NOW = sa.bindparam("now", type_=work.c.ready_at.type)
_LONGEST_READY = (
    sa.select(work.c.record_id)
    .where(sa.not_(work.c.done), work.c.ready_at <= _NOW, sa.or_(work.c.lease_until.is_(None), work.c.lease_until <= _NOW))
    .order_by(work.c.ready_at, work.c.record_id)
    .limit(1)
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
_CLAIM = (
    work.update()
    .where(work.c.record_id == _LONGEST_READY)
    .values(owner=sa.bindparam("by"), lease_until=sa.bindparam("until", type_=work.c.lease_until.type), attempts=work.c.attempts + 1)
    .returning(*_RETURNED)
)
"""Built once: to build it costs more than to carry it out."""


def add_work(connection: sa.Connection, record_id: RecordId, at: datetime, sealed_input: bytes | None = None) -> None:
    """Put a record that was just received into the queue."""
    values = {"record_id": record_id, "step": next_state(State.RECEIVED), "ready_at": at, "sealed_input": sealed_input}
    connection.execute(_INSERT, values)


def claim(connection: sa.Connection, owner: str, now: datetime, lease_until: datetime) -> Job | None:
    """Take the record that has been ready longest and that nobody holds, for as long as the lease; None where there is none."""
    row = connection.execute(_CLAIM, {"by": owner, "now": now, "until": lease_until}).one_or_none()
    return None if row is None else Job(*row)


def heartbeat(connection: sa.Connection, job: Job, lease_until: datetime) -> None:
    """Lengthen the lease. Raises LeaseLost if the record is another's by now."""
    _held(connection, job, lease_until=lease_until)


def finish_step(connection: sa.Connection, job: Job, lease_until: datetime) -> Job | None:
    """Note that the job's step is done, and go on to the next with a first attempt; None after the last step.

    Belongs into the transaction of the step's result. An input that was sealed for the step is erased with it.
    Raises LeaseLost, upon which the transaction must be undone, if the record is another's by now.
    """
    following = next_state(job.step)
    if following is None:
        close(connection, job)
        return None
    _held(connection, job, step=following, attempts=1, lease_until=lease_until, last_error=None, sealed_input=None)
    return Job(job.record, job.owner, following, attempts=1, last_error=None, sealed_input=None)


def failed(connection: sa.Connection, job: Job, error: Reason, ready_at: datetime) -> None:
    """Let go of a record whose step failed in its child; the attempt counts, and the next is due at `ready_at`. Raises LeaseLost."""
    _held(connection, job, last_error=error, ready_at=ready_at, **_FREE)


def give_back(connection: sa.Connection, job: Job) -> None:
    """Let go of a record without having tried: the attempt does not count. Raises LeaseLost."""
    _held(connection, job, attempts=_one_less(), **_FREE)


def spend(connection: sa.Connection, job: Job, lease_until: datetime, error: Reason | None = None) -> None:
    """Erase what was sealed for the job, whose result stands in the same transaction; error: why there is none. Raises LeaseLost.

    The job stays in hand until what it no longer needs is destroyed.
    """
    _held(connection, job, sealed_input=None, last_error=error, lease_until=lease_until)


def close(connection: sa.Connection, job: Job) -> None:
    """Let go of a record with which nothing more is to be done: it is kept, or quarantined. Raises LeaseLost."""
    _held(connection, job, done=True, sealed_input=None, **_FREE)


def reopen(connection: sa.Connection, record_id: RecordId, at: datetime, sealed_input: bytes | None = None) -> None:
    """Put a record that came back to the state `received`, or that is lent to be read again, into the queue from the first step on."""
    values = {"step": next_state(State.RECEIVED), "attempts": 0, "ready_at": at, "last_error": None, "sealed_input": sealed_input, "done": False}
    connection.execute(work.update().where(work.c.record_id == record_id).values(**values, **_FREE))


def void_leases(connection: sa.Connection, host: str = "") -> int:
    """Free whatever earlier workers of a host had in hand, and return how much that was. host: a worker host's name; by default the main host.

    Those attempts do not count: nothing says that the work, and not the machine, was at fault.
    """
    return connection.execute(work.update().where(owned_on(work.c.owner, host)).values(attempts=_one_less(), **_FREE)).rowcount


def owned_on(owner: sa.ColumnElement[str], host: str) -> sa.ColumnElement[bool]:
    """Whether this owner is a worker of that host: those of worker hosts bear its name and a stroke before their own."""
    return owner.startswith(f"{host}/") if host else sa.not_(owner.contains("/"))


def queue_figures(connection: sa.Connection, now: datetime) -> QueueFigures:
    """What is in the queue at `now`."""
    leased = sa.and_(work.c.lease_until.is_not(None), work.c.lease_until > now)
    free = sa.not_(sa.func.coalesce(leased, sa.false()))
    figures = sa.select(
        sa.func.count().filter(free),
        sa.func.count().filter(leased),
        sa.func.min(work.c.ready_at, type_=work.c.ready_at.type).filter(free),
    ).where(sa.not_(work.c.done))
    waiting, in_hand, oldest = connection.execute(figures).one()
    return QueueFigures(waiting, in_hand, oldest)


def _held(connection: sa.Connection, job: Job, **values: object) -> None:
    """Write `values`, provided that the job's owner still holds it."""
    if connection.execute(work.update().where(work.c.record_id == job.record, work.c.owner == job.owner).values(**values)).rowcount != 1:
        raise LeaseLost


def _one_less() -> sa.ColumnElement[int]:
    return sa.case((work.c.attempts > 0, work.c.attempts - 1), else_=0)
