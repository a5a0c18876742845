"""A deposit is one transaction: everything of it is there or nothing, and a repeat changes nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from catalog_world import LAN, OFFICE, T0, World, later, open_at

from classification.levels import Level
from storage.catalog import schema
from storage.catalog.audit_rows import AuditRow
from storage.catalog.blobs import add_blob, blob_of, blobs_of, forget_blob, retire_blob, retired_blobs, rewrapped_header
from storage.catalog.deposits import Receipt, RequestKey, add_batch, other_copies, receipt_of, receipts_of_batch, refuse, settle, take_in
from storage.catalog.names import Depositor, PartitionName
from storage.catalog.record_facts import Change, facts_of
from storage.catalog.records import Classified, advance, classify, dispose, keep, quarantine, return_to_transit, rewrapped, withdraw
from storage.catalog.states import BlobPart, DepositorKind, Outcome, Reason, State
from storage.errors import RequestKeyReused, TransitionRefused
from storage.ids import RecordId

TABLES = (schema.record, schema.blob, schema.work, schema.receipt, schema.audit_pending, schema.record_fact)
HIGHEST = PartitionName(OFFICE, Level.TUYET_MAT)
OPEN = PartitionName(OFFICE)
PLAIN = Classified(Level.NON_CONFIDENTIAL, Level.NON_CONFIDENTIAL, frozenset(), work_secret=False, review=False)


def counts(world: World) -> list[int]:
    with world.catalog.read() as connection:
        return [connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in TABLES]


def record_of(receipt: Receipt | None) -> RecordId:
    assert receipt is not None
    assert receipt.record is not None
    return receipt.record


def kept(world: World, name: str, **changes: object) -> RecordId:
    id = record_of(world.take(name, **changes))  # type: ignore[arg-type]  # noqa: A001
    if OPEN not in partitions(world):
        world.partition(OPEN)
    with world.catalog.write() as connection:
        for state in (State.IDENTIFIED, State.SANITISED, State.READ, State.DESCRIBED):
            advance(connection, id, state)
        classify(connection, world.ids, id, PLAIN, Change(later(5), world.act(connection, f"classify/{name}")))
        keep(connection, id, OPEN, 1, later(6))
        settle(connection, id, Outcome.STORED, None)
    return id


def partitions(world: World) -> set[PartitionName]:
    with world.catalog.read() as connection:
        return set(connection.execute(sa.select(schema.partition.c.id)).scalars())


def state_of(world: World, id: RecordId) -> State:  # noqa: A002
    with world.catalog.read() as connection:
        facts = facts_of(connection, id)
        assert facts is not None
        return facts.state


def no_audit_row(record: RecordId) -> AuditRow:
    raise ZeroDivisionError


def test_a_deposit_leaves_one_of_everything(world: World) -> None:
    receipt = world.take("a")
    assert counts(world) == [1, 1, 1, 1, 1, 1]
    with world.catalog.read() as connection:
        assert receipt_of(connection, receipt.id) == receipt
        assert receipt.outcome is Outcome.ACCEPTED
        assert [row.part for row in blobs_of(connection, record_of(receipt))] == [BlobPart.ORIGINAL]


def test_a_deposit_that_fails_leaves_nothing(world: World) -> None:
    with pytest.raises(ZeroDivisionError), world.catalog.write() as connection:
        take_in(connection, world.ids, world.deposit("a"), T0, lambda record: world.row("deposit", T0, record))
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), world.catalog.write() as connection:
        take_in(connection, world.ids, world.deposit("a"), T0, no_audit_row)
    assert counts(world) == [0, 0, 0, 0, 0, 0]


def test_a_repeated_request_gets_the_same_receipt(world: World) -> None:
    request = RequestKey("credential", "key", "body")
    first = world.take("a", request=request)
    before = counts(world)
    again = world.take("a2", tag="tag-a", request=request)
    assert (again, counts(world)) == (first, before)


def test_a_hundred_repeats_in_parallel_make_one_record(world: World) -> None:
    request = RequestKey("credential", "key", "body")
    with ThreadPoolExecutor(8) as threads:
        receipts = set(threads.map(lambda n: world.take(f"a{n}", tag="same", request=request), range(100)))
    assert len(receipts) == 1
    assert counts(world) == [1, 1, 1, 1, 1, 1]


def test_a_request_key_with_other_bytes_is_refused(world: World) -> None:
    world.take("a", request=RequestKey("credential", "key", "body"))
    before = counts(world)
    with pytest.raises(RequestKeyReused):
        world.take("b", request=RequestKey("credential", "key", "other body"))
    assert counts(world) == before
    assert world.take("b", request=RequestKey("another's", "key", "other body")).outcome is Outcome.ACCEPTED


def test_a_repeat_waits_for_the_unfinished_record_and_gives_its_outcome(world: World) -> None:
    first = world.take("a", tag="same")
    second = world.take("b", tag="same")
    assert (second.record, second.outcome) == (first.record, Outcome.ACCEPTED)
    with world.catalog.write() as connection:
        settle(connection, record_of(first), Outcome.STORED, None)
        assert [record_of(receipt_of(connection, each.id)) for each in (first, second)] == [first.record] * 2
        outcomes = [receipt.outcome for each in (first, second) if (receipt := receipt_of(connection, each.id))]
    assert outcomes == [Outcome.STORED] * 2


def test_a_repeat_of_a_kept_record_is_a_duplicate(world: World) -> None:
    id = kept(world, "a", tag="same")  # noqa: A001
    again = world.take("b", tag="same")
    assert (again.record, again.outcome) == (id, Outcome.DUPLICATE)


def test_a_repeat_of_a_quarantined_record_says_so(world: World) -> None:
    id = record_of(world.take("a", tag="same"))  # noqa: A001
    world.partition(HIGHEST)
    with world.catalog.write() as connection:
        quarantine(connection, id, Reason.NEEDS_PASSWORD, HIGHEST, 1)
        settle(connection, id, Outcome.QUARANTINED, Reason.NEEDS_PASSWORD)
    again = world.take("b", tag="same")
    assert (again.record, again.outcome, again.reason) == (id, Outcome.QUARANTINED, Reason.NEEDS_PASSWORD)


def test_what_was_withdrawn_may_be_brought_again(world: World) -> None:
    id = kept(world, "a", tag="same")  # noqa: A001
    with world.catalog.write() as connection:
        withdraw(connection, world.ids, id, Change(later(9), world.act(connection, "withdraw")))
    assert world.take("b", tag="same").record != id


def test_anothers_copy_is_stored_and_found_as_a_copy(world: World) -> None:
    mine = record_of(world.take("a", tag="same"))
    deposit = world.deposit("b", tag="same")
    deposit = replace(deposit, record=replace(deposit.record, depositor=Depositor(DepositorKind.SOURCE, LAN.id)))
    with world.catalog.write() as connection:
        theirs = take_in(connection, world.ids, deposit, later(1), lambda record: world.row("deposit/b", T0, record))
    assert theirs.record == deposit.record.id
    with world.catalog.read() as connection:
        assert (other_copies(connection, mine), other_copies(connection, deposit.record.id)) == ((deposit.record.id,), (mine,))


def test_a_refused_deposit_keeps_a_receipt_and_no_record(world: World) -> None:
    refused = Receipt("receipt", OFFICE, LAN, None, None, Outcome.REFUSED, Reason.EMPTY, 0, T0)
    with world.catalog.write() as connection:
        refuse(connection, refused, world.row("refuse"))
    assert counts(world) == [0, 0, 0, 1, 1, 0]
    with pytest.raises(sa.exc.IntegrityError, match="says_why"), world.catalog.write() as connection:
        refuse(connection, replace(refused, id="another", reason=None), world.row("refuse again"))


def test_a_batch_is_counted_from_its_receipts(world: World) -> None:
    with world.catalog.write() as connection:
        add_batch(connection, "batch", OFFICE, LAN, T0)
        for n, name in enumerate("ab"):
            deposit = world.deposit(name)
            deposit = replace(deposit, record=replace(deposit.record, batch="batch"))
            take_in(connection, world.ids, deposit, later(n), lambda record: world.row(f"deposit/{record}", T0, record))
        assert [receipt.id for receipt in receipts_of_batch(connection, "batch")] == [world.deposit(name).receipt_id for name in "ab"]


def test_a_record_goes_only_the_ways_that_there_are(world: World) -> None:
    id = record_of(world.take("a"))  # noqa: A001
    for state in (State.SANITISED, State.KEPT, State.DESCRIBED):
        with pytest.raises(TransitionRefused), world.catalog.write() as connection:
            advance(connection, id, state)
    with pytest.raises(TransitionRefused), world.catalog.write() as connection:
        withdraw(connection, world.ids, id, Change(T0, world.act(connection)))
    with world.catalog.write() as connection:
        advance(connection, id, State.IDENTIFIED, media_type="application/pdf")
        advance(connection, id, State.SANITISED, page_count=3)
        row = connection.execute(schema.record.select()).one()
    assert (row.state, row.media_type, row.page_count) == (State.SANITISED, "application/pdf", 3)


def test_an_unlocked_record_goes_through_all_steps_again(world: World) -> None:
    id = record_of(world.take("a"))  # noqa: A001
    world.partition(HIGHEST)
    with world.catalog.write() as connection:
        quarantine(connection, id, Reason.NEEDS_PASSWORD, HIGHEST, 1)
    assert state_of(world, id) is State.QUARANTINED
    with world.catalog.write() as connection:
        return_to_transit(connection, id, 2)
        facts = facts_of(connection, id)
    assert facts is not None
    assert (facts.state, facts.wrapped) == (State.RECEIVED, None)


def test_a_kept_record_is_reclassified_in_place_and_rewrapped_after(world: World) -> None:
    id, mat = kept(world, "a"), world.partition(PartitionName(OFFICE, Level.MAT))  # noqa: A001
    raised = replace(PLAIN, level=Level.MAT)
    with world.catalog.write() as connection:
        classify(connection, world.ids, id, raised, Change(later(9), world.act(connection, "raise")), again=True)
        between = facts_of(connection, id)
        rewrapped(connection, id, mat, 1)
        after = facts_of(connection, id)
    assert between is not None
    assert after is not None
    assert (between.home, between.wrapped) == (mat, OPEN)
    assert (after.home, after.wrapped, after.state) == (mat, mat, State.KEPT)


def test_disposal_is_final(world: World) -> None:
    id = kept(world, "a")  # noqa: A001
    with world.catalog.write() as connection:
        dispose(connection, world.ids, id, Change(later(9), world.act(connection, "dispose")))
    for state in State:
        with pytest.raises(TransitionRefused), world.catalog.write() as connection:
            advance(connection, id, state)


def test_a_part_is_replaced_without_a_moment_of_two_or_none(world: World) -> None:
    id = record_of(world.take("a"))  # noqa: A001
    with world.catalog.write() as connection:
        add_blob(connection, id, BlobPart.DESCRIPTION, world.stored("first"), None)
    with pytest.raises(sa.exc.IntegrityError, match=r"(?i)unique"), world.catalog.write() as connection:
        add_blob(connection, id, BlobPart.DESCRIPTION, world.stored("second"), None)
    with world.catalog.write() as connection:
        retire_blob(connection, id, BlobPart.DESCRIPTION, later(1))
        add_blob(connection, id, BlobPart.DESCRIPTION, world.stored("second"), None)
        live, (retired,) = blob_of(connection, id, BlobPart.DESCRIPTION), retired_blobs(connection)
        assert live is not None
        assert (live.id, retired.id) == (world.stored("second").id, world.stored("first").id)
        forget_blob(connection, retired.id)
        forget_blob(connection, live.id)
        assert (retired_blobs(connection), blob_of(connection, id, BlobPart.DESCRIPTION)) == ((), live)


def test_a_header_moves_on_by_one_version(world: World) -> None:
    id = record_of(world.take("a"))  # noqa: A001
    with world.catalog.write() as connection:
        before = blob_of(connection, id, BlobPart.ORIGINAL)
        assert before is not None
        rewrapped_header(connection, before, b"n" * 32)
        after = blob_of(connection, id, BlobPart.ORIGINAL)
        assert after == replace(before, header_version=2, header_sha256=b"n" * 32)
        with pytest.raises(RuntimeError):
            rewrapped_header(connection, before, b"m" * 32)


_DEPOSIT_FOREVER = """
import sys
sys.path.insert(0, sys.argv[1])
from catalog_world import World
world = World(sys.argv[2])
for n in range(100_000):
    print(world.take(f"r{n}").record, flush=True)
"""


@pytest.mark.servers
def test_what_was_acknowledged_before_a_kill_is_there_whole(world: World) -> None:
    world.catalog.close()
    command = [sys.executable, "-c", _DEPOSIT_FOREVER, str(Path(__file__).parent), world.place]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(25)]
        process.send_signal(signal.SIGKILL)
        acknowledged += process.stdout.read().split("\n")[:-1]
    catalog = open_at(world.place)
    with catalog.read() as connection:
        found = set(connection.execute(sa.select(schema.record.c.id)).scalars())
        rows = {connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in TABLES}
    catalog.close()
    assert set(acknowledged) <= found
    assert rows == {len(found)}
    assert len(found) - len(acknowledged) in (0, 1)
