"""The pipeline at a desk of this process: leases, attempts, what waits and what is taken up again."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from way_world import LETTER, READER_DIES, World, marked, open_index_path

from ingest.desk import Desk, Stopping
from ingest.heartbeat import kept_in_hand
from ingest.papers import Papers
from ingest.pipeline import Waiting, take_next
from ingest.sandbox.sandbox import Sandbox
from ingest.steps.describing import decide_level
from ingest.steps.quarantine import put_aside
from ingest.steps.reading import identify
from ingest.text_part import Reading
from ingest.working import Worker, take_over
from storage.archive import Archive
from storage.catalog.outbox import add_outbox_row
from storage.catalog.states import BlobPart, Operation, Outcome, Reason, State
from storage.catalog.work import Job, claim, heartbeat
from storage.clock import FixedClock
from storage.errors import LeaseLost
from storage.failpoints import arm, disarm
from storage.vault.keeper.client import KeeperClient
from storage.vault.keeper.protocol import rendezvous
from tests.waiting import until

pytestmark = pytest.mark.servers


def claimed(world: World, owner: str, after: timedelta = timedelta()) -> Job:
    now = world.archive.clock.now() + after
    with world.archive.catalog.write() as connection:
        job = claim(connection, owner, now, now + timedelta(seconds=30))
    assert job is not None
    return job


def at_the_end(desk: Desk) -> None:
    worker = Worker(desk)
    while worker.turn() == 0.0:
        pass
    worker.close()


def test_of_a_step_whose_lease_went_to_another_worker_nothing_is_written(world: World, desk: Desk) -> None:
    at_the_end(desk)
    taken = world.deposit("claimed by two, one after the other")
    late = claimed(world, "late")
    with Papers(desk, late) as papers:
        papers.inspection()
        other = claimed(world, "other", after=timedelta(minutes=1))
        before = world.row(taken.receipt.record)
        following = identify(desk, papers, late)
        assert following is not None
        with pytest.raises(LeaseLost):
            put_aside(desk, papers, following, Reason.CRASHED)
    assert world.row(taken.receipt.record) == before
    assert (other.record, other.attempts) == (taken.receipt.record, 2)
    take_over(desk, is_first=True)
    at_the_end(desk)
    assert world.row(taken.receipt.record)["state"] is State.KEPT


def test_a_new_holder_of_the_lock_frees_what_was_in_hand_and_counts_no_attempt(world: World, desk: Desk) -> None:
    at_the_end(desk)
    world.deposit("in hand when the instance went down")
    assert claimed(world, "before").attempts == 1
    assert not take_next(desk, "after")
    take_over(desk, is_first=False)
    assert not take_next(desk, "after")
    take_over(desk, is_first=True)
    assert claimed(world, "after").attempts == 1
    take_over(desk, is_first=True)
    at_the_end(desk)


def test_a_lease_is_lengthened_while_the_work_goes_on(world: World, desk: Desk) -> None:
    at_the_end(desk)
    taken = world.deposit("long work")
    job = claimed(world, "slow")

    def lease() -> object:
        return next(row["lease_until"] for row in world.rows("work") if row["record_id"] == taken.receipt.record)

    before = lease()
    with kept_in_hand(replace(desk, lease=timedelta(milliseconds=60)), lambda connection, until: heartbeat(connection, job, until)):
        until(lambda: lease() != before)
    take_over(desk, is_first=True)
    at_the_end(desk)


def test_without_its_keeper_a_record_waits_and_no_attempt_counts(world: World, desk: Desk) -> None:
    at_the_end(desk)
    secret = marked(LETTER.format(number=31, what="kho tàng", text="Khoản 3."))  # of the highest level others may have made the key before
    taken = world.deposit(secret)
    ours, theirs = rendezvous()
    with ours, theirs:
        keeperless = replace(desk, archive=_with_keeper(desk.archive, KeeperClient(theirs, patience=0.05)))
        for _ in range(5):
            with pytest.raises(Waiting):
                take_next(keeperless, "worker")
    work = next(row for row in world.rows("work") if row["record_id"] == taken.receipt.record)
    assert (work["step"], work["attempts"], work["owner"]) == (State.IDENTIFIED, 0, None)
    at_the_end(desk)
    assert world.settled(taken).reason is None


def test_one_that_is_to_end_puts_its_record_down_untried(world: World, desk: Desk) -> None:
    at_the_end(desk)
    world.deposit("put down")
    with pytest.raises(Stopping):
        take_next(replace(desk, is_stopping=lambda: True), "ending")
    assert claimed(world, "next").attempts == 1
    take_over(desk, is_first=True)
    at_the_end(desk)


def test_a_full_store_lets_records_wait_and_loses_none(world: World, desk: Desk) -> None:
    at_the_end(desk)
    taken = world.deposit("no room for its text")
    arm("enospc@store.3")
    with pytest.raises(Waiting):
        take_next(desk, "worker")
    assert disarm()
    at_the_end(desk)
    assert world.row(taken.receipt.record)["state"] is State.KEPT


def test_a_record_with_a_damaged_part_is_tried_again_later_and_stops_nobody(world: World, desk: Desk) -> None:
    at_the_end(desk)
    taken = world.deposit("its header is damaged")
    header = next(world.home.store.rglob(f"{world.blobs(taken.receipt.record)[BlobPart.ORIGINAL].id}.1"))
    sound = header.read_bytes()
    header.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    other = world.deposit("sound")
    at_the_end(desk)
    work = next(row for row in world.rows("work") if row["record_id"] == taken.receipt.record)
    assert (work["done"], work["last_error"], work["owner"]) == (False, Reason.CRASHED, None)
    assert world.row(other.receipt.record)["state"] is State.KEPT
    header.write_bytes(sound)
    until(lambda: take_next(desk, "worker"))
    assert world.row(taken.receipt.record)["state"] is State.KEPT


def test_a_document_that_kills_its_reader_is_tried_three_times_and_put_aside(world: World, desk: Desk) -> None:
    at_the_end(desk)
    taken = world.deposit(READER_DIES)
    clock = FixedClock(world.archive.clock.now())
    later = replace(desk, archive=replace(desk.archive, clock=clock))
    for attempt in (1, 2, 3):
        assert take_next(later, "worker")
        work = next(row for row in world.rows("work") if row["record_id"] == taken.receipt.record)
        assert (work["attempts"], work["last_error"], work["done"]) == (attempt, Reason.CRASHED, False)
        clock.set(clock.now() + timedelta(minutes=1))
    assert take_next(later, "worker")
    receipt = world.receipt(taken.receipt.id)
    assert (receipt.outcome, receipt.reason) == (Outcome.QUARANTINED, Reason.CRASHED)
    assert world.content(world.blobs(receipt.record)[BlobPart.ORIGINAL]) == READER_DIES.encode()


def test_a_damaged_index_stops_no_document_and_is_caught_up_once_it_is_back(world: World, desk: Desk) -> None:
    at_the_end(desk)
    world.deposit(LETTER.format(number=34, what="gió", text="Khoản 6."))
    at_the_end(desk)
    path = open_index_path(world.home, world.archive.office)
    sound = path.read_bytes()
    path.write_bytes(b"damaged" * 1000)
    taken = world.deposit(LETTER.format(number=35, what="gió", text="Khoản 7."))
    worker = Worker(desk)
    assert worker.turn() == 0.0
    assert world.row(taken.receipt.record)["state"] is State.KEPT
    assert worker.turn() > 0.0
    assert world.row(taken.receipt.record)["indexed_at"] is None
    path.write_bytes(sound)
    end = time.monotonic() + 30
    while world.row(taken.receipt.record)["indexed_at"] is None:  # it is looked at every second
        assert time.monotonic() < end
        worker.turn()
    worker.close()


def test_an_index_row_whose_words_did_not_come_with_it_goes_on_waiting(world: World, desk: Desk) -> None:
    at_the_end(desk)
    settled = world.deposit(LETTER.format(number=32, what="bão", text="Khoản 4."))
    at_the_end(desk)
    facts = world.facts(settled.receipt.record)
    with world.archive.catalog.write() as connection:
        add_outbox_row(connection, facts.id, Operation.PUT, facts.home, world.archive.clock.now())
    at_the_end(desk)
    assert [row["record_id"] for row in world.rows("outbox") if row["record_id"] == facts.id] == [facts.id]
    with world.archive.catalog.write() as connection:
        add_outbox_row(connection, facts.id, Operation.DELETE, facts.home, world.archive.clock.now())
    at_the_end(desk)
    assert [row["operation"] for row in world.rows("outbox") if row["record_id"] == facts.id] == [Operation.PUT]


def test_what_was_read_is_the_same_after_a_crash(world: World) -> None:
    with Sandbox() as sandbox:
        desk = world.desk(sandbox)
        at_the_end(desk)
        pdf = _printed_page()
        taken = world.deposit(pdf, "quét.pdf")
        at_the_end(desk)
        content = world.content(world.blobs(taken.receipt.record)[BlobPart.TEXT])
    reading = Reading.parse(content)
    assert reading.content() == content
    assert reading.pages[0].words
    assert "CHI THI" in json.loads(content)["pages"][0]["text"]
    assert any("CHI THI" in line.text for line in reading.for_classification().pages[0].lines)


def test_no_machine_lowers_a_level_that_was_decided_before(world: World, desk: Desk) -> None:
    at_the_end(desk)
    taken = world.deposit(LETTER.format(number=33, what="mưa", text="Khoản 5."))
    job = claimed(world, "worker")
    with Papers(desk, job) as papers:
        papers.read(lambda _: None)
        found = papers.classification()
        fresh = papers.facts()
        assert not decide_level(fresh, found).level.confidential
        for level in type(fresh.office_highest):
            before = replace(fresh, level=level, review=level.confidential)
            decided = decide_level(before, found)
            assert (decided.level, decided.review) == (level, level.confidential)
        assert decide_level(replace(fresh, work_secret=True), found).work_secret is False
        assert decide_level(replace(fresh, level=level, work_secret=True), found).work_secret is True
    take_over(desk, is_first=True)
    at_the_end(desk)
    assert world.row(taken.receipt.record)["state"] is State.KEPT


def _with_keeper(archive: Archive, keeper: KeeperClient) -> Archive:
    return replace(archive, keeper=keeper)


def _printed_page() -> bytes:
    import io

    from pikepdf import Dictionary, Name, Pdf

    with Pdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(595, 842))
        page.obj.Resources = Dictionary(Font=Dictionary(F=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)))
        page.obj.Contents = pdf.make_stream(b"BT /F 14 Tf 72 700 Td (CHI THI so 5) Tj ET")
        target = io.BytesIO()
        pdf.save(target)
        return target.getvalue()
