"""Indexes built anew from catalog and store, one at a time, while everything else goes on: open ones by the worker, closed ones by the keeper."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from typing import Final, Protocol

import sqlalchemy as sa
import structlog

from storage.catalog.engine import Catalog
from storage.catalog.holdings import count_held
from storage.catalog.names import OfficeId, PartitionName
from storage.catalog.partitions import all_partitions
from storage.catalog.rebuilds import (
    Claimed,
    claim_rebuild,
    give_back_rebuild,
    hold_rebuild,
    is_rebuild_awaited,
    rebuild_done,
    rebuild_failed,
    rebuild_goes_on,
)
from storage.clock import Clock
from storage.errors import (
    CatalogBusy,
    IndexBusy,
    IndexRefused,
    IndexUnreachable,
    KeeperUnreachable,
    LeaseLost,
    StoreFailed,
    StoreUnreachable,
    VankhoError,
)
from storage.failpoints import failpoint
from storage.ids import RecordId
from storage.index.entry import IndexEntry
from storage.index.open_index import Batches, Partitions

__all__ = ["AT_A_TIME", "PASSES", "Builder", "Rebuilding"]

AT_A_TIME: Final = 100
"""Records that are read at once, and written down as one act."""

_IDLE: Final = 1.0
_REST: Final = 5.0
PASSES: Final = (CatalogBusy, IndexBusy, IndexRefused, IndexUnreachable, KeeperUnreachable, StoreUnreachable)
"""Errors after which the same is tried again."""

log = structlog.get_logger("index")


class Builder(Protocol):
    """Who builds indexes anew, as far as it is not the same for open and for closed ones."""

    def place(self, partition: PartitionName) -> OfficeId:
        """What the partition's index goes by."""

    def entries(self, partition: PartitionName, last: str) -> Sequence[IndexEntry]:
        """Those of the partition's next records after the id `last`, AT_A_TIME at most, as they are now; none where there are no more."""

    def keeping(self, lengthen: Callable[[sa.Connection, datetime], None]) -> AbstractContextManager[None]:
        """A context in which the lease is lengthened again and again."""

    def lease_until(self) -> datetime:
        """When a lease taken or lengthened now runs out."""

    def stop_if_asked(self) -> None:
        """Raise what ends this process in good order, if it is to end."""


class Rebuilding:
    """Carries out what `reindex` asked for, in one thread of its own: what changes meanwhile is taken in by the one that keeps the index up to date.

    One that a server or the process's end cut off begins anew. They come in the order in which they were asked for; of several workers one has it.
    """

    def __init__(self, catalog: Catalog, clock: Clock, index: Partitions, builder: Builder, owner: str, *, is_open: bool) -> None:
        """owner: the name to claim a rebuilding by, unique."""
        self._catalog, self._clock, self._index, self._builder, self._is_open = catalog, clock, index, builder, is_open
        self._owner = owner
        self._hindrance: str | None = None

    def turn(self) -> float:
        """Build the next index, and say for how many seconds to wait. What is not there is said once. Raises StoreFailed, and as `stop_if_asked`."""
        try:
            claimed = self._claim()
            if claimed is None:
                return _IDLE
            self._carry_out(claimed)
        except LeaseLost:
            log.warning("an index is built anew by another worker, as this one did not say in time that it was at it")
            return _IDLE
        except PASSES as error:
            if error.code != self._hindrance:
                log.warning("an index that is to be built anew waits", code=error.code)
            self._hindrance = error.code
            return _REST
        self._hindrance = None
        return 0.0

    def _claim(self) -> Claimed | None:
        now = self._clock.now()
        with self._catalog.read() as connection:
            if not is_rebuild_awaited(connection, now, is_open=self._is_open):
                return None
        with self._catalog.write() as connection:
            return claim_rebuild(connection, self._owner, now, self._builder.lease_until(), is_open=self._is_open)

    def _carry_out(self, claimed: Claimed) -> None:
        with self._catalog.read() as connection:
            is_named = claimed.partition in all_partitions(connection)
        try:
            if not is_named:
                self._finish(claimed, 0)  # it never had a record
                return
            with self._builder.keeping(lambda connection, until: hold_rebuild(connection, claimed, until)):
                self._rebuild(claimed)
        except (LeaseLost, StoreFailed):
            raise
        except BaseException:
            with self._catalog.write() as connection:
                give_back_rebuild(connection, claimed)
            raise

    def _rebuild(self, claimed: Claimed) -> None:
        name, start = str(claimed.partition), time.monotonic()
        try:
            place, total = self._builder.place(claimed.partition), self._expected(claimed, frozenset())
            built = self._index.rebuild(place, self._batches(claimed, total), partial(self._expected, claimed))
        except (*PASSES, LeaseLost, StoreFailed):
            raise
        except VankhoError as error:
            log.error("an index could not be built anew", partition=name, code=error.code, **error.facts)
            with self._catalog.write() as connection:
                rebuild_failed(connection, claimed, error.code)
            return
        failpoint("rebuild.2 the new index answers")
        for refused, why in built.refused.items():
            log.error("the index built anew refuses a record", record=refused, why=why)
        seconds = round(time.monotonic() - start, 1)
        log.info("an index was built anew", partition=name, records=built.records, refused=len(built.refused), seconds=seconds)
        self._finish(claimed, len(built.refused))

    def _finish(self, claimed: Claimed, refused: int) -> None:
        with self._catalog.write() as connection:
            rebuild_done(connection, claimed, refused)

    def _expected(self, claimed: Claimed, without: frozenset[RecordId]) -> int:
        """Asked last before the new index takes the old one's place, which who lost the lease must not do."""
        self._builder.stop_if_asked()
        with self._catalog.write() as connection:
            hold_rebuild(connection, claimed, self._builder.lease_until())
            return count_held(connection, claimed.partition, without)

    def _batches(self, claimed: Claimed, total: int) -> Batches:
        done = 0

        def following(last: str) -> Sequence[IndexEntry]:
            nonlocal done
            self._builder.stop_if_asked()
            entries = self._builder.entries(claimed.partition, last)
            if entries:
                failpoint("rebuild.1 a batch is read")
                done += len(entries)
                with self._catalog.write() as connection:
                    rebuild_goes_on(connection, claimed, done, total)
            return entries

        return following
