"""One document's way: received, identified, sanitised, read, described, classified, kept. Only this module knows the order.

A step takes what lies durably in the store, works, and ends in one transaction that holds its result, the next state, the audit row of
an act and the index's outbox: one of its own where it leaves something in the store, that of the next such step otherwise.
Whoever claims a record goes on where the last transaction ended.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from ingest.desk import Desk, Stopping
from ingest.heartbeat import kept_in_hand
from ingest.papers import CHILD_DIED, Papers
from ingest.sandbox.sandbox import ReadingFailed
from ingest.steps.describing import classify, describe
from ingest.steps.keeping import keep
from ingest.steps.quarantine import put_aside
from ingest.steps.reading import identify, read, sanitise
from ingest.steps.rereading import leave_as_it_was, reread
from ingest.steps.resting import tidy
from storage.catalog.states import Reason, State
from storage.catalog.work import Job, claim, failed, give_back, heartbeat
from storage.errors import (
    BlobMissing,
    CatalogBusy,
    DamagedHeader,
    DamagedPayload,
    FixityError,
    KeeperUnreachable,
    KeyNotRight,
    LeaseLost,
    RecordChanged,
    SandboxUnreachable,
    StoreFull,
    StoreUnreachable,
)
from storage.walls.children import NotMainThread

__all__ = ["Waiting", "take_next"]

Step = Callable[[Desk, Papers, Job], Job | None]
"""Does a job's step, and writes it down or puts that off (`Papers.put_off`). Returns the job of the next step, None after the last."""

_STEPS: Final[dict[State, Step]] = {
    State.IDENTIFIED: identify,
    State.SANITISED: sanitise,
    State.READ: read,
    State.DESCRIBED: describe,
    State.CLASSIFIED: classify,
    State.KEPT: keep,
}

_PAUSE: Final = timedelta(seconds=1)
_LONGEST_PAUSE: Final = timedelta(minutes=5)

log = structlog.get_logger("worker")


class Waiting(Exception):
    """What the work needs is not there now (keeper, catalog, store, room on the disk): the record was given back, and waits with the others."""


def take_next(desk: Desk, owner: str) -> bool:
    """Claim the record that has waited longest and take it to its end; False where none waits.

    owner: this worker's name, its own. Raises Waiting, Stopping, SandboxUnreachable and StoreFailed; upon the last two the process is to end.
    """
    with desk.archive.catalog.write() as connection:
        job = claim(connection, owner, desk.archive.clock.now(), desk.lease_until())
    if job is None:
        return False
    try:
        _take_to_its_end(desk, job)
    except LeaseLost:
        log.warning("the record went to another worker", record=job.record)
    except (Stopping, SandboxUnreachable):
        _give_back(desk, job)
        raise
    except NotMainThread as error:  # the zygote died, and this thread may start no other
        _give_back(desk, job)
        raise SandboxUnreachable from error
    except (KeeperUnreachable, StoreFull, StoreUnreachable, CatalogBusy) as error:
        _give_back(desk, job)
        raise Waiting from error
    return True


def _take_to_its_end(desk: Desk, claimed: Job) -> None:
    job: Job | None = claimed
    with Papers(desk, claimed) as papers, kept_in_hand(desk, lambda connection, until: heartbeat(connection, claimed, until)):
        while job is not None:
            desk.stop_if_asked()
            job = _step(desk, papers, job)


def _step(desk: Desk, papers: Papers, job: Job) -> Job | None:
    try:
        return _attempt(desk, papers, job)
    except (BlobMissing, DamagedHeader, DamagedPayload, FixityError, KeyNotRight, RecordChanged) as error:
        log.error("a record is not as it was", record=job.record, step=job.step, code=error.code)
        _try_later(desk, job, Reason.CRASHED)
        return None


def _attempt(desk: Desk, papers: Papers, job: Job) -> Job | None:
    facts = papers.facts()
    is_lent = facts.state is State.KEPT and job.sealed_input is not None
    if facts.wrapped is not None and not is_lent:  # at rest: all but its last tidying was done before
        tidy(desk, job)
        return None
    step, give_up = (reread, leave_as_it_was) if is_lent else (_STEPS[job.step], put_aside)
    if job.is_exhausted:
        give_up(desk, papers, job, job.last_error or Reason.CRASHED)
        return None
    try:
        return step(desk, papers, job)
    except ReadingFailed as error:
        reason = Reason[error.reason.name]
        log.warning("the document was not read", record=job.record, step=job.step, attempt=job.attempts, reason=reason)
        if error.reason in CHILD_DIED:  # that may have been the machine's fault; every other reason is the document's own, and stays what it is
            _try_later(desk, job, reason)
        else:
            give_up(desk, papers, job, reason)
        return None


def _try_later(desk: Desk, job: Job, reason: Reason) -> None:
    with desk.archive.catalog.write() as connection:
        failed(connection, job, reason, desk.archive.clock.now() + min(_PAUSE * job.attempts, _LONGEST_PAUSE))


def _give_back(desk: Desk, job: Job) -> None:
    """Let go of a record without having tried. Where the catalog is not to be had, the lease runs out by itself."""
    try:
        with desk.archive.catalog.write() as connection:
            give_back(connection, job)
    except (CatalogBusy, LeaseLost, StoreFull):
        log.warning("the record could not be given back", record=job.record)
