"""How the open index is brought up to date: in order, whatever it refuses, and until nothing is left of what was given up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from classification.levels import Level
from ingest.working import open_change
from storage.catalog.audit_rows import AuditRow
from storage.catalog.blobs import Part
from storage.catalog.deposits import Deposit, take_in
from storage.catalog.engine import Catalog, create_catalog
from storage.catalog.index_faults import all_faults
from storage.catalog.migrations import migrate
from storage.catalog.names import Depositor, OfficeId, PartitionName, SourceId
from storage.catalog.offices import Office, add_office
from storage.catalog.outbox import add_outbox_row, unapplied
from storage.catalog.partitions import add_partition_key
from storage.catalog.rebuilds import Claimed, add_rebuilds, claim_rebuild, rebuild_done, rebuild_failed
from storage.catalog.records import NewRecord
from storage.catalog.states import AuditOutcome, BlobPart, DepositorKind, OfficeKind, Operation
from storage.clock import FixedClock
from storage.ids import BlobId, RecordId, SeededIds
from storage.index.embedded import EmbeddedOpenIndex
from storage.index.entry import IndexEntry
from storage.index.open_index import Applied, Change, IsNew, Rebuilt, Refused, always
from storage.indexed import to_content
from storage.learning import Learning
from storage.upkeep.checking import Kind, check
from storage.vault.blob import Stored
from storage.vault.folder import FolderStore

KEY = bytes(range(32))
T0 = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
OFFICE = OfficeId("h37")
OTHER = OfficeId("h38")
SCANNER = SourceId("scanner")


def learning(catalog: Catalog, clock: FixedClock, index: EmbeddedOpenIndex) -> Learning:
    """The worker's."""
    return Learning(catalog, clock, index, open_change, is_open=True)


class Choosy(EmbeddedOpenIndex):
    """An index that refuses one record, and is slow to forget."""

    refused: RecordId | None = None
    slow = 0
    asked = 0

    def apply(self, changes: Sequence[Change], is_new: IsNew = always) -> Applied:
        self.asked += len(changes)
        applied = super().apply([change for change in changes if change.record != self.refused], is_new)
        return replace(applied, refused=tuple(Refused(change, "too odd") for change in changes if change.record == self.refused))

    def expunge(self, given_up: Sequence[Change]) -> frozenset[Change]:
        self.slow -= 1
        return frozenset() if self.slow >= 0 else super().expunge(given_up)


class World:
    """A catalog with records, and what its outbox has for the open index."""

    def __init__(self, folder: Path) -> None:
        self.catalog: Catalog = create_catalog(folder / "catalog.db", KEY)
        migrate(self.catalog)
        self.ids = SeededIds(b"tests")
        self.index = Choosy(folder, KEY)
        self.clock = FixedClock(T0)
        self.indexing = learning(self.catalog, self.clock, self.index)
        with self.catalog.write() as connection:
            for office in (OFFICE, OTHER):
                add_office(connection, Office(office, "Văn phòng", OfficeKind.PROVINCIAL_COMMITTEE_OFFICE, None, Level.TUYET_MAT, T0))
                add_partition_key(connection, PartitionName(office), f"age1pq{office}", T0)
        self.records = [self._record(name) for name in "abc"]

    def _record(self, name: str) -> RecordId:
        record = NewRecord(RecordId(self.ids.new(f"record/{name}")), OFFICE, Depositor(DepositorKind.SOURCE, SCANNER), name, 9, 1)
        stored = Stored(BlobId(self.ids.new(f"blob/{name}")), 1, b"h" * 32, b"p" * 32, 9, b"s" * 32, 9)
        deposit = Deposit(self.ids.new(f"receipt/{name}"), record, (Part(BlobPart.ORIGINAL, stored, "text/plain"),), 9)
        row = AuditRow(self.ids.new(f"act/{name}"), T0, "deposit", AuditOutcome.DONE, "{}", source="worker", office=OFFICE)
        with self.catalog.write() as connection:
            take_in(connection, self.ids, deposit, T0, lambda _: row)
        return record.id

    def put(self, record: RecordId, text: str = "thuế", office: OfficeId = OFFICE) -> None:
        content = to_content(IndexEntry(record, office, Level.NON_CONFIDENTIAL, text=text))
        with self.catalog.write() as connection:
            add_outbox_row(connection, record, Operation.PUT, PartitionName(office), T0, content)

    def delete(self, record: RecordId, office: OfficeId = OFFICE) -> None:
        with self.catalog.write() as connection:
            add_outbox_row(connection, record, Operation.DELETE, PartitionName(office), T0)

    def waiting(self) -> list[RecordId]:
        with self.catalog.read() as connection:
            return [row.record for row in unapplied(connection, is_open=True, limit=999)]

    def indexed(self) -> set[RecordId]:
        return {one.record_id for one in self.index.entries(OFFICE)}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.index.close()
    made.catalog.close()


def test_changes_are_carried_out_in_their_order(world: World) -> None:
    first, second, _ = world.records
    world.put(first)
    world.put(second, "đất")
    world.put(second, "rừng")
    world.delete(first)
    assert world.indexing.turn() == 4
    assert (world.waiting(), [(one.record_id, one.text) for one in world.index.entries(OFFICE)]) == ([], [(second, "rừng")])
    assert world.indexing.turn() == 0


def test_what_the_index_refuses_waits_and_is_in_nobodys_way(world: World) -> None:
    odd, good, later = world.records
    world.index.refused = odd
    for _ in range(120):  # more than are taken at a time
        world.put(odd)
    world.put(good)
    while world.indexing.turn() or good not in world.indexed():
        pass
    world.put(later)
    assert world.indexing.turn() == 1
    assert (world.waiting(), world.indexed()) == ([odd], {good, later})  # the newest change alone: it holds all that the others would have said
    world.index.refused = None
    assert learning(world.catalog, world.clock, world.index).turn() == 0  # the next process does not try it sooner
    world.clock.set(T0 + timedelta(minutes=10))
    assert world.indexing.turn() == 1
    assert (world.waiting(), world.indexed()) == ([], {odd, good, later})


def test_what_the_index_refuses_is_given_to_it_after_times_that_double_to_a_day(world: World) -> None:
    odd, _, _ = world.records
    world.index.refused = odd
    world.put(odd)
    given = []
    for minute in range(0, 4 * 24 * 60, 10):
        world.clock.set(T0 + timedelta(minutes=minute))
        before = world.index.asked
        world.indexing.turn()
        given += [minute] * (world.index.asked - before)
    assert given == [0, 10, 30, 70, 150, 310, 630, 1270, 2550, 3990, 5430]


def test_a_newer_change_takes_the_place_of_one_that_was_refused(world: World) -> None:
    odd, _, _ = world.records
    world.index.refused = odd
    world.put(odd, "đất")
    assert world.indexing.turn() == 0
    world.index.refused = None
    world.put(odd, "rừng")
    assert world.indexing.turn() == 1
    assert (world.waiting(), [one.text for one in world.index.entries(OFFICE)]) == ([], ["rừng"])


@pytest.mark.parametrize("end", [rebuild_done, lambda connection, claimed: rebuild_failed(connection, claimed, "VK-INDEX-INCOMPLETE")])
def test_what_was_refused_is_given_again_once_its_index_was_built_anew(world: World, end: Callable[[sa.Connection, Claimed], None]) -> None:
    odd, _, _ = world.records
    world.index.refused = odd
    world.put(odd)
    world.indexing.turn()
    world.index.refused = None
    with world.catalog.write() as connection:
        add_rebuilds(connection, [PartitionName(OFFICE)], T0)
        claimed = claim_rebuild(connection, "worker", T0, T0 + timedelta(minutes=1), is_open=True)
    assert claimed is not None and world.indexing.turn() == 0
    with world.catalog.write() as connection:
        end(connection, claimed)
    assert (world.indexing.turn(), world.waiting()) == (1, [])


def test_an_index_built_anew_over_a_damaged_one_is_given_what_waits_and_what_comes_and_all_is_settled_after_it(world: World, tmp_path: Path) -> None:
    first, second, third = world.records
    world.put(first)
    world.indexing.turn()
    world.index.close()
    (tmp_path / f"open-{OFFICE}.db").write_bytes(b"no longer a database" * 500)
    for _ in range(120):  # more than are given at a time
        world.put(second)
    end = time.monotonic() + 30

    def expected(_: object) -> int:
        """Nothing was read: all that the new one comes to hold is given to it meanwhile."""
        if third not in world.waiting():
            world.put(third)
            world.delete(second)
        assert world.indexing.turn() == 0 and time.monotonic() < end
        return 1

    assert world.indexing.turn() == 0
    assert world.index.rebuild(OFFICE, lambda _: (), expected) == Rebuilt(1)
    assert world.indexed() == {third}
    assert world.waiting() == [*[second] * 120, third, second]
    while world.waiting():
        assert time.monotonic() < end
        world.indexing.turn()
    assert world.indexed() == {third}


def test_a_damaged_index_of_one_office_is_named_and_holds_back_no_other(world: World, tmp_path: Path) -> None:
    first, second, third = world.records
    world.put(first)
    world.put(second, office=OTHER)
    world.indexing.turn()
    world.index.slow = 1
    world.delete(first)
    world.delete(second, office=OTHER)
    world.indexing.turn()  # given up, and not yet gone from their files
    world.index.close()
    file = tmp_path / f"open-{OFFICE}.db"
    whole = file.read_bytes()
    file.write_bytes(b"no longer a database" * 500)
    end = time.monotonic() + 30

    def faults() -> list[tuple[OfficeId, str]]:
        with world.catalog.read() as connection:
            return [(fault.partition.office, fault.code) for fault in all_faults(connection)]

    world.put(third)
    world.put(second, office=OTHER)
    while second in world.waiting():
        assert time.monotonic() < end
        world.indexing.turn()
    assert (world.waiting(), faults()) == ([first, third], [(OFFICE, "VK-INDEX-DAMAGED")])
    assert {one.record_id for one in world.index.entries(OTHER)} == {second}
    world.indexing = learning(world.catalog, FixedClock(T0), world.index)  # as the next process finds it
    world.indexing.turn()
    assert faults() == [(OFFICE, "VK-INDEX-DAMAGED")]
    file.write_bytes(whole)
    while world.waiting():
        assert time.monotonic() < end
        world.indexing.turn()
    assert (world.indexed(), faults()) == ({third}, [])


def test_a_record_given_up_is_done_once_nothing_is_left_of_it_and_holds_up_no_other(world: World) -> None:
    gone, stays, later = world.records
    world.put(gone)
    world.put(stays)
    world.indexing.turn()
    world.index.slow = 1
    world.delete(gone)
    world.put(later)
    assert world.indexing.turn() == 1
    assert (world.waiting(), world.indexed()) == ([gone], {stays, later})
    end = time.monotonic() + 30
    while world.waiting():
        assert time.monotonic() < end
        world.indexing.turn()
    assert world.index.slow == -1


def test_check_names_what_waits_too_long_and_an_index_that_holds_other_than_the_catalog_says(world: World, tmp_path: Path) -> None:
    odd, good, _ = world.records
    store = FolderStore(tmp_path / "store")

    def findings(minutes: int) -> list[tuple[Kind, RecordId | None]]:
        clock = FixedClock(T0 + timedelta(minutes=minutes))
        found = check(world.catalog, store, clock, read_data=False, index=world.index)
        return [(one.kind, one.record) for one in (*found.findings, *found.notes) if one.kind.startswith("INDEX")]

    world.put(good)
    assert findings(5) == []  # nor does a note say how much is on its way: who may check may not see every record
    world.indexing.turn()
    assert findings(20) == [(Kind.INDEX_COUNT, None)]  # no record of this catalog is open by now
    world.index.refused = odd
    world.put(odd)
    world.indexing.turn()
    assert findings(5) == []
    assert findings(20) == [(Kind.INDEX_LATE, odd)]
