"""Memory for keys: a process that no other of its account can read, and pages that reach neither swap, core file nor fork."""

from __future__ import annotations

import ctypes
import mmap
import resource
from pathlib import Path
from threading import Lock
from typing import Final

from storage.walls.kernel import PR_GET_DUMPABLE, PR_SET_DUMPABLE, lock_memory, prctl

__all__ = ["SLOT", "LockedPages", "fill_random", "make_undumpable", "wipe"]

SLOT: Final = 32
"""Bytes of one slot: a seed, a KEK, an HMAC key."""

_RANDOM: Final = Path("/dev/urandom")
_MADV_WIPEONFORK: Final = 18  # Linux 4.14; Python names it from 3.13 on


def make_undumpable() -> bool:
    """Close this process's memory, environment and descriptors to all others of its account, and forbid core files.

    True if the kernel confirms it. To be called first of all and again after a change of user; exec undoes it. Root is not kept out.
    Source: prctl(2) PR_SET_DUMPABLE, ptrace(2) "Ptrace access mode checking"; a `|` in core_pattern(5) ignores RLIMIT_CORE,
    but dumps no process that is not dumpable.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    prctl(PR_SET_DUMPABLE, 0)
    return prctl(PR_GET_DUMPABLE) == 0


def wipe(buffer: bytearray | memoryview) -> None:
    """Overwrite all of `buffer` with zeros, in place. Copies that others made of it are out of reach."""
    with memoryview(buffer).cast("B") as flat:
        flat[:] = bytes(flat.nbytes)


def fill_random(view: memoryview) -> None:
    """Fill `view` with random bytes of the kernel's, straight into its memory. Source: random(4)."""
    with _RANDOM.open("rb", buffering=0) as source:
        source.readinto(view)


class LockedPages:
    """An arena of 32-byte slots in anonymous private pages: locked, left out of core files, zero in a forked child.

    Fill a slot with os.readv or a slice assignment, and hand the view itself to the cryptographic library: `bytes`, `.hex()` and
    `open().read()` make copies that nobody wipes. Threads may share an arena.
    """

    def __init__(self) -> None:
        self._guard = Lock()
        self._free: list[memoryview] = []
        self._taken: dict[int, tuple[memoryview, memoryview]] = {}
        self._is_locked = True
        self._grow()

    @property
    def is_locked(self) -> bool:
        """Whether every page is locked; False when the kernel refused one (RLIMIT_MEMLOCK), so that keys could reach the swap."""
        return self._is_locked

    def take(self) -> memoryview:
        """A slot of 32 zero bytes; the arena grows by a page when none is free. Views cut from it must not outlive `release`."""
        with self._guard:
            if not self._free:
                self._grow()
            slot = self._free.pop()
            view = slot[:]
            self._taken[id(view)] = slot, view
            return view

    def release(self, view: memoryview) -> None:
        """Zero a slot and take it back; `view` can no longer be used. Raises ValueError if it is not a slot taken from here."""
        with self._guard:
            if id(view) not in self._taken:
                raise ValueError("not a slot that was taken from this arena")
            slot, _ = self._taken.pop(id(view))
            wipe(slot)
            view.release()
            self._free.append(slot)

    def _grow(self) -> None:
        page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # WIPEONFORK is refused on Python's default, MAP_SHARED
        page.madvise(mmap.MADV_DONTDUMP)
        page.madvise(_MADV_WIPEONFORK)
        try:
            lock_memory(ctypes.addressof(ctypes.c_char.from_buffer(page)), mmap.PAGESIZE)
        except OSError:
            self._is_locked = False
        whole = memoryview(page)
        self._free += [whole[start : start + SLOT] for start in range(0, mmap.PAGESIZE, SLOT)]
