"""What indexes are yet to learn, and what the log is yet to take in."""

from __future__ import annotations

import sqlalchemy as sa
from catalog_world import OFFICE, T0, World, later

from classification.levels import Level
from storage.catalog import schema
from storage.catalog.audit_rows import (
    AuditFilter,
    audit_row,
    audit_rows,
    oldest_waiting,
    sequenced,
    shred_details,
    waiting_rows,
)
from storage.catalog.names import PartitionName
from storage.catalog.outbox import (
    RefusedRow,
    add_outbox_row,
    applied,
    count_refused,
    drop_content,
    is_settled,
    oldest_unapplied,
    refused,
    refused_rows,
    unapplied,
)
from storage.catalog.partitions import add_partition_key, all_partitions, newest_key
from storage.catalog.states import Operation
from storage.ids import RecordId

OPEN, MAT = PartitionName(OFFICE), PartitionName(OFFICE, Level.MAT)


def settled(connection: sa.Connection) -> set[str]:
    return set(connection.execute(sa.select(schema.record.c.id).where(is_settled(schema.record))).scalars())


def test_a_record_with_something_unapplied_is_in_no_answer_until_all_is_applied(world: World) -> None:
    id = RecordId(str(world.take("a").record))  # noqa: A001
    world.partition(OPEN)
    world.partition(MAT)
    with world.catalog.write() as connection:
        assert settled(connection) == {id}
        add_outbox_row(connection, id, Operation.DELETE, OPEN, T0)
        add_outbox_row(connection, id, Operation.PUT, MAT, later(1))
        assert oldest_unapplied(connection) == (2, T0)
        (delete,), (put,) = unapplied(connection, is_open=True, limit=9), unapplied(connection, is_open=False, limit=9)
        assert (delete.partition, put.partition) == (OPEN, MAT)
        applied(connection, put, later(2))
        assert (settled(connection), connection.execute(sa.select(schema.record.c.indexed_at)).scalar_one()) == (set(), None)
        applied(connection, delete, later(3))
        applied(connection, put, later(4))
        assert (settled(connection), connection.execute(sa.select(schema.record.c.indexed_at)).scalar_one()) == ({id}, later(4))
        assert oldest_unapplied(connection) == (0, None)


def test_content_goes_when_a_record_is_closed_before_it_was_indexed(world: World) -> None:
    id = RecordId(str(world.take("a").record))  # noqa: A001
    world.partition(OPEN)
    with world.catalog.write() as connection:
        add_outbox_row(connection, id, Operation.PUT, OPEN, T0, '{"subject":"đất"}')
        add_outbox_row(connection, id, Operation.DELETE, OPEN, T0)
        drop_content(connection, id)
        assert [(row.operation, row.content) for row in unapplied(connection, is_open=True, limit=9)] == [(Operation.DELETE, None)]


def test_rows_are_applied_in_the_order_of_the_acts(world: World) -> None:
    id = RecordId(str(world.take("a").record))  # noqa: A001
    world.partition(OPEN)
    with world.catalog.write() as connection:
        for operation in (Operation.PUT, Operation.DELETE, Operation.PUT):
            add_outbox_row(connection, id, operation, OPEN, T0)
        rows = unapplied(connection, is_open=True, limit=2)
    assert [row.operation for row in rows] == [Operation.PUT, Operation.DELETE]


def test_what_an_index_refused_waits_for_its_time_and_is_counted_by_itself(world: World) -> None:
    ids = [RecordId(str(world.take(name).record)) for name in "ab"]
    world.partition(OPEN)
    with world.catalog.write() as connection:
        for id in ids:  # noqa: A001
            add_outbox_row(connection, id, Operation.PUT, OPEN, T0, "{}")
        odd, good = unapplied(connection, is_open=True, limit=9, now=T0)
        refused(connection, odd, "mapper_parsing_exception" + "x" * 99, later(5))
        assert unapplied(connection, is_open=True, limit=9, now=later(604)) == (good,)
        assert unapplied(connection, is_open=True, limit=9, now=later(605)) == unapplied(connection, is_open=True, limit=9) == (odd, good)
        assert (oldest_unapplied(connection), count_refused(connection)) == ((1, T0), 1)
        told = RefusedRow(ids[0], ("mapper_parsing_exception" + "x" * 99)[:80], later(5), later(605))
        assert refused_rows(connection, sa.true(), 9) == (told,)
        assert refused_rows(connection, schema.record.c.id == ids[1], 9) == refused_rows(connection, sa.true(), 0) == ()
        assert settled(connection) == set()


def test_a_refused_row_goes_with_the_change_that_takes_its_place_and_one_that_gives_up_stays(world: World) -> None:
    id, other = (RecordId(str(world.take(name).record)) for name in "ab")  # noqa: A001
    world.partition(OPEN)
    with world.catalog.write() as connection:
        for record, operation in ((id, Operation.PUT), (other, Operation.PUT), (id, Operation.DELETE), (id, Operation.PUT), (id, Operation.PUT)):
            add_outbox_row(connection, record, operation, OPEN, T0)
        rows = unapplied(connection, is_open=True, limit=9)
        for row in rows[:4]:
            refused(connection, row, "some_exception", T0)
        assert unapplied(connection, is_open=True, limit=9) == rows[1:]
        assert count_refused(connection) == 2
        applied(connection, rows[4], T0)
        assert unapplied(connection, is_open=True, limit=9) == rows[1:3]


def test_a_partition_counts_its_keys(world: World) -> None:
    with world.catalog.write() as connection:
        assert newest_key(connection, MAT) is None
        keys = [add_partition_key(connection, MAT, recipient, T0) for recipient in ("age1pq1a", "age1pq1b")]
        assert [key.n for key in keys] == [1, 2]
        assert newest_key(connection, MAT) == keys[1]
        assert all_partitions(connection) == {MAT}


def test_a_row_gets_its_place_in_the_log_once(world: World) -> None:
    with world.catalog.write() as connection:
        ids = [world.act(connection, name, later(seconds)) for name, seconds in (("b", 2), ("a", 1))]
    with world.catalog.write() as connection:
        assert [row.id for row in waiting_rows(connection, 9)] == ids[::-1]
        assert oldest_waiting(connection) == (2, later(1))
        sequenced(connection, [(ids[1], 0)])
        sequenced(connection, [(ids[1], 1)])
        assert [row.id for row in waiting_rows(connection, 9)] == ids[:1]
        found = audit_row(connection, ids[1])
        assert found is not None
        assert found.seq == 0


def test_a_row_is_there_once_it_is_committed_and_not_before(world: World) -> None:
    with world.catalog.write() as writer:
        id = world.act(writer)  # noqa: A001
        with world.catalog.read() as reader:
            assert audit_row(reader, id) is None
    with world.catalog.read() as reader:
        assert audit_row(reader, id) == world.row("act")


def test_details_can_be_shredded_and_the_leaf_stays(world: World) -> None:
    with world.catalog.write() as connection:
        id = world.act(connection)  # noqa: A001
        shred_details(connection, id)
        found = audit_row(connection, id)
    assert found is not None
    assert (found.details_sealed, found.leaf) == (None, world.row("act").leaf)


def test_auditors_find_rows_by_what_they_ask_newest_first_page_by_page(world: World) -> None:
    with world.catalog.write() as connection:
        ids = [world.act(connection, f"act{n}", later(n // 2), record=f"r{n % 2}") for n in range(8)]
    with world.catalog.read() as connection:
        assert {row.id for row in audit_rows(connection, AuditFilter(record_id="r1"), 9)} == set(ids[1::2])
        assert {row.id for row in audit_rows(connection, AuditFilter(since=later(1), until=later(3)), 9)} == set(ids[2:6])
        assert audit_rows(connection, AuditFilter(person="nga"), 9) == ()
        assert len(audit_rows(connection, AuditFilter(person="lan", action="test", office=OFFICE), 9)) == 8
        pages, after = [], None
        while page := audit_rows(connection, AuditFilter(), 3, after):
            pages.append(page)
            after = (page[-1].time, page[-1].id)
    rows = [row for page in pages for row in page]
    assert [len(page) for page in pages] == [3, 3, 2]
    assert [row.time for row in rows] == sorted((row.time for row in rows), reverse=True)
    assert {row.id for row in rows} == set(ids)
