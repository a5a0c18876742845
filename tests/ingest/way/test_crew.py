"""Many records in hand at once, the pages of one read by several children, and long documents that are cut off in the middle."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from pikepdf import Dictionary, Name, Pdf
from way_world import LETTER, PATIENCE, World, armed

from ingest.crew import work
from ingest.desk import Desk
from ingest.page_readers import PageReaders
from ingest.pipeline import take_next
from ingest.reasons import Reason as ReadingReason
from ingest.text_part import Reading
from ingest.working import take_over
from storage.catalog.states import BlobPart, Outcome, Reason, State
from storage.clock import FixedClock
from tests.waiting import until

pytestmark = pytest.mark.servers

DIES_LATE = "its reader dies behind page 16"
DIES_EARLY = "its reader dies of each page up to 16"


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    armed(None)


def test_two_records_are_in_hand_at_once_and_both_are_given_back_when_the_worker_is_to_end(world: World, desk: Desk) -> None:
    _work_to_the_end(world, desk)
    taken = [world.deposit(LETTER.format(number=number, what="triều cường", text="Khoản 1.")) for number in (71, 72, 73)]
    records = {one.receipt.record for one in taken}

    def rows() -> list[sa.RowMapping]:
        return [row for row in world.rows("work") if row["record_id"] in records]

    stop, both, go_on = threading.Event(), threading.Barrier(3), threading.Event()

    def is_stopping() -> bool:
        """What each hand asks before each step; it is held there until the test has looked."""
        if not go_on.is_set():
            both.wait(PATIENCE)
            go_on.wait(PATIENCE)
        return stop.is_set()

    crew = threading.Thread(target=work, args=(replace(desk, is_stopping=is_stopping), stop, 2))
    crew.start()
    both.wait(PATIENCE)
    in_hand = [row["owner"] for row in rows() if row["owner"] is not None]
    stop.set()
    go_on.set()
    crew.join()
    assert len(set(in_hand)) == len(in_hand) == 2
    assert {(row["owner"], row["attempts"], row["done"]) for row in rows()} == {(None, 0, False)}
    _work_to_the_end(world, desk)
    assert {world.receipt(one.receipt.id).outcome for one in taken} == {Outcome.STORED}


def test_a_long_document_cut_off_is_read_on_from_the_last_page_kept(world: World, desk: Desk) -> None:
    armed("kill@read.2")
    world.household.start_workers()
    taken = world.deposit(_pdf(40), "dài.pdf")
    until(lambda: world.household.worker_pid is None)
    world.household.stop_workers()
    record = taken.receipt.record
    cut_off = Reading.parse(world.content(world.blobs(record)[BlobPart.TEXT]))
    assert ([page.number for page in cut_off.pages], cut_off.complete) == (list(range(1, 17)), False)
    assert world.row(record)["state"] is State.SANITISED
    assert not world.receipt(taken.receipt.id).outcome.final

    take_over(desk, is_first=True)
    assert take_next(replace(desk, readers=PageReaders(2)), "after")
    whole = Reading.parse(world.content(world.blobs(record)[BlobPart.TEXT]))
    assert ([page.number for page in whole.pages], whole.complete) == (list(range(1, 41)), True)
    printed = [f"Page {number} of a long report" for number in range(1, 17)]
    asked = [*["asked 17 to 24"] * 8, *["asked 25 to 32"] * 8, *["asked 33 to 36"] * 4, *["asked 37 to 40"] * 4]
    assert [page.text.strip() for page in whole.pages] == printed + asked
    world.assert_kept_parts_alone(record)


def test_of_a_long_document_that_cannot_be_read_to_its_end_no_part_is_left_as_its_text(world: World, desk: Desk) -> None:
    _work_to_the_end(world, desk)
    taken = world.deposit(_pdf(20, DIES_LATE), "hỏng ở cuối.pdf")
    clock = FixedClock(world.archive.clock.now())
    later = replace(desk, archive=replace(desk.archive, clock=clock))
    for _ in range(3):
        assert take_next(later, "worker")
        assert not Reading.parse(world.content(world.blobs(taken.receipt.record)[BlobPart.TEXT])).complete
        clock.set(clock.now() + timedelta(minutes=1))
    assert take_next(later, "worker")
    receipt = world.receipt(taken.receipt.id)
    assert (receipt.outcome, receipt.reason) == (Outcome.QUARANTINED, Reason.CRASHED)
    assert set(world.blobs(receipt.record)) == {BlobPart.ORIGINAL, BlobPart.ENVELOPE}
    world.assert_kept_parts_alone(receipt.record)


def test_a_document_each_page_of_which_kills_its_reader_is_given_up_as_a_whole(world: World, desk: Desk) -> None:
    _work_to_the_end(world, desk)
    taken = world.deposit(_pdf(20, DIES_EARLY), "bẫy.pdf")
    assert take_next(replace(desk, readers=PageReaders(2)), "worker")
    reading = Reading.parse(world.content(world.blobs(taken.receipt.record)[BlobPart.TEXT]))
    assert [(page.number, page.reason) for page in reading.pages] == [(number, ReadingReason.CRASHED) for number in range(1, 21)]
    assert world.row(taken.receipt.record)["review"]


def _work_to_the_end(world: World, desk: Desk) -> None:
    stop = threading.Event()
    crew = threading.Thread(target=work, args=(replace(desk, is_stopping=stop.is_set), stop, 2))
    crew.start()
    try:
        until(world.is_idle)
    finally:
        stop.set()
        crew.join()


def _pdf(pages: int, note: str = "") -> bytes:
    """Printed pages with a text of their own."""
    target = io.BytesIO()
    with Pdf.new() as pdf:
        for number in range(1, pages + 1):
            page = pdf.add_blank_page(page_size=(595, 842))
            page.obj.Resources = Dictionary(Font=Dictionary(F=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)))
            page.obj.Contents = pdf.make_stream(f"BT /F 14 Tf 72 700 Td (Page {number} of a long report) Tj ET % {note}".encode())
        pdf.save(target, compress_streams=False)
    return target.getvalue()
