"""The open index: brought up to date from the outbox, whose rows carry what it shall hold."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import structlog

from storage.catalog.engine import Catalog
from storage.catalog.names import OfficeId
from storage.catalog.outbox import OutboxRow, applied, unapplied
from storage.catalog.record_facts import RecordFacts, facts_of
from storage.catalog.states import Operation
from storage.clock import Clock
from storage.failpoints import failpoint
from storage.home import Home
from storage.index.open_index import Change, OpenIndex
from storage.indexed import from_content

__all__ = ["OpenIndexing", "open_index_path"]

_AT_A_TIME: Final = 100
_BETWEEN_EXPUNGES: Final = 1.0

log = structlog.get_logger("worker")


def open_index_path(home: Home, office: OfficeId) -> Path:
    """The file of an office's embedded open partition."""
    return home.catalog / f"open-{office}.db"


class OpenIndexing:
    """What the open index is yet to learn, carried out in turns. For one thread."""

    def __init__(self, catalog: Catalog, clock: Clock, index: OpenIndex) -> None:
        self._catalog, self._clock, self._index = catalog, clock, index
        self._refused: set[int] = set()
        self._given_up: dict[Change, OutboxRow] = {}
        self._expunge_at = 0.0

    def turn(self) -> int:
        """Carry out what waits, oldest first, and return how much that was.

        A record given up counts as done once its words are in no file any more. A change that the index refuses waits, is logged, and is
        given to it again by the next process; neither is in the way of others. Raises as `OpenIndex` does; what was not carried out waits.
        """
        known = self._refused | {row.id for row in self._given_up.values()}
        with self._catalog.read() as connection:
            rows = unapplied(connection, is_open=True, limit=_AT_A_TIME + len(known))
            waiting = [(row, facts_of(connection, row.record)) for row in rows if row.id not in known]
        changes = {change: row for row, facts in waiting if (change := _change(row, facts)) is not None}
        for refused in self._index.apply(list(changes)):
            row = changes.pop(refused.change)
            log.error("the open index refuses a record", record=row.record, why=refused.why)
            self._refused.add(row.id)
        done = [row for row in changes.values() if row.operation is Operation.PUT]
        self._settle(done)
        self._given_up |= {change: row for change, row in changes.items() if row.operation is Operation.DELETE}
        return len(done) + self._expunge()

    def _expunge(self) -> int:
        if not self._given_up or time.monotonic() < self._expunge_at:
            return 0
        self._expunge_at = time.monotonic() + _BETWEEN_EXPUNGES
        gone = [self._given_up[change] for change in self._index.expunge(list(self._given_up))]
        self._settle(gone)
        self._given_up = {change: row for change, row in self._given_up.items() if row not in gone}
        return len(gone)

    def _settle(self, rows: list[OutboxRow]) -> None:
        if not rows:
            return
        failpoint("index.1 the open index is durable")
        with self._catalog.write() as connection:
            for row in rows:
                applied(connection, row, self._clock.now())
        failpoint("index.2 the outbox is applied")


def _change(row: OutboxRow, facts: RecordFacts | None) -> Change | None:
    """None for a record whose words did not come with it: the row waits for whoever can open the record."""
    if row.operation is Operation.DELETE:
        return Change(row.partition.office, row.record, row.id, None)
    if row.content is None or facts is None:
        return None
    return Change(row.partition.office, row.record, row.id, from_content(facts, row.content))
