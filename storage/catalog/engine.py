"""The catalog as everyone uses it: one writer, snapshots for readers. Embedded it is a SQLCipher file; `postgresql` has the other kind."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias, TypeVar, cast

import sqlalchemy as sa

from storage.catalog._sqlcipher import DRIVER, NOT_A_DATABASE, RawConnection, connect, wait_for_locks
from storage.errors import CatalogBusy, CatalogKeyWrong, CatalogMissing, StoreFailed, StoreFull, VankhoError

__all__ = ["WAIT_SECONDS", "Catalog", "create_catalog", "open_catalog", "prepared"]

WAIT_SECONDS = 30.0
"""How long anyone waits for a lock or a connection before the catalog counts as busy."""

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

_Values: TypeAlias = "dict[str, object] | tuple[object, ...]"
_T = TypeVar("_T")


class _Act(Future[None]):
    """What one thread wants to write, and, once it is settled, whether it is committed."""

    def __init__(self, write: Callable[[sa.Connection], None]) -> None:
        super().__init__()
        self.write = write


class Catalog(ABC):
    """An open catalog. Threads may share it.

    `write` hands out the process's only writing connection, to one thread at a time: embedded, several are four times slower than one (each has
    to drop and decrypt its cache again); on a server they would only queue for its lock. The database arbitrates between processes.
    """

    def __init__(self, writer: sa.Engine, readers: sa.Engine) -> None:
        self._writer = writer
        self._readers = readers
        self._writing = threading.Lock()
        self._owner: int | None = None
        self._gathering = threading.Lock()
        self._acts: list[_Act] = []

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction that may write: committed when the block ends, undone when it raises.

        The lock on the database is taken at the start, so that what the block reads is what it writes upon: over all processes, and all hosts,
        there is one block at a time. Blocks do not nest: an act is one transaction. Raises CatalogBusy where another thread or process keeps
        the lock for 30 seconds, CatalogUnreachable where nothing was changed, CatalogUnanswered where that is not known.
        """
        with self._turn(), self._begun(self._writer) as connection:
            yield connection

    def write_together(self, write: Callable[[sa.Connection], _T]) -> _T:
        """What `write` returns, committed: in one transaction with what other threads hand in while the writer is busy, one commit for all of them.

        They run one after the other, each seeing what those before it wrote. Where one raises, nothing of any is kept: it gets its error, and the
        others are run again without it. So `write` may run several times, in the thread of another, and has no effect but on the connection.
        Raises what it raises, and what the block of `Catalog.write` does.
        """
        self._refuse_nesting()
        written: list[_T] = []

        def once(connection: sa.Connection) -> None:
            written[:] = [write(connection)]

        act = _Act(once)
        with self._gathering:
            self._acts.append(act)
            leads = len(self._acts) == 1
        if leads:  # for all who come until it is its turn
            self._lead()
        act.result()
        return written[0]

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One snapshot, unmoved by what is committed meanwhile. The connection refuses to write."""
        with self._begun(self._readers) as connection:
            yield connection

    @abstractmethod
    def expunge(self) -> bool:
        """See that of rows that were deleted nothing is left in the database's files; how far that goes, each kind says.

        False where a reader still holds an older snapshot: try again later.
        """

    def close(self) -> None:
        """Close every connection; those still in use close when they come back."""
        self._readers.dispose()
        self._writer.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the writer, alone in this process."""
        self._refuse_nesting()
        if not self._writing.acquire(timeout=WAIT_SECONDS):
            raise CatalogBusy
        try:
            self._owner = threading.get_ident()
            yield
        finally:
            self._owner = None
            self._writing.release()

    def _refuse_nesting(self) -> None:
        if self._owner == threading.get_ident():
            raise RuntimeError("a catalog transaction inside another one: an act is one transaction")

    def _lead(self) -> None:
        """Settle every act that was handed in until the writer was free."""
        try:
            with self._turn():
                acts = self._gathered()
                while acts:
                    acts = self._settle(acts)
        except BaseException as error:
            _refuse(self._gathered(), error)
            raise

    def _gathered(self) -> list[_Act]:
        with self._gathering:
            acts, self._acts = self._acts, []
        return acts

    def _settle(self, acts: Sequence[_Act]) -> list[_Act]:
        """Carry out the acts in one transaction; those that are to be tried again, because another one's error undid them."""
        current: _Act | None = None
        try:
            with self._begun(self._writer) as connection:
                for current in acts:
                    current.write(connection)
                current = None
        except BaseException as error:  # noqa: BLE001  it is not lost: each act that it undid is told, in its own thread
            # What an act raises is its own; a database that refuses to begin, to write or to commit refuses all of them.
            is_own = current is not None and isinstance(error, Exception) and not isinstance(error.__cause__, sa.exc.DBAPIError)
            refused = [act for act in acts if act is current] if is_own else acts
            _refuse(refused, error)
            return [act for act in acts if act not in refused]
        for act in acts:
            act.set_result(None)
        return []

    @abstractmethod
    def _refusal(self, error: sa.exc.DBAPIError, *, committing: bool) -> VankhoError | None:
        """What an error of the database means; None for a fault of ours. committing: whether a writing block had ended already."""

    @contextmanager
    def _begun(self, engine: sa.Engine) -> Iterator[sa.Connection]:
        committing = False
        try:
            with engine.begin() as connection:
                yield connection
                committing = engine is self._writer
        except sa.exc.TimeoutError as error:
            raise CatalogBusy from error
        except sa.exc.DBAPIError as error:
            if (refusal := self._refusal(error, committing=committing)) is None:
                raise
            raise refusal from error


def _refuse(acts: Sequence[_Act], error: BaseException) -> None:
    for act in acts:
        act.set_exception(error)


class _SqlcipherCatalog(Catalog):
    """A SQLCipher file."""

    def expunge(self) -> bool:
        """Empty the write-ahead log into the database, so that no older page with deleted rows is left beside it.

        Deleted rows are overwritten as they go (`secure_delete`).
        """
        with self._writing:
            raw = self._writer.raw_connection()  # a checkpoint cannot run inside a transaction, which SQLAlchemy would begin
            driver = cast("RawConnection", raw.driver_connection)
            cursor = raw.cursor()
            try:
                driver.set_busy_handler(None)  # no writer shall wait behind a reader for this
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                row = cursor.fetchone()
                return row is not None and row[0] == 0
            finally:
                wait_for_locks(driver, WAIT_SECONDS)
                raw.close()

    def _refusal(self, error: sa.exc.DBAPIError, *, committing: bool) -> VankhoError | None:
        name: str = getattr(error.orig, "sqlite_errorname", "")
        return next((refusal() for prefix, refusal in _REFUSALS.items() if name.startswith(prefix)), None)


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
    catalog = _SqlcipherCatalog(_engine(path, key, _BEGIN_WRITING, 1), _engine(path, key, _BEGIN_READING, _READERS))
    try:
        with catalog.read():
            return catalog
    except CatalogKeyWrong:
        catalog.close()
        raise


def prepared(engine: sa.Engine, begin: str) -> sa.Engine:
    """The engine, each of whose transactions starts with the statement `begin`, and whose texts bear no NUL.

    PostgreSQL's texts cannot hold the character U+0000, and SQLite's functions end at it. Every text that goes to a database, to be kept or to be
    looked for, bears U+FFFD in its place: what is not there is not found, in either. Source: Unicode 15 section 5.22.
    """

    def start(connection: sa.PoolProxiedConnection) -> None:
        cursor = connection.cursor()
        cursor.execute(begin)
        cursor.close()

    def without_nul(
        _connection: sa.Connection, _cursor: object, statement: str, values: _Values | list[_Values], _context: object, _many: bool
    ) -> tuple[str, _Values | list[_Values]]:
        return statement, [_clean(each) for each in values] if isinstance(values, list) else _clean(values)

    # An event would have to send it as a statement of its own, which costs the transaction of a short question half as much again.
    engine.dialect.do_begin = start  # type: ignore[method-assign, assignment]
    sa.event.listen(engine, "before_cursor_execute", without_nul, retval=True)
    return engine


def _clean(values: _Values) -> _Values:
    if isinstance(values, dict):
        return {name: _clean_one(value) for name, value in values.items()}
    return tuple(map(_clean_one, values))


def _clean_one(value: object) -> object:
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value


def _engine(path: Path, key: bytes, begin: str, size: int) -> sa.Engine:
    """Connections that start each transaction with `begin`; those that start with a plain BEGIN only read."""

    def opened() -> RawConnection:
        raw = connect(path, key, WAIT_SECONDS)
        for pragma in _PRAGMAS if begin == _BEGIN_WRITING else (*_PRAGMAS, "query_only = ON"):
            raw.execute(f"PRAGMA {pragma}")
        return raw

    engine = sa.create_engine(
        "sqlite+pysqlite://",
        module=DRIVER,
        creator=opened,
        poolclass=sa.QueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=WAIT_SECONDS,
        pool_use_lifo=True,  # the one used last has what was decrypted since the last commit
        hide_parameters=True,  # an error must not carry what a statement was to write
    )
    return prepared(engine, begin)
