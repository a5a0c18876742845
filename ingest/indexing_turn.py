"""Of several workers one keeps the open index up to date, for as long as it lives: what two read from the outbox would be carried out twice, and in
files a change that comes late would be taken in."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from typing import IO, Final

from storage.archive import Archive
from storage.errors import KeeperUnreachable
from storage.ids import RandomIds

__all__ = ["IndexingTurn"]

_ASK_EVERY: Final = 2.0
"""Seconds; the keeper gives the turn to another after a multiple of them (storage/vault/keeper/turns.py)."""


class IndexingTurn:
    """Whether this worker is the one. For one thread.

    Files are written on one host: there it is a lock, which the kernel takes from whoever dies. The changes that a server is given bear versions,
    so there it is enough that the keeper, whom the workers of all hosts can ask, gives the turn to one at a time.
    """

    def __init__(self, archive: Archive) -> None:
        self._keeper, self._path = archive.keeper, archive.home.run / "indexing.lock"
        self._is_on_server = "index" in archive.settings.servers
        self._owner = RandomIds().new("worker")
        self._lock: IO[bytes] | None = None
        self._is_mine, self._ask_at = False, 0.0

    def is_mine(self) -> bool:
        """Take it, if it is free. While the keeper is away, whoever had it goes on."""
        return self._is_given() if self._is_on_server else self._is_locked()

    def end(self) -> None:
        """Let others have it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _is_locked(self) -> bool:
        if self._lock is None:
            lock = open(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "rb")  # noqa: PTH123, SIM115
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                return False
            self._lock = lock
        return True

    def _is_given(self) -> bool:
        if time.monotonic() >= self._ask_at:
            self._ask_at = time.monotonic() + _ASK_EVERY
            with suppress(KeeperUnreachable):
                self._is_mine = self._keeper.ask("index_turn", owner=self._owner)["is_yours"] is True
        return self._is_mine
