"""The open index: brought up to date from the outbox, whose rows carry what it shall hold."""

from __future__ import annotations

from pathlib import Path

from storage.archive import Archive
from storage.catalog.names import OfficeId, PartitionName
from storage.catalog.outbox import OutboxRow, applied, unapplied
from storage.catalog.record_facts import RecordFacts, facts_of
from storage.catalog.states import Operation
from storage.failpoints import failpoint
from storage.home import Home
from storage.index.embedded import EmbeddedPartition, open_or_make
from storage.indexed import from_content

__all__ = ["OpenIndex", "open_index_path"]

_AT_A_TIME = 100


def open_index_path(home: Home, office: OfficeId) -> Path:
    """The file of an office's open partition; none until its first open record."""
    return home.catalog / f"open-{office}.db"


class OpenIndex:
    """The open partitions of an instance, opened when first needed. For one thread."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._partitions: dict[PartitionName, EmbeddedPartition] = {}

    def close(self) -> None:
        """Give the files back."""
        for partition in self._partitions.values():
            partition.close()
        self._partitions.clear()

    def apply(self) -> int:
        """Carry out what waits, oldest first, and return how much that was.

        Raises IndexDamaged, IndexOutdated, IndexBusy, StoreFull, StoreFailed; what was not carried out goes on waiting.
        """
        with self._archive.catalog.read() as connection:
            waiting = [(row, facts_of(connection, row.record)) for row in unapplied(connection, is_open=True, limit=_AT_A_TIME)]
        done = [row for row, facts in waiting if self._carry_out(row, facts)]
        if not done:
            return 0
        for name in {row.partition for row in done if row.operation is Operation.DELETE}:
            self._partition(name).expunge()
        failpoint("index.1 the open index is durable")
        with self._archive.catalog.write() as connection:
            for row in done:
                applied(connection, row, self._archive.clock.now())
        failpoint("index.2 the outbox is applied")
        return len(done)

    def _carry_out(self, row: OutboxRow, facts: RecordFacts | None) -> bool:
        """False for a record whose words did not come with it: the row waits for whoever can open the record."""
        partition = self._partition(row.partition)
        if row.operation is Operation.DELETE:
            partition.delete(row.record)
        elif row.content is None or facts is None:
            return False
        else:
            partition.put(from_content(facts, row.content))
        return True

    def _partition(self, name: PartitionName) -> EmbeddedPartition:
        if name not in self._partitions:
            self._partitions[name] = open_or_make(open_index_path(self._archive.home, name.office), self._archive.open_index)
        return self._partitions[name]
