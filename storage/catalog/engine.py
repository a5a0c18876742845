"""The catalog's database: one writing connection and a pool of readers on a SQLCipher file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from storage.catalog._sqlcipher import DRIVER, NOT_A_DATABASE, RawConnection, connect
from storage.errors import CatalogBusy, CatalogKeyWrong, CatalogMissing, StoreFailed, StoreFull, VankhoError

__all__ = ["Catalog", "create_catalog", "open_catalog"]

_WAIT_SECONDS = 30.0
_READERS = 8
_BEGIN_WRITING = "BEGIN IMMEDIATE"
_BEGIN_READING = "BEGIN"

_REFUSALS: dict[str, type[VankhoError]] = {
    NOT_A_DATABASE: CatalogKeyWrong,
    "SQLITE_BUSY": CatalogBusy,
    "SQLITE_FULL": StoreFull,
    "SQLITE_IOERR": StoreFailed,
}

_PRAGMAS = (
    "cipher_memory_security = OFF",  # locking every page buffer costs, and the process that holds the key is undumpable
    "journal_mode = WAL",
    "synchronous = FULL",  # in WAL anything less may lose an acknowledged deposit when the power fails
    "foreign_keys = ON",
    "recursive_triggers = ON",  # otherwise INSERT OR REPLACE deletes without asking the triggers that forbid it
    "secure_delete = ON",
    "temp_store = MEMORY",
    "trusted_schema = OFF",
)


class Catalog:
    """An open catalog. Threads may share it.

    Several writing connections in one process are four times slower than one (each has to drop and decrypt its cache
    again), so `write` hands out the only one, to one thread at a time. The database arbitrates between processes.
    """

    def __init__(self, writer: sa.Engine, readers: sa.Engine) -> None:
        self._writer = writer
        self._readers = readers
        self._writing = threading.Lock()
        self._owner: int | None = None

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction that may write: committed when the block ends, undone when it raises.

        The lock on the database is taken at the start, so that what the block reads is what it writes upon. Blocks do not
        nest: an act is one transaction. Raises CatalogBusy where another thread or process keeps the lock for 30 seconds.
        """
        if self._owner == threading.get_ident():
            raise RuntimeError("a catalog transaction inside another one: an act is one transaction")
        if not self._writing.acquire(timeout=_WAIT_SECONDS):
            raise CatalogBusy
        try:
            self._owner = threading.get_ident()
            with _begun(self._writer) as connection:
                yield connection
        finally:
            self._owner = None
            self._writing.release()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One snapshot, unmoved by what is committed meanwhile. The connection refuses to write."""
        with _begun(self._readers) as connection:
            yield connection

    def expunge(self) -> bool:
        """Empty the write-ahead log into the database, so that no older page with deleted rows is left beside it.

        False where a reader still holds an older snapshot: try again later. Deleted rows are overwritten as they go
        (`secure_delete`).
        """
        with self._writing:
            raw = self._writer.raw_connection()  # a checkpoint cannot run inside a transaction, which SQLAlchemy would begin
            cursor = raw.cursor()
            try:
                cursor.execute("PRAGMA busy_timeout = 0")  # no writer shall wait behind a reader for this
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                row = cursor.fetchone()
                return row is not None and row[0] == 0
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {_WAIT_SECONDS * 1000:.0f}")
                raw.close()

    def close(self) -> None:
        """Close every connection; those still in use close when they come back."""
        self._readers.dispose()
        self._writer.dispose()


def create_catalog(path: Path, key: bytes) -> Catalog:
    """A new, empty catalog at `path`, readable by its owner alone; `migrations.migrate` gives it its tables.

    Raises FileExistsError where there is a file already.
    """
    path.touch(mode=0o600, exist_ok=False)  # the journal and its index inherit this mode
    return open_catalog(path, key)


def open_catalog(path: Path, key: bytes) -> Catalog:
    """The catalog at `path`. key: 32 raw bytes.

    Raises CatalogMissing where there is no file, and CatalogKeyWrong where this key does not open it.
    """
    if not path.is_file():
        raise CatalogMissing
    catalog = Catalog(_engine(path, key, _BEGIN_WRITING, 1), _engine(path, key, _BEGIN_READING, _READERS))
    try:
        with catalog.read():
            return catalog
    except CatalogKeyWrong:
        catalog.close()
        raise


@contextmanager
def _begun(engine: sa.Engine) -> Iterator[sa.Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    except sa.exc.TimeoutError as error:
        raise CatalogBusy from error
    except sa.exc.DBAPIError as error:
        name: str = getattr(error.orig, "sqlite_errorname", "")
        for prefix, refusal in _REFUSALS.items():
            if name.startswith(prefix):
                raise refusal from error
        raise


def _engine(path: Path, key: bytes, begin: str, size: int) -> sa.Engine:
    """Connections that start each transaction with `begin`; those that start with a plain BEGIN only read."""

    def opened() -> RawConnection:
        raw = connect(path, key, _WAIT_SECONDS)
        for pragma in _PRAGMAS if begin == _BEGIN_WRITING else (*_PRAGMAS, "query_only = ON"):
            raw.execute(f"PRAGMA {pragma}")
        return raw

    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    engine = sa.create_engine(
        "sqlite+pysqlite://",
        module=DRIVER,
        creator=opened,
        poolclass=sa.QueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=_WAIT_SECONDS,
        hide_parameters=True,  # an error must not carry what a statement was to write
    )
    sa.event.listen(engine, "begin", start)
    return engine
