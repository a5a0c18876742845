"""The open index: brought up to date from the outbox, whose rows carry what it shall hold."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa
import structlog

from storage.catalog.engine import Catalog
from storage.catalog.index_faults import all_faults, fault_mended, note_fault
from storage.catalog.names import OfficeId, PartitionName
from storage.catalog.outbox import OutboxRow, applied, refused, unapplied, unapplied_in, waiting_in
from storage.catalog.record_facts import RecordFacts, facts_of
from storage.catalog.states import Operation
from storage.clock import Clock
from storage.errors import VankhoError
from storage.failpoints import failpoint
from storage.home import Home
from storage.index.open_index import Change, OpenIndex
from storage.indexed import from_content

__all__ = ["OpenIndexing", "open_index_path"]

_AT_A_TIME: Final = 100
_BETWEEN_EXPUNGES: Final = 1.0
_BETWEEN_LOOKS: Final = 1.0

log = structlog.get_logger("worker")


def open_index_path(home: Home, office: OfficeId) -> Path:
    """The file of an office's embedded open partition."""
    return home.catalog / f"open-{office}.db"


@dataclass(frozen=True, slots=True)
class _HeldUp:
    """An office whose index takes no changes. given: the rows that the one being built in its place has taken, if there is one.

    One that is built later reads them from the catalog, where they stood before.
    """

    code: str
    given: set[int]


class OpenIndexing:
    """What the open index is yet to learn, carried out in turns. For one thread."""

    def __init__(self, catalog: Catalog, clock: Clock, index: OpenIndex) -> None:
        self._catalog, self._clock, self._index = catalog, clock, index
        self._given_up: dict[Change, OutboxRow] = {}
        self._held_up: dict[OfficeId, _HeldUp] | None = None
        self._expunge_at = self._look_at = 0.0
        self._early = 0

    def turn(self) -> int:
        """Carry out what waits, oldest first, and return how much that was.

        A record given up counts as done once its words are in no file any more. A change that the index refuses is noted in the outbox, and
        given to it again when it says. What is for an office whose index is damaged or outdated waits until that is built anew, and is given at
        once to the one that is being built. None of these is in the way of others. Raises as `OpenIndex` does; what was not carried out waits.
        """
        known = {row.id for row in self._given_up.values()}
        with self._catalog.read() as connection:
            held_up = self._held_up = self._known_faults(connection) if self._held_up is None else self._held_up
            limit, without = _AT_A_TIME + len(known) + self._early, map(PartitionName, held_up)
            rows = unapplied(connection, is_open=True, limit=limit, now=self._clock.now(), without=without)
            looked = self._looked_at(held_up)
            rows += tuple(row for office in looked for row in self._of_held_up(connection, office, held_up[office], known))
            waiting = [(row, facts_of(connection, row.record)) for row in rows if row.id not in known]
        changes = {change: row for row, facts in waiting if (change := _change(row, facts)) is not None}
        self._early = len(waiting) - len(changes)
        outcome = self._index.apply(list(changes))
        self._refuse([(changes.pop(one.change), one.why) for one in outcome.refused])
        self._hold_up(held_up, looked, list(changes.values()), outcome.held_up)
        changes = {change: row for change, row in changes.items() if change.office not in outcome.held_up}
        done = [row for row in changes.values() if row.operation is Operation.PUT]
        self._settle(done)
        self._given_up |= {change: row for change, row in changes.items() if row.operation is Operation.DELETE}
        return len(done) + self._expunge()

    @staticmethod
    def _known_faults(connection: sa.Connection) -> dict[OfficeId, _HeldUp]:
        """Those that an earlier process met, to be looked at first."""
        return {fault.office: _HeldUp(fault.code, set()) for fault in all_faults(connection)}

    def _refuse(self, rows: list[tuple[OutboxRow, str]]) -> None:
        if not rows:
            return
        with self._catalog.write() as connection:
            for row, why in rows:
                log.error("the open index refuses a record", record=row.record, why=why)
                refused(connection, row, why, self._clock.now())

    def _looked_at(self, held_up: dict[OfficeId, _HeldUp]) -> list[OfficeId]:
        """Which of the offices that are held up are to be looked at now: every second all of them."""
        if time.monotonic() < self._look_at:
            return []
        self._look_at = time.monotonic() + _BETWEEN_LOOKS
        return list(held_up)

    def _of_held_up(self, connection: sa.Connection, office: OfficeId, held_up: _HeldUp, known: set[int]) -> tuple[OutboxRow, ...]:
        """What the office's index was not given yet, and the oldest, to see whether that is taken by now."""
        waiting = [row for row in waiting_in(connection, PartitionName(office)) if row not in known]
        new = [row for row in waiting if row not in held_up.given]
        if len(new) > _AT_A_TIME:
            self._look_at = 0.0
        return unapplied_in(connection, {*waiting[:1], *new[:_AT_A_TIME]})

    def _hold_up(
        self, held_up: dict[OfficeId, _HeldUp], looked: list[OfficeId], given: list[OutboxRow], errors: Mapping[OfficeId, VankhoError]
    ) -> None:
        """Note which offices' indexes took nothing of what they were given; those that were looked at and did, or for which nothing waits, go on."""
        found = {office: error.code for office, error in errors.items() if office not in held_up or held_up[office].code != error.code}
        mended = [office for office in looked if office not in errors]
        if found or mended:
            with self._catalog.write() as connection:
                for office in mended:
                    fault_mended(connection, office)
                for office, code in found.items():
                    note_fault(connection, office, code, self._clock.now())
        for office in mended:
            del held_up[office]
            log.info("the open index of an office goes on", office=office)
        for office, code in found.items():
            log.error("the open index of an office waits", office=office, code=code)
        for office, error in errors.items():
            before = held_up[office].given if office in held_up else set()
            held_up[office] = _HeldUp(error.code, before | {row.id for row in given if row.partition.office == office})

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
    """None for what waits: a record whose words did not come with it, or one that was opened and still lies under a closed key.

    Whoever builds the index anew could not read the latter; so that it is not missed, nothing counts as indexed before it can be read.
    """
    if row.operation is Operation.DELETE:
        return Change(row.partition.office, row.record, row.id, None)
    if row.content is None or facts is None or (facts.wrapped is not None and not facts.wrapped.is_open):
        return None
    return Change(row.partition.office, row.record, row.id, from_content(facts, row.content))
