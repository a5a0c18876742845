"""Indexes brought up to date from the outbox: those of open partitions by the worker, those of closed ones by the keeper."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Final

import sqlalchemy as sa
import structlog

from storage.catalog.engine import Catalog
from storage.catalog.holdings import has_settled
from storage.catalog.index_faults import all_faults, fault_mended
from storage.catalog.names import OfficeId, PartitionName
from storage.catalog.outbox import OutboxRow, applied, refused, unapplied, unapplied_in, waiting_in
from storage.catalog.rebuilds import all_rebuilds, note_broken
from storage.catalog.record_facts import RecordFacts, facts_of
from storage.catalog.states import Operation
from storage.clock import Clock
from storage.errors import KeyFileDamaged, VankhoError
from storage.failpoints import failpoint
from storage.index.open_index import Change, Partitions

__all__ = ["Learning", "ReadChange", "Unchanged"]

_AT_A_TIME: Final = {True: 100, False: 20}
"""Changes to open indexes, and to closed ones: these are read from sealed parts, and found only once all of them are."""

_BETWEEN_EXPUNGES: Final = 1.0
_BETWEEN_LOOKS: Final = 1.0

log = structlog.get_logger("index")


class Unchanged(Enum):
    """Why an outbox row asks for no change now: it is to wait, or nothing of it is left to do."""

    YET = "yet"
    DONE = "done"


ReadChange = Callable[[OutboxRow, RecordFacts | None], Change | Unchanged]
"""What a row asks of the index. Raises KeyFileDamaged where the key of its partition does not open, so that all that is for it waits."""


@dataclass(frozen=True, slots=True)
class _HeldUp:
    """A partition whose index takes no changes. given: the rows that the one being built in its place has taken, if there is one.

    One that is built later reads them from the catalog, where they stood before.
    """

    code: str
    given: frozenset[int] = frozenset()


class Learning:
    """What the open indexes, or the closed ones, are yet to learn, carried out in turns. For one thread."""

    def __init__(self, catalog: Catalog, clock: Clock, index: Partitions, read_change: ReadChange, *, is_open: bool) -> None:
        self._catalog, self._clock, self._index, self._read_change = catalog, clock, index, read_change
        self._is_open, self._side, self._most = is_open, "open" if is_open else "closed", _AT_A_TIME[is_open]
        self._given_up: dict[Change, OutboxRow] = {}
        self._held_up: dict[PartitionName, _HeldUp] = {}
        self._expunge_at = self._look_at = 0.0
        self._early = 0

    def turn(self) -> int:
        """Carry out what waits, oldest first, and return how much that was.

        A record given up counts as done once its words are in no file any more. A change that the index refuses is noted in the outbox, and
        given to it again when it says. What is for a partition whose index is lost, damaged or outdated waits until that is built anew, and is
        given at once to the one that is being built. None of these is in the way of others. Raises as `Partitions` does, and as what reads the
        changes; what was not carried out waits.
        """
        known = {row.id for row in self._given_up.values()}
        with self._catalog.read() as connection:
            looked, unmended = self._look(connection)
            limit = self._most + len(known) + self._early
            rows = unapplied(connection, is_open=self._is_open, limit=limit, now=self._clock.now(), without=self._held_up)
            rows += tuple(row for partition in looked for row in self._of_held_up(connection, partition, known))
            waiting = [(row, facts_of(connection, row.record)) for row in rows if row.id not in known]
        changes, done, errors = self._read(waiting)
        outcome = self._index.apply(list(changes), partial(self._is_new, {change.office: row.partition for change, row in changes.items()}))
        errors |= {row.partition: outcome.held_up[change.office] for change, row in changes.items() if change.office in outcome.held_up}
        self._refuse([(changes.pop(one.change), one.why) for one in outcome.refused])
        self._hold_up({one for one in looked if one not in unmended}, list(changes.values()), errors)
        changes = {change: row for change, row in changes.items() if row.partition not in errors}
        done += [row for row in changes.values() if row.operation is Operation.PUT]
        self._settle(done)
        self._given_up |= {change: row for change, row in changes.items() if row.operation is Operation.DELETE}
        return len(done) + self._expunge()

    def _look(self, connection: sa.Connection) -> tuple[list[PartitionName], set[PartitionName]]:
        """Every second all partitions that are held up, to be given something; and those of them that stay so until they are built anew.

        Who builds one anew, and whoever finds one that is damaged, notes that in the catalog.
        """
        if time.monotonic() < self._look_at:
            return [], set()
        self._look_at = time.monotonic() + _BETWEEN_LOOKS
        codes = {fault.partition: fault.code for fault in all_faults(connection) if fault.partition.is_open == self._is_open}
        for partition in self._held_up.keys() - codes.keys():
            log.info("an index goes on", partition=str(partition))
        self._held_up = {name: _HeldUp(code, self._held_up.get(name, _HeldUp(code)).given) for name, code in codes.items()}
        return [*codes], {one.partition for one in all_rebuilds(connection) if one.refused is None} if codes else set()

    def _of_held_up(self, connection: sa.Connection, partition: PartitionName, known: set[int]) -> tuple[OutboxRow, ...]:
        """What the partition's index was not given yet, and the oldest, to see whether that is taken by now."""
        waiting = [row for row in waiting_in(connection, partition) if row not in known]
        new = [row for row in waiting if row not in self._held_up[partition].given]
        if len(new) > self._most:
            self._look_at = 0.0
        return unapplied_in(connection, {*waiting[:1], *new[: self._most]})

    def _read(
        self, waiting: Iterable[tuple[OutboxRow, RecordFacts | None]]
    ) -> tuple[dict[Change, OutboxRow], list[OutboxRow], dict[PartitionName, VankhoError]]:
        changes: dict[Change, OutboxRow] = {}
        done: list[OutboxRow] = []
        errors: dict[PartitionName, VankhoError] = {}
        self._early = 0
        for row, facts in waiting:
            try:
                change = self._read_change(row, facts)
            except KeyFileDamaged as error:
                errors[row.partition] = error
                continue
            if isinstance(change, Change):
                changes[change] = row
            elif change is Unchanged.DONE:
                done.append(row)
            else:
                self._early += 1
        return changes, done, errors

    def _is_new(self, partitions: Mapping[OfficeId, PartitionName], place: OfficeId) -> bool:
        with self._catalog.read() as connection:
            return not has_settled(connection, partitions[place])

    def _refuse(self, rows: list[tuple[OutboxRow, str]]) -> None:
        if not rows:
            return
        with self._catalog.write() as connection:
            for row, why in rows:
                log.error("an index refuses a record", side=self._side, record=row.record, why=why)
                refused(connection, row, why, self._clock.now())

    def _hold_up(self, looked: set[PartitionName], given: list[OutboxRow], errors: Mapping[PartitionName, VankhoError]) -> None:
        """Note which indexes took nothing of what they were given; those that were looked at and did, or for which nothing waits, go on."""
        found = {name: error.code for name, error in errors.items() if name not in self._held_up or self._held_up[name].code != error.code}
        mended = looked - errors.keys()
        if found or mended:
            with self._catalog.write() as connection:
                for name in mended:
                    fault_mended(connection, name)
                for name, code in found.items():
                    note_broken(connection, name, code, self._clock.now())
            self._look_at = 0.0 if mended else self._look_at
        for name, code in found.items():
            log.error("an index takes nothing, and what is for it waits", partition=str(name), code=code)
        for name, error in errors.items():
            before = self._held_up[name].given if name in self._held_up else frozenset()
            self._held_up[name] = _HeldUp(error.code, before | {row.id for row in given if row.partition == name})

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
        failpoint(f"{self._side}.1 the index is durable")
        with self._catalog.write() as connection:
            for row in rows:
                applied(connection, row, self._clock.now())
        failpoint(f"{self._side}.2 the outbox is applied")
