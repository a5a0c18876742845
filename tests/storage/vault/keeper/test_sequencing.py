"""Sequencing: each committed row gets one place, in order, whatever is interrupted; a log that was replaced is not written on."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from search_api.household import Household
from storage.audit.leaf import Leaf, promise
from storage.audit.promises import open_promise
from storage.audit.rows import open_details
from storage.audit.scribe import process
from storage.audit.verify import verify_log
from storage.catalog.audit_rows import add_audit_row
from storage.catalog.deposits import Receipt, receipt_of, refuse
from storage.catalog.names import Depositor, OfficeId
from storage.catalog.states import AuditOutcome, DepositorKind, Outcome, Reason
from storage.errors import LogDamaged, LogForked, NoteForged, StoreFailed, StoreFull
from storage.failpoints import arm, disarm
from storage.home import Home
from storage.vault.keeper.keeper import FIRST
from storage.vault.keeper.protocol import Ask, Role
from storage.vault.keeper.serving import answer
from storage.vault.keyring import KeyKind
from tests.storage.vault.keeper.keeper_house import House


def _is_whole(house: House) -> bool:
    """Every row has the place where its own leaf stands, oldest first, and nothing else is in the log."""
    entries, rows = house.entries(), house.rows()
    by_place = sorted(rows, key=lambda row: row.seq if row.seq is not None else -1)
    return [row.leaf.encode() for row in by_place] == entries and verify_log(house.audit, house.keeper.sequencer.verifier).ok


def test_rows_get_their_places_in_the_order_of_time(house: House) -> None:
    ids = house.acts(5)
    house.keeper.sequencer.sequence()
    assert [row.id for row in house.rows() if row.seq][-5:] == ids
    assert [row.seq for row in house.rows()] == list(range(6))
    assert _is_whole(house)


def test_more_rows_than_one_batch_are_all_sequenced(house: House) -> None:
    with house.keeper.catalog.write() as connection:
        row = house.keeper.scribe.row(process("worker"), "reread")
        for number in range(1100):
            leaf = replace(Leaf.parse(row.leaf.encode()), pending_id=f"{row.id[:20]}{number:06}")
            add_audit_row(connection, replace(row, id=leaf.pending_id, leaf=leaf.encode().decode(), details_sealed=None))
    assert house.keeper.sequencer.sequence().checkpoint.head.size == 1101
    assert _is_whole(house)


def test_sequencing_when_nothing_waits_changes_nothing(house: House) -> None:
    first = house.keeper.sequencer.sequence().checkpoint
    assert house.keeper.sequencer.sequence().checkpoint == first


def test_two_threads_sequence_each_row_once(house: House) -> None:
    house.acts(40)
    keeper = house.keeper
    threads = [threading.Thread(target=keeper.sequencer.sequence) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(house.entries()) == 41
    assert _is_whole(house)


@pytest.mark.servers
def test_an_error_of_the_disk_at_any_step_leaves_each_row_one_place(house: House, tmp_path: Path) -> None:
    house.acts(3)
    house.keeper.sequencer.sequence()
    house.acts(3)
    for point in range(1, _points(house, tmp_path) + 1):
        copy = house.copy(tmp_path / f"eio{point}")
        copy.start()
        arm(f"eio@{point}")
        with pytest.raises(StoreFailed):
            copy.keeper.sequencer.sequence()
        disarm()
        with pytest.raises(StoreFailed):  # this process takes no more
            copy.keeper.sequencer.sequence()
        copy.start()
        assert len(copy.entries()) == 7
        assert _is_whole(copy)
        copy.stop()


@pytest.mark.servers
def test_a_full_disk_is_tried_again_by_the_same_keeper(house: House, tmp_path: Path) -> None:
    house.acts(3)
    for point in range(1, _points(house, tmp_path) + 1):
        copy = house.copy(tmp_path / f"full{point}")
        copy.start()
        arm(f"enospc@{point}")
        with pytest.raises(StoreFull):
            copy.keeper.sequencer.sequence()
        disarm()
        assert len(copy.entries()) == 4
        assert _is_whole(copy)
        copy.stop()


@pytest.mark.servers
def test_a_kill_at_any_step_leaves_each_row_one_place(house: House, tmp_path: Path) -> None:
    house.acts(3)
    house.keeper.sequencer.sequence()
    house.acts(3)
    for point in range(1, _points(house, tmp_path) + 1):
        copy = house.copy(tmp_path / f"kill{point}")
        child = os.fork()
        if child == 0:
            copy.start()
            arm(f"kill@{point}")
            copy.keeper.sequencer.sequence()
            os._exit(0)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
        copy.acts(1)  # the rows that wait are not alone when they are found again
        assert len(copy.entries()) == 8
        assert _is_whole(copy)
        copy.stop()


def test_a_row_whose_leaf_is_not_its_own_waits_and_holds_up_nobody(house: House) -> None:
    row = house.keeper.scribe.row(process("worker"), "reread")
    house.write(replace(row, id="a" * 26))
    house.write(replace(house.keeper.scribe.row(process("worker"), "reread"), leaf="{}"))
    after = house.acts(1)
    house.keeper.sequencer.sequence()
    assert {row.id: row.seq for row in house.rows()}[after[0]] == 1
    assert [row.seq for row in house.rows()].count(None) == 2


def test_a_log_that_was_set_back_is_not_written_on(house: House, tmp_path: Path) -> None:
    house.acts(2)
    house.keeper.sequencer.sequence()
    shutil.copytree(house.audit, tmp_path / "older")
    house.acts(2)
    house.keeper.sequencer.sequence()
    house.stop()
    shutil.rmtree(house.audit)
    shutil.copytree(tmp_path / "older", house.audit)  # with the signer's memory: only the catalog remembers more
    before = _files(house.audit)
    with pytest.raises(LogForked):
        house.keeper.sequencer.sequence()
    assert _files(house.audit) == before


def test_a_damaged_log_is_not_written_on(house: House) -> None:
    house.acts(2)
    house.keeper.sequencer.sequence()
    house.stop()
    bundle = house.audit / "tile/entries/000.p/3"
    bundle.write_bytes(bundle.read_bytes().replace(b"reread", b"rerea_"))
    before = _files(house.audit)
    with pytest.raises(LogDamaged):
        house.keeper.sequencer.sequence()
    assert _files(house.audit) == before


def test_a_checkpoint_that_another_key_signed_is_not_written_on(house: House) -> None:
    house.keeper.sequencer.sequence()
    house.stop()
    checkpoint = house.audit / "checkpoint"
    checkpoint.write_bytes(checkpoint.read_bytes().replace(b"vankho/", b"vankhi/"))
    with pytest.raises(LogDamaged):
        house.keeper.sequencer.sequence()


def test_a_second_writer_is_found_out(house: House, tmp_path: Path) -> None:
    house.acts(1)
    house.keeper.sequencer.sequence()
    first = house.keeper
    other = House(house.base, house.clock)
    other.acts(1)
    other.keeper.sequencer.sequence()
    other.stop()
    house.acts(1)
    with pytest.raises(LogForked):
        first.sequencer.sequence()
    assert first.sequencer.fault is not None


def test_a_place_that_the_catalog_gave_to_another_row_stops_the_sequencer(house: House) -> None:
    assert house.keeper.sequencer.sequence().checkpoint.head.size == 1
    house.acts(2)
    house.tamper("UPDATE audit_pending SET sequenced_seq = 1 WHERE record_id = 'r1'")
    for _ in range(2):
        with pytest.raises(LogForked):
            house.keeper.sequencer.sequence()


def test_a_keeper_whose_log_is_at_fault_refuses_everything_but_judging(house: House) -> None:
    session = house.officer()
    house.keeper.sequencer.sequence()
    house.stop()
    (house.audit / "signer").unlink()
    keeper = house.keeper
    with pytest.raises(LogDamaged):
        keeper.sequencer.sequence()
    acts = ("keys", "sign_in", "unwrap", "partition", "rewrap", "audit_query", "audit_checkpoint", "audit_bundle", "add_person")
    for duty in (*acts, "sequence_now", "attend"):
        assert isinstance(answer(keeper, Role.API, Ask(duty, session)).error, LogDamaged), duty
    assert isinstance(answer(keeper, Role.WORKER, Ask("partition", {})).error, LogDamaged)
    assert answer(keeper, Role.API, Ask("handover", {})).error is None
    judged = answer(keeper, Role.API, Ask("audit_verify", house.officer()))
    assert judged.values["first_bad"] == {"seq": None, "kind": "MEMORY_DAMAGED"}


def test_a_receipt_gets_the_logs_promise_and_no_other_does(house: House) -> None:
    for receipt, told, record in (("a", "a", None), ("b", None, None), ("c", "d", None), ("e", "e", "r1")):
        _refuse(house, receipt * 26, told and told * 26, record)
    house.keeper.sequencer.sequence()
    kept = {name: _receipt(house, name * 26).promise for name in "abce"}
    assert [name for name, promised in kept.items() if promised is not None] == ["a"]
    key, auditors = house.keeper.sequencer.verifier, house.keeper.keyring.identity(KeyKind.AUDITORS, FIRST)
    row = next(row for row in house.rows() if row.action == "deposit")
    leaf = Leaf.parse(row.leaf.encode())
    details = open_details(row, leaf, auditors)
    assert details is not None
    assert open_promise(str(kept["a"]), key) == promise(leaf, details.salt)
    with pytest.raises(NoteForged):
        open_promise(str(kept["a"]).replace("\n", "\nA", 1).replace("=\n\n", "\n\n", 1), key)


def test_a_promise_is_given_after_a_crash_too(house: House) -> None:
    _refuse(house, "a" * 26, "a" * 26)
    arm("eio@sequence.2")
    with pytest.raises(StoreFailed):
        house.keeper.sequencer.sequence()
    disarm()
    house.start().sequencer.sequence()
    assert _receipt(house, "a" * 26).promise is not None
    assert _is_whole(house)


@pytest.mark.servers
def test_a_running_keeper_sequences_within_a_second_and_after_its_death(house: House) -> None:
    waiting = house.acts(2)
    settings = house.keeper.settings
    with Household(Home(house.base / "home")) as household:
        _wait(lambda: all(row.seq is not None for row in house.rows()))
        os.kill(household.keeper_pid or 0, signal.SIGKILL)
        _wait(lambda: household.keeper_pid is None)
        late = house.acts(2)
        household.tend()
        _wait(lambda: all(row.seq is not None for row in house.rows()))
    house.start()
    assert settings.log_key == str(house.keeper.sequencer.verifier)
    assert [row.id for row in house.rows()][1:] == waiting + late
    assert _is_whole(house)


def _points(house: House, tmp_path: Path) -> int:
    """How many failpoints a round passes."""
    counted = house.copy(tmp_path / f"counted{time.monotonic_ns()}")
    counted.start()
    arm("count")
    counted.keeper.sequencer.sequence()
    passed = disarm()
    counted.stop()
    assert {name.partition(" ")[0] for name in passed} >= {"sequence.1", "sequence.2", "sequence.3", "sequence.4", "audit.4"}
    return len(passed)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _refuse(house: House, receipt: str, told: str | None, record: str | None = None) -> None:
    """A refused deposit; `told` and `record`: the receipt that its act names, and the record, which a refused one has not."""
    house.clock.set(house.clock.now().replace(microsecond=len(house.rows())))
    row = house.keeper.scribe.row(process("worker"), "deposit", AuditOutcome.FAILED, record=record, details={"receipt": told})
    given = Receipt(
        receipt, OfficeId("central"), Depositor(DepositorKind.SOURCE, "s"), None, None, Outcome.REFUSED, Reason.EMPTY, 0, house.clock.now()
    )
    with house.keeper.catalog.write() as connection:
        refuse(connection, given, row)


def _receipt(house: House, receipt: str) -> Receipt:
    with house.keeper.catalog.read() as connection:
        found = receipt_of(connection, receipt)
    assert found is not None
    return found


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.01)
