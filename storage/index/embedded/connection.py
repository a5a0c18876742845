"""Connections to a partition's file, and what the driver's refusals mean here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, cast

from storage.catalog._sqlcipher import DRIVER, connect
from storage.errors import IndexBusy, IndexDamaged, StoreFailed, StoreFull, VankhoError

__all__ = ["Connection", "Row", "Value", "opened", "refusing"]

Value = str | int | float | bytes | None
Row = tuple[Value, ...]

_PRAGMAS = (
    "cipher_memory_security = OFF",  # locking every page buffer costs, and the process that holds the key is undumpable
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    "foreign_keys = ON",
    "trusted_schema = OFF",
)
_REFUSALS: dict[str, type[VankhoError]] = {
    "SQLITE_NOTADB": IndexDamaged,
    "SQLITE_CORRUPT": IndexDamaged,
    "SQLITE_BUSY": IndexBusy,
    "SQLITE_LOCKED": IndexBusy,
    "SQLITE_FULL": StoreFull,
    "SQLITE_IOERR": StoreFailed,
}


class Rows(Protocol):
    """A driver's cursor."""

    @property
    def lastrowid(self) -> int:
        """The row that the last INSERT made."""

    def __iter__(self) -> Iterator[Row]:
        """The rows of the result."""

    def fetchone(self) -> Row | None:
        """The next row, if there is one."""


class Connection(Protocol):
    """What this room needs of the driver."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    def execute(self, statement: str, values: Sequence[Value] = ()) -> Rows:
        """Run one statement."""

    def executemany(self, statement: str, values: Iterable[Sequence[Value]]) -> Rows:
        """Run one statement for each of the values."""

    def close(self) -> None:
        """Give the file back."""


def opened(path: Path, key: bytes, wait_seconds: float) -> Connection:
    """A connection in autocommit to the file at `path`, which must exist. Raises IndexDamaged for a wrong key."""
    raw = cast("Connection", connect(path, key, wait_seconds))
    try:
        with refusing():
            for pragma in _PRAGMAS:
                raw.execute(f"PRAGMA {pragma}")
    except VankhoError:
        raw.close()
        raise
    return raw


@contextmanager
def refusing() -> Iterator[None]:
    """Turn the driver's refusals into ours; what is a fault of ours stays as it is."""
    try:
        yield
    except DRIVER.Error as error:
        name: str = getattr(error, "sqlite_errorname", "")
        for prefix, refusal in _REFUSALS.items():
            if name.startswith(prefix):
                raise refusal from error
        raise
