"""The catalog on a PostgreSQL server: how it is reached, what its errors mean, and what is left of deleted rows."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import ssl
from collections.abc import Callable, Mapping
from typing import Final, TypeVar, cast

import psycopg
import sqlalchemy as sa
from psycopg.abc import PQGen
from psycopg.conninfo import make_conninfo

from storage.catalog.engine import WAIT_SECONDS, Catalog, prepared
from storage.catalog.privileges import schema_name
from storage.errors import (
    CatalogBusy,
    CatalogUnanswered,
    CatalogUnfit,
    CatalogUnreachable,
    InvalidInput,
    StoreFailed,
    StoreFull,
    VankhoError,
)
from storage.servers import Server

__all__ = ["open_postgresql", "quoted"]

_READERS: Final = 8
_EXPUNGED: Final = ("open_description", "outbox")
"""The tables that hold words of documents."""

# One round trip each. The lock goes with the transaction, once its commit is durable, also if the process or its host dies.
_BEGIN_WRITING: Final = "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({lock})"
_BEGIN_READING: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

_PATIENCE: Final = WAIT_SECONDS + 5
"""Seconds after which a server that neither answers nor hangs up counts as gone: it would have ended the statement itself before."""
_EXPUNGE_PATIENCE: Final = 3600.0
_EXPUNGE_LOCK: Final = "SET lock_timeout = '2s'; SET statement_timeout = 0"  # everyone who reads would wait behind it

_SESSION: Final = {
    "lock_timeout": f"{WAIT_SECONDS - 5:.0f}s",
    "statement_timeout": f"{WAIT_SECONDS:.0f}s",
    "idle_in_transaction_session_timeout": f"{2 * WAIT_SECONDS:.0f}s",  # a process that was stopped holds the writers' lock no longer than this
    "jit": "off",
}
_NETWORK: Final[Mapping[str, str | int]] = {
    "application_name": "vankho",
    "client_encoding": "utf8",
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "target_session_attrs": "read-write",  # never a standby, which would refuse every deposit
    "require_auth": "scram-sha-256",  # the password goes to nobody, in clear or as a hash that can be replayed, whatever the server asks for
    "sslmode": "prefer",
    "gssencmode": "disable",
    "sslcertmode": "disable",  # nothing from the account's own ~/.postgresql
}

_MACHINE_AUTHORITIES: Final = "/etc/ssl/certs/ca-certificates.crt"

_T = TypeVar("_T")

_REFUSALS: Mapping[str, type[VankhoError]] = {
    "40": CatalogBusy,  # deadlock: undone, may be tried again
    "5310": StoreFull,  # disk full
    "53": CatalogBusy,  # memory, connections
    "55P03": CatalogBusy,  # lock_timeout
    "57014": CatalogBusy,  # statement_timeout
    "58030": StoreFailed,  # the server's disk
}
"""By SQLSTATE, or what it begins with. Source: PostgreSQL documentation, appendix A."""

_AWAY: Final = ("08", "57P", "25P03")


class _Connection(psycopg.Connection[tuple[object, ...]]):
    """A connection that waits for an answer so long and no longer: a server that is stopped, not dead, keeps its sockets open."""

    patience: float | None = _PATIENCE

    def wait(self, gen: PQGen[_T], interval: float = 0.1, timeout: float | None = None) -> _T:
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.errors._WaitTimeout as error:
            self.pgconn.finish()  # in the middle of an answer: of no use to anyone
            raise psycopg.OperationalError("no answer") from error


class _PostgresqlCatalog(Catalog):
    """A schema of a PostgreSQL database."""

    def __init__(self, writer: sa.Engine, readers: sa.Engine, schema: str) -> None:
        super().__init__(writer, readers)
        self._schema = schema

    def expunge(self) -> bool:
        """Write the tables that hold words of documents anew, so that no page of theirs has a deleted row; by their owner, the keeper, alone.

        A plain VACUUM would free the room and leave the bytes in it. Who reads them waits meanwhile, about two seconds
        for 100,000 open records.
        False for any other account, and where a reader's snapshot, a lock or the server stands in the way. What remains is the server's to
        forget: its write-ahead log until those files are written over or removed (docs/postgresql.md), its replicas and archives until theirs.
        """
        try:
            connection = self._readers.raw_connection()
        except sa.exc.DBAPIError:
            return False
        try:
            return _expunged(cast(_Connection, connection.driver_connection), self._schema)
        except psycopg.Error:
            return False
        finally:
            connection.invalidate()  # it has settings of its own by now
            connection.close()

    def _refusal(self, error: sa.exc.DBAPIError, *, committing: bool) -> VankhoError | None:
        cause = error.orig
        state = (cause.sqlstate if isinstance(cause, psycopg.Error) else None) or ""
        if error.connection_invalidated or state.startswith(_AWAY) or (not state and isinstance(cause, psycopg.OperationalError)):
            return (CatalogUnanswered if committing else CatalogUnreachable)(why=_reason(cause))
        if isinstance(cause, psycopg.DataError):
            return InvalidInput(what="A value is longer or larger than the catalog can hold.")
        return next((refusal() for prefix, refusal in _REFUSALS.items() if state.startswith(prefix)), None)


def open_postgresql(server: Server, instance: str) -> Catalog:
    """The catalog of an instance on `server`, for the account of its credential.

    Raises CatalogUnreachable, and CatalogUnfit where the server would lose what it acknowledged.
    """
    schema = schema_name(instance)
    opened, begin = _opener(server, schema), _BEGIN_WRITING.format(lock=_lock(schema))
    catalog = _PostgresqlCatalog(_engine(opened, begin, 1), _engine(opened, _BEGIN_READING, _READERS), schema)
    try:
        with catalog.read() as connection:
            _require_durable(connection)
        return catalog
    except BaseException:
        catalog.close()
        raise


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _lock(schema: str) -> int:
    """The number of the one writer's lock: several instances may share a database, and none waits for another."""
    return int.from_bytes(hashlib.sha256(schema.encode()).digest()[:8], signed=True)


def _opener(server: Server, schema: str) -> Callable[[], _Connection]:
    """What opens one connection. The password goes to it alone: the engine, its address and its errors know none.

    With an authority of its own, or over a network, the server must prove by certificate that it has the name asked for; on the machine itself
    TLS is used where the server has it.
    """
    (host, port), asked_by = server.hosts[0], server.credential
    values: dict[str, str | int] = {**_NETWORK, "host": host, "port": port, "dbname": server.path}
    # Named, pg_temp comes last: no temporary table stands in the place of one of ours.
    session = {**_SESSION, "search_path": f"{schema},pg_temp"}
    values["options"] = " ".join(f"-c {name}={value}" for name, value in session.items())
    if asked_by is not None:
        values |= {"user": asked_by.user, "password": asked_by.password}
    if server.ca is not None or not _is_here(host):
        values |= {"sslmode": "verify-full", "sslrootcert": str(server.ca or ssl.get_default_verify_paths().cafile or _MACHINE_AUTHORITIES)}

    def opened() -> _Connection:
        return _Connection.connect(make_conninfo("", **values), autocommit=True)  # transactions begin with what `prepared` says

    return opened


def _engine(opened: Callable[[], _Connection], begin: str, size: int) -> sa.Engine:
    engine = sa.create_engine(
        "postgresql+psycopg://",
        creator=opened,
        pool_size=size,
        max_overflow=0,
        pool_timeout=WAIT_SECONDS,
        pool_pre_ping=True,  # a connection that broke while nobody used it is replaced before anyone does
        hide_parameters=True,
    )
    sa.event.listen(engine, "handle_error", _without_detail)
    return prepared(engine, begin)


def _without_detail(context: sa.engine.ExceptionContext) -> None:
    """The detail of a violated constraint quotes the row: an error must not carry what a statement was to write."""
    original, wrapped = context.original_exception, context.sqlalchemy_exception
    if isinstance(original, psycopg.Error) and original.diag.message_detail is not None:
        original.args = (original.diag.message_primary or "",)
        if wrapped is not None:
            wrapped.args = (f"({type(original).__module__}.{type(original).__name__}) {original}",)


def _require_durable(connection: sa.Connection) -> None:
    """What is committed must be on the disk: neither a test server's haste nor an old tuning guide's."""
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        if connection.execute(sa.select(sa.func.current_setting(setting))).scalar_one() == "off":
            raise CatalogUnfit(statement=f"ALTER SYSTEM SET {setting} = on; SELECT pg_reload_conf();")


def _expunged(raw: _Connection, schema: str) -> bool:
    raw.patience = _EXPUNGE_PATIENCE
    raw.execute(_EXPUNGE_LOCK)
    owned = "SELECT bool_and(pg_get_userbyid(relowner) = current_user) FROM pg_class WHERE oid = ANY(%s::regclass[])"
    names = [f"{schema}.{table}" for table in _EXPUNGED]
    row = raw.execute(owned, (names,)).fetchone()
    if row is None or row[0] is not True:
        return False
    for name in names:
        raw.execute(f"VACUUM {name}")
    kept = raw.execute("SELECT sum(pg_stat_get_dead_tuples(oid)) FROM pg_class WHERE oid = ANY(%s::regclass[])", (names,)).fetchone()
    if kept is None or kept[0] != 0:  # older than a snapshot that somebody still reads: writing anew would take them along
        return False
    for name in names:
        raw.execute(f"VACUUM (FULL) {name}")
    return True


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reason(cause: BaseException | None) -> str:
    """Why, in the words of the server or the system, without address, account or database."""
    if not isinstance(cause, psycopg.Error):
        return "no connection"
    told = cause.diag.message_primary or str(cause).strip().rpartition(" failed: ")[2].partition("\n")[0]
    return re.sub(r"\"[^\"]*\"|'[^']*'", "…", told.removeprefix("FATAL:").strip())[:120] or "no connection"
