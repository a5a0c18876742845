"""Open indexes built anew by the worker, to which the keeper lends the file keys of their texts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime

import sqlalchemy as sa
import structlog

from ingest.desk import Desk, Stopping
from ingest.heartbeat import kept_in_hand
from storage.archive import decode_key
from storage.catalog.names import OfficeId, PartitionName
from storage.catalog.partitions import all_partitions
from storage.catalog.rebuilds import all_rebuilds
from storage.catalog.schema import record
from storage.errors import BlobMissing, FixityError
from storage.index.entry import IndexEntry
from storage.indexed import entry_of, plain_text
from storage.open_records import OpenRecord, open_records
from storage.rebuilding import AT_A_TIME, PASSES, Rebuilding
from storage.upkeep.losses import note_lost

__all__ = ["Reindexing"]

log = structlog.get_logger("worker")


_BETWEEN_LOOKS = 10.0


class Reindexing:
    """Builds open indexes anew that were lost, and those that `reindex` asks for, in one thread of its own."""

    def __init__(self, desk: Desk) -> None:
        archive = self._archive = desk.archive
        self._look_at = 0.0
        self._rebuilding = Rebuilding(archive.catalog, archive.clock, archive.open_index, _Builder(desk), desk.new_owner(), is_open=True)

    def turn(self) -> float:
        """Build the next index, and say for how many seconds to wait. Raises StoreFailed."""
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + _BETWEEN_LOOKS
            with suppress(*PASSES):
                self._look()
        try:
            return self._rebuilding.turn()
        except Stopping:
            return 0.0

    def _look(self) -> None:
        """Note which indexes are gone; but for those that are to be built anew already, or could not be until a person asks for it again."""
        with self._archive.catalog.read() as connection:
            asked = {one.partition for one in all_rebuilds(connection) if one.refused is None}
            places = {name: name.office for name in all_partitions(connection) if name.is_open and name not in asked}
        note_lost(self._archive.catalog, self._archive.clock, self._archive.open_index, places)


class _Builder:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._archive = desk, desk.archive
        self.lease_until, self.stop_if_asked = desk.lease_until, desk.stop_if_asked

    def place(self, partition: PartitionName) -> OfficeId:
        return partition.office

    def keeping(self, lengthen: Callable[[sa.Connection, datetime], None]) -> AbstractContextManager[None]:
        return kept_in_hand(self._desk, lengthen)

    def entries(self, partition: PartitionName, last: str) -> Sequence[IndexEntry]:
        with self._archive.catalog.read() as connection:
            records = open_records(connection, sa.and_(record.c.office_id == partition.office, record.c.id > last), AT_A_TIME)
        if not records:
            return ()
        keys = self._archive.keeper.ask("open_texts", records=[one.facts.id for one in records])["keys"]
        lent = {name: decode_key(key) for name, key in keys.items()} if isinstance(keys, dict) else {}
        return [self._entry(one, lent.get(one.facts.id)) for one in records]

    def _entry(self, one: OpenRecord, key: bytes | None) -> IndexEntry:
        words = ""
        if one.text is not None and key is not None:
            try:
                words = plain_text(self._desk.open(one.text, key))
            except (BlobMissing, FixityError) as error:
                log.error("a record is found by its description alone", record=one.facts.id, code=error.code)
        return entry_of(one.facts, one.described, words, one.page_count)
