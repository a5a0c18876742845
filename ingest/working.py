"""What a worker does, in turns: a record through the pipeline, and what the open index is to learn."""

from __future__ import annotations

import time
from typing import Final

import structlog

from ingest.desk import Desk, Stopping
from ingest.indexing_turn import IndexingTurn
from ingest.pipeline import Waiting, take_next
from storage.catalog.blobs import forget_blob, retired_blobs
from storage.catalog.outbox import OutboxRow
from storage.catalog.rebuilds import void_rebuild_leases
from storage.catalog.record_facts import RecordFacts
from storage.catalog.states import Operation
from storage.catalog.work import queue_figures, void_leases
from storage.errors import CatalogBusy, IndexBusy, IndexDamaged, IndexOutdated, IndexRefused, IndexUnreachable, StoreFull, StoreUnreachable
from storage.index.open_index import Change
from storage.indexed import from_content
from storage.learning import Learning, Unchanged

__all__ = ["Hand", "Indexing", "Worker", "open_change", "take_over"]

_IDLE: Final = 0.05
_PAUSE: Final = 1.0
_LONGEST_REST: Final = 10.0
_TEMPORARIES_LIVE: Final = 24 * 3600.0

log = structlog.get_logger("worker")


def take_over(desk: Desk, *, is_first: bool) -> None:
    """Put right what earlier processes left: leases, parts that were replaced, files that were never finished.

    is_first: whether the lock of the instance, or of this worker host's folder, was just taken. Otherwise other workers of the household work, or
    one died while it lived: what that had in hand counts as tried, and comes back when its lease runs out.
    """
    archive = desk.archive
    with archive.catalog.write() as connection:
        if is_first:
            void_leases(connection, desk.host)
            void_rebuild_leases(connection, is_open=True, host=desk.host)
        retired = retired_blobs(connection)
    try:
        for blob in retired:
            archive.store.remove(blob.id)
            with archive.catalog.write() as connection:
                forget_blob(connection, blob.id)
        archive.store.sweep_temporaries(_TEMPORARIES_LIVE)
    except StoreUnreachable as error:
        log.warning("what was replaced is removed by the next start", code=error.code)


class Hand:
    """Takes one record at a time through the pipeline, under a name of its own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._owner = desk.new_owner()
        self._has_worked = True
        self._hindrance: str | None = None

    def turn(self) -> float:
        """Take the next record to its end, and say for how many seconds to wait: none while there may be more. What is not there is said once.

        Raises StoreFailed and SandboxUnreachable, upon which this process is to end.
        """
        try:
            self._has_worked = (self._has_worked or self._is_awaited()) and take_next(self._desk, self._owner)
        except Stopping:
            return 0.0
        except (Waiting, CatalogBusy) as error:
            why = type(error.__cause__ if isinstance(error, Waiting) else error).__name__
            if why != self._hindrance:
                log.warning("waiting", why=why)
            self._hindrance = why
            return _PAUSE
        self._hindrance = None
        return 0.0 if self._has_worked else _IDLE

    def _is_awaited(self) -> bool:
        """Whether to claim, asked without the lock that a claim takes: idle workers must not stand in the way of the door."""
        now = self._desk.archive.clock.now()
        with self._desk.archive.catalog.read() as connection:
            oldest = queue_figures(connection, now).oldest
        return oldest is not None and oldest <= now


class Indexing:
    """Keeps the open index up to date, in one thread, where no other worker does."""

    def __init__(self, desk: Desk) -> None:
        self._archive, self._index = desk.archive, desk.archive.open_index
        self._learning = self._afresh()
        self._turn = IndexingTurn(desk.archive)
        self._fault: str | None = None
        self._rest, self._rest_until = 0.0, 0.0

    def turn(self) -> float:
        """Bring the index up to date, and say for how many seconds to wait. While it cannot be, this is said once. Raises StoreFailed.

        A server is tried again ever more seldom: where one thread does all, one that does not answer must not hold up documents.
        """
        if (left := self._rest_until - time.monotonic()) > 0:
            return left
        if not self._turn.is_mine():
            self._learning = self._afresh()  # what it knew is old once its turn comes
            return _PAUSE
        try:
            count = self._learning.turn()
        except (CatalogBusy, IndexBusy, IndexDamaged, IndexOutdated, IndexRefused, IndexUnreachable, StoreFull) as error:
            if error.code != self._fault:
                log.error("the open index waits", code=error.code, **error.facts)
            self._fault = error.code
            self._index.close()
            if isinstance(error, IndexRefused | IndexUnreachable):
                self._rest = min(self._rest + _PAUSE, _LONGEST_REST)
                self._rest_until = time.monotonic() + self._rest
            return _PAUSE
        self._fault, self._rest = None, 0.0
        return 0.0 if count > 0 else _IDLE

    def close(self) -> None:
        """Give the index back."""
        self._index.close()
        self._turn.end()

    def _afresh(self) -> Learning:
        return Learning(self._archive.catalog, self._archive.clock, self._index, open_change, is_open=True)


class Worker:
    """A hand and the index in the thread that calls it: first a record, then what the index is to learn."""

    def __init__(self, desk: Desk) -> None:
        self._hand = Hand(desk)
        self._indexing = Indexing(desk)

    def turn(self) -> float:
        """Do what there is to do, and say for how many seconds to wait: none while there is more. Raises as the two do."""
        return min(self._hand.turn(), self._indexing.turn())

    def close(self) -> None:
        """Give the index back."""
        self._indexing.close()


def open_change(row: OutboxRow, facts: RecordFacts | None) -> Change | Unchanged:
    """What a row asks of the open index. A record waits whose words did not come with it, or that was opened and still lies under a closed key.

    Whoever builds the index anew could not read the latter; so that it is not missed, nothing counts as indexed before it can be read.
    """
    if row.operation is Operation.DELETE:
        return Change(row.partition.office, row.record, row.id, None)
    if row.content is None or facts is None or (facts.wrapped is not None and not facts.wrapped.is_open):
        return Unchanged.YET
    return Change(row.partition.office, row.record, row.id, from_content(facts, row.content))
