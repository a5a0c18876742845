"""Keys lie where no other process of the account can read them, and where nothing of them stays behind."""

from __future__ import annotations

import mmap
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from storage.walls.memory import SLOT, LockedPages, fill_random, wipe

PROGRAMS = Path(__file__).parent / "programs"
ROUND = mmap.PAGESIZE // SLOT


def scan(told_by: Callable[..., Any], holder: str) -> Any:
    told = told_by("powerless.py", sys.executable, str(PROGRAMS / "scanner.py"), sys.executable, str(PROGRAMS / "key_holder.py"), holder)
    assert told["capabilities"] == {"CapPrm": 0, "CapEff": 0}
    return told


@pytest.mark.servers
def test_the_scanner_finds_the_key_of_an_open_process(told_by: Callable[..., Any]) -> None:
    told = scan(told_by, "open")

    assert told["found"] == {"memory": "found", "maps": "read", "environ": "read", "descriptors": "read", "ptrace": "traced"}


@pytest.mark.servers
def test_an_undumpable_process_is_closed_to_its_own_account(told_by: Callable[..., Any]) -> None:
    told = scan(told_by, "undumpable")

    assert told["holds"] == {"undumpable": True, "core": [0, 0]}
    assert set(told["found"]) == {"memory", "maps", "environ", "descriptors", "ptrace"}
    assert set(told["found"].values()) <= {"EACCES", "EPERM"}


@pytest.mark.servers
def test_pages_reach_neither_swap_nor_core_file_nor_fork(told_by: Callable[..., Any]) -> None:
    told = told_by("powerless.py", sys.executable, str(PROGRAMS / "arena.py"), str(mmap.PAGESIZE))

    assert told == {"is_locked": True, "locked_kib": mmap.PAGESIZE // 1024, "forked_child_reads_zeros": True, "left_out_of_core_files": True}


@pytest.mark.servers
def test_a_refused_lock_is_told(told_by: Callable[..., Any]) -> None:
    told = told_by("powerless.py", sys.executable, str(PROGRAMS / "arena.py"), "0")

    assert told == {"is_locked": False, "locked_kib": 0, "forked_child_reads_zeros": True, "left_out_of_core_files": True}


def test_slots_are_zero_and_apart_beyond_one_page() -> None:
    pages = LockedPages()
    slots = [pages.take() for _ in range(2 * ROUND + 1)]
    assert all(slot.tobytes() == bytes(SLOT) for slot in slots)

    for number, slot in enumerate(slots):
        slot[:] = number.to_bytes(SLOT, "big")

    assert [int.from_bytes(slot, "big") for slot in slots] == list(range(len(slots)))


def test_a_released_slot_is_zeroed_and_its_view_is_dead() -> None:
    pages = LockedPages()
    view = pages.take()
    kept_against_the_rules = view[:]
    view[:] = b"k" * SLOT

    pages.release(view)

    assert kept_against_the_rules.tobytes() == bytes(SLOT)
    with pytest.raises(ValueError, match="released"):
        view[0]


def test_a_slot_is_released_once_and_to_its_own_arena() -> None:
    pages, others = LockedPages(), LockedPages()
    view = pages.take()

    for not_a_slot in (others.take(), view[:], memoryview(bytearray(SLOT))):
        with pytest.raises(ValueError, match="arena"):
            pages.release(not_a_slot)
    pages.release(view)
    with pytest.raises(ValueError, match="arena"):
        pages.release(view)


def test_released_slots_are_used_again() -> None:
    pages = LockedPages()
    held = [pages.take() for _ in range(ROUND - 1)]
    for _ in range(3 * ROUND):
        view = pages.take()
        view[:] = b"k" * SLOT
        pages.release(view)

    last = pages.take()

    assert last.tobytes() == bytes(SLOT)
    assert last.obj is held[0].obj


def test_threads_get_slots_of_their_own() -> None:
    pages = LockedPages()
    clashes: list[int] = []

    def work(number: int) -> None:
        for _ in range(500):
            view = pages.take()
            view[:] = bytes([number]) * SLOT
            if view.tobytes() != bytes([number]) * SLOT:
                clashes.append(number)
            pages.release(view)

    threads = [Thread(target=work, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not clashes


@pytest.mark.parametrize("shape", [lambda raw: raw, memoryview, lambda raw: memoryview(raw).cast("I")], ids=["bytearray", "view", "view of integers"])
def test_wiped_bytes_are_zero_in_place(shape: Callable[[bytearray], bytearray | memoryview]) -> None:
    raw = bytearray(b"k" * 96)

    wipe(shape(raw))

    assert raw == bytes(96)


def test_random_bytes_fill_the_whole_view_and_no_more() -> None:
    raw = bytearray(SLOT + 1)
    ends = set()

    for _ in range(20):
        fill_random(memoryview(raw)[:SLOT])
        ends.add(bytes(raw[-9:-1]))

    assert len(ends) == 20
    assert raw[-1] == 0


def test_only_the_part_given_is_wiped() -> None:
    raw = bytearray(b"k" * 8)

    wipe(memoryview(raw)[2:4])

    assert raw == b"kk\0\0kkkk"
