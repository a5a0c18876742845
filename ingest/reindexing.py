"""Open indexes built anew from catalog and store, one at a time, while everything else goes on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Final

import sqlalchemy as sa
import structlog

from ingest.desk import Desk, Stopping
from ingest.heartbeat import kept_in_hand
from storage.archive import decode_key
from storage.catalog.open_records import count_open_in
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
from storage.catalog.schema import record
from storage.errors import (
    BlobMissing,
    CatalogBusy,
    FixityError,
    IndexBusy,
    IndexRefused,
    IndexUnreachable,
    KeeperUnreachable,
    LeaseLost,
    StoreFailed,
    StoreUnreachable,
    VankhoError,
)
from storage.ids import RecordId
from storage.index.entry import IndexEntry
from storage.indexed import entry_of, plain_text
from storage.open_records import OpenRecord, open_records

__all__ = ["Reindexing"]

_AT_A_TIME: Final = 100
_IDLE: Final = 1.0
_REST: Final = 5.0
_PASSES: Final = (CatalogBusy, IndexBusy, IndexRefused, IndexUnreachable, KeeperUnreachable, StoreUnreachable)
"""Errors after which the same is tried again."""

log = structlog.get_logger("worker")


class Reindexing:
    """Carries out what `reindex` asked for, in one thread of its own: what changes meanwhile is taken in by the one that keeps the index up to date.

    A rebuilding that a server or the process's end cut off begins anew, that of the first office that was asked for. Of several workers one has it.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk, self._archive = desk, desk.archive
        self._owner = desk.new_owner()
        self._hindrance: str | None = None

    def turn(self) -> float:
        """Build the next index, and say for how many seconds to wait. What is not there is said once. Raises StoreFailed."""
        try:
            claimed = self._claim()
            if claimed is None:
                return _IDLE
            self._carry_out(claimed)
        except Stopping:
            return 0.0
        except LeaseLost:
            log.warning("an index is built anew by another worker, as this one did not say in time that it was at it")
            return _IDLE
        except _PASSES as error:
            if error.code != self._hindrance:
                log.warning("an index that is to be built anew waits", code=error.code)
            self._hindrance = error.code
            return _REST
        self._hindrance = None
        return 0.0

    def _claim(self) -> Claimed | None:
        now = self._archive.clock.now()
        with self._archive.catalog.read() as connection:
            if not is_rebuild_awaited(connection, now):
                return None
        with self._archive.catalog.write() as connection:
            return claim_rebuild(connection, self._owner, now, self._desk.lease_until())

    def _carry_out(self, claimed: Claimed) -> None:
        with self._archive.catalog.read() as connection:
            named = all_partitions(connection)
        try:
            if not any(name.is_open and name.office == claimed.office for name in named):
                self._finish(claimed, 0)  # it never had an open record
                return
            with kept_in_hand(self._desk, lambda connection, until: hold_rebuild(connection, claimed, until)):
                self._rebuild(claimed)
        except (*_PASSES, Stopping):
            with self._archive.catalog.write() as connection:
                give_back_rebuild(connection, claimed)
            raise

    def _rebuild(self, claimed: Claimed) -> None:
        office, start = claimed.office, time.monotonic()
        try:
            reading = _Reading(self._desk, claimed, self._expected(claimed, frozenset()))
            built = self._archive.open_index.rebuild(office, reading, partial(self._expected, claimed))
        except (*_PASSES, LeaseLost, StoreFailed):
            raise
        except VankhoError as error:
            log.error("an index could not be built anew", office=office, code=error.code, **error.facts)
            with self._archive.catalog.write() as connection:
                rebuild_failed(connection, claimed, error.code)
            return
        for refused, why in built.refused.items():
            log.error("the index built anew refuses a record", record=refused, why=why)
        seconds = round(time.monotonic() - start, 1)
        log.info("an index was built anew", office=office, records=built.records, refused=len(built.refused), seconds=seconds)
        self._finish(claimed, len(built.refused))

    def _finish(self, claimed: Claimed, refused: int) -> None:
        with self._archive.catalog.write() as connection:
            rebuild_done(connection, claimed, refused)

    def _expected(self, claimed: Claimed, without: frozenset[RecordId]) -> int:
        """Asked last before the new index takes the old one's place, which who lost the lease must not do."""
        self._desk.stop_if_asked()
        with self._archive.catalog.write() as connection:
            hold_rebuild(connection, claimed, self._desk.lease_until())
            return count_open_in(connection, claimed.office, without)


class _Reading:
    """The open records of an office as catalog and store have them, from one id to the next, batch by batch. total: how many there are."""

    def __init__(self, desk: Desk, claimed: Claimed, total: int) -> None:
        self._desk, self._archive, self._claimed = desk, desk.archive, claimed
        self._done, self._total = 0, total

    def __call__(self, last: str) -> Sequence[IndexEntry]:
        """The next records after `last`; none where there are no more."""
        self._desk.stop_if_asked()
        with self._archive.catalog.read() as connection:
            after = sa.and_(record.c.office_id == self._claimed.office, record.c.id > last)
            records = open_records(connection, after, _AT_A_TIME)
        if not records:
            return ()
        keys = self._archive.keeper.ask("open_texts", records=[one.facts.id for one in records])["keys"]
        lent = {name: decode_key(key) for name, key in keys.items()} if isinstance(keys, dict) else {}
        self._done += len(records)
        with self._archive.catalog.write() as connection:
            rebuild_goes_on(connection, self._claimed, self._done, self._total)
        return [self._entry(one, lent.get(one.facts.id)) for one in records]

    def _entry(self, one: OpenRecord, key: bytes | None) -> IndexEntry:
        words = ""
        if one.text is not None and key is not None:
            try:
                words = plain_text(self._desk.open(one.text, key))
            except (BlobMissing, FixityError) as error:
                log.error("a record is found by its description alone", record=one.facts.id, code=error.code)
        return entry_of(one.facts, one.described, words, one.page_count)
