"""Closed indexes that are lost, damaged, outdated or incomplete: found, noted in the catalog, and built anew from the sealed parts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from storage.access import Action
from storage.audit.scribe import process
from storage.catalog.audit_rows import add_audit_row
from storage.catalog.holdings import held_in
from storage.catalog.index_faults import all_faults
from storage.catalog.names import OfficeId, PartitionName
from storage.catalog.partitions import all_partitions
from storage.catalog.rebuilds import add_rebuilds, void_rebuild_leases
from storage.catalog.schema import record
from storage.errors import IndexDamaged, IndexIncomplete, IndexOutdated, KeyFileDamaged, VankhoError
from storage.ids import RandomIds, RecordId
from storage.index.entry import IndexEntry
from storage.rebuilding import AT_A_TIME, Rebuilding
from storage.upkeep.counting import miscounts
from storage.upkeep.losses import note, note_lost
from storage.vault.keeper.closed_contents import read_entry
from storage.vault.keeper.closed_files import place_of
from storage.vault.keeper.keeper import Keeper
from storage.vault.keeper.protocol import Json

__all__ = ["Mending", "look_over", "look_over_closed"]

log = structlog.get_logger("keeper")

_REST = 5.0
_BETWEEN_LOOKS = 10.0
_BETWEEN_TRIES = 600.0
_LEASE = timedelta(days=1)
"""The next keeper voids the leases of the one before, and there is one at a time."""


class Mending:
    """Looks for closed indexes that cannot answer, and builds anew what is to be, in one thread.

    When it begins all are counted against the catalog; from then on one that is gone is found by itself, and the others where they are used.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._rebuilding = Rebuilding(keeper.catalog, keeper.clock, keeper.closed, _Builder(keeper), RandomIds().new("keeper"), is_open=False)
        self._is_taken_over = self._has_counted = False
        self._look_at = self._try_at = 0.0
        self._hindrance: str | None = None

    def run(self) -> None:
        """For ever."""
        pause = threading.Event()
        while True:
            pause.wait(self.turn())

    def turn(self) -> float:
        """Look, if it is time, build the next one that is to be built, and say for how many seconds to wait. What hinders it is said once."""
        try:
            if time.monotonic() >= self._try_at:
                self._ask_again()
                self._try_at = time.monotonic() + _BETWEEN_TRIES
            if time.monotonic() >= self._look_at:
                self._look()
                self._look_at = time.monotonic() + _BETWEEN_LOOKS
            rest = self._rebuilding.turn()
        except VankhoError as error:
            if error.code != self._hindrance:
                log.error("closed indexes cannot be looked after", code=error.code)
            self._hindrance = error.code
            return _REST
        self._hindrance = None
        return rest

    def _ask_again(self) -> None:
        """What failed is tried again, as long as it is needed; at first what the keeper before had in hand is freed."""
        with self._keeper.catalog.write() as connection:
            if not self._is_taken_over:
                void_rebuild_leases(connection, is_open=False)
            faulty = [one.partition for one in all_faults(connection) if not one.partition.is_open]
            add_rebuilds(connection, faulty, self._keeper.clock.now())
        self._is_taken_over = True

    def _look(self) -> None:
        if not self._has_counted:
            look_over(self._keeper)
            self._has_counted = True
        else:
            _look_for_lost(self._keeper)


def look_over(keeper: Keeper, only: Iterable[PartitionName] | None = None, *, thoroughly: bool = False) -> None:
    """Have those of these closed partitions' indexes built anew that do not open, or hold other than their records. only: None for all.

    thoroughly: read every page of the files. Raises as `ClosedPartitions` does where an engine is not there at all.
    """
    broken: dict[PartitionName, str] = {}
    with keeper.catalog.read() as connection:
        places = _whole(keeper, connection, only)

    def count(partition: PartitionName) -> int | None:
        try:
            if thoroughly:
                keeper.closed.verify(places[partition])
            return keeper.closed.count(places[partition])
        except (IndexDamaged, IndexOutdated) as error:
            broken[partition] = error.code
            return None

    for one in miscounts(keeper.catalog, places, count):
        broken[one.partition] = IndexIncomplete.code if one.found else IndexDamaged.code
    note(keeper.catalog, keeper.clock, broken)


def _look_for_lost(keeper: Keeper) -> None:
    with keeper.catalog.read() as connection:
        places = _whole(keeper, connection, None)
    note_lost(keeper.catalog, keeper.clock, keeper.closed, places)


def _whole(keeper: Keeper, connection: sa.Connection, only: Iterable[PartitionName] | None) -> dict[PartitionName, OfficeId]:
    """Where the partitions lie of which no fault is known; but for those whose key does not open, as `key list` says."""
    known, places = {one.partition for one in all_faults(connection)}, dict[PartitionName, OfficeId]()
    for name in all_partitions(connection) if only is None else only:
        if not name.is_open and name not in known:
            try:
                places[name] = place_of(keeper.keyring, name)
            except KeyFileDamaged:
                continue
    return places


def look_over_closed(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """The duty of `check`: count all closed indexes against the catalog. thoroughly: and read all of their files. What is found the catalog says."""
    look_over(keeper, thoroughly=values["thoroughly"] is True)
    return {}


class _Builder:
    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def place(self, partition: PartitionName) -> OfficeId:
        return place_of(self._keeper.keyring, partition)

    def keeping(self, lengthen: Callable[[sa.Connection, datetime], None]) -> AbstractContextManager[None]:
        return nullcontext()

    def lease_until(self) -> datetime:
        return self._keeper.clock.now() + _LEASE

    def stop_if_asked(self) -> None:
        """A keeper is killed, and the next one begins anew."""

    def entries(self, partition: PartitionName, last: str) -> Sequence[IndexEntry]:
        """That these records are opened is in the log before they are, one act for all of them."""
        keeper, entries = self._keeper, list[IndexEntry]()
        following = sa.select(record.c.id).where(held_in(partition), record.c.id > sa.bindparam("last")).order_by(record.c.id).limit(AT_A_TIME)
        while not entries:  # all of a batch may have left meanwhile
            with keeper.catalog.write() as connection:
                ids = [RecordId(one) for one in connection.execute(following, {"last": last}).scalars()]
                if not ids:
                    break
                details: dict[str, Json] = {"partition": str(partition), "records": [*ids]}
                add_audit_row(connection, keeper.scribe.row(process("keeper"), Action.REINDEX, details=details))
            last = ids[-1]
            entries = [entry for one in ids if (entry := read_entry(keeper, one, partition)) is not None]
        return entries
