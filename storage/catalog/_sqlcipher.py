"""The one place that touches the `sqlcipher3` driver, which has no type information of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Protocol

from sqlcipher3 import dbapi2

__all__ = ["DRIVER", "KEY_BYTES", "NOT_A_DATABASE", "RawConnection", "connect", "wait_for_locks"]

DRIVER: ModuleType = dbapi2
KEY_BYTES = 32
NOT_A_DATABASE = "SQLITE_NOTADB"
"""The driver's `sqlite_errorname` where a page does not authenticate under the key: a wrong key, or a damaged first page."""

_LOOK_EVERY = 0.001


class RawConnection(Protocol):
    """What this room needs of a driver's connection."""

    def execute(self, statement: str) -> object:
        """Run one statement without parameters."""

    def set_busy_handler(self, handler: Callable[[int], bool] | None) -> None:
        """What is asked, with how often it was asked already, whether to try again for a lock; None not to wait at all."""

    def close(self) -> None:
        """Give the file back."""


def wait_for_locks(connection: RawConnection, seconds: float) -> None:
    """Look every millisecond whether a lock is free: SQLite's own waiting sleeps ever longer, up to 100, though a lock is held for a few only."""
    end = 0.0

    def again(tried: int) -> bool:
        nonlocal end
        end = time.monotonic() + seconds if tried == 0 else end
        time.sleep(_LOOK_EVERY)
        return time.monotonic() < end

    connection.set_busy_handler(again)


def connect(path: Path, key: bytes, wait_seconds: float) -> RawConnection:
    """A connection to the SQLCipher file at `path`, which must exist, keyed and in autocommit.

    key: 32 raw bytes; a raw key skips SQLCipher's 256,000 rounds of PBKDF2, which would be paid by every connection.
    Nothing is read yet: a wrong key shows at the first statement that touches a page. The log level goes first, because
    SQLCipher otherwise writes about a wrong key on stderr. Source: SQLCipher API, `PRAGMA key`, `cipher_log_level`.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"a catalog key has {KEY_BYTES} bytes")
    # mode=rw: a catalog that is missing must be noticed, not replaced by an empty one.
    raw: RawConnection = dbapi2.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, check_same_thread=False, isolation_level=None)
    wait_for_locks(raw, wait_seconds)
    raw.execute("PRAGMA cipher_log_level = NONE")
    raw.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    return raw
