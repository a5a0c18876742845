"""What each process of an instance may do in its PostgreSQL catalog, and which rows it may see: a second fence, behind the rules of access.

The keeper owns the tables. The other two get what they really do, column by column where it matters; a table that is not named here is nobody
else's. What an open record says in clear is hidden from both the moment it closes, whatever a faulty statement asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from storage.catalog.schema import metadata
from storage.catalog.states import FactKind

__all__ = ["CatalogRole", "grant", "readable", "role_name", "schema_name"]


class CatalogRole(StrEnum):
    """Who asks; each process of an instance has an account of its own."""

    KEEPER = "keeper"
    API = "api"
    WORKER = "worker"


def role_name(instance: str, role: CatalogRole) -> str:
    """The account of a role of an instance."""
    return f"vankho_{instance}_{role}"


def schema_name(instance: str) -> str:
    """What the tables of an instance lie in: nothing else lies there, and other instances may have theirs in the same database."""
    return f"vankho_{instance}"


_ALL: Final = ""
_CLASSIFIED: Final = "state, level, proposed_level, compartments, work_secret, review"

_MAY: Mapping[CatalogRole, Mapping[str, Mapping[str, str]]] = {
    CatalogRole.API: {
        "audit_pending": {"INSERT": _ALL, "SELECT": "time, sequenced_seq"},  # who did what, the keeper tells, to auditors
        "batch": {"SELECT": _ALL, "INSERT": _ALL},
        "blob": {"SELECT": _ALL, "INSERT": _ALL, "UPDATE": "retired_at", "DELETE": _ALL},
        "idempotency": {"SELECT": _ALL, "INSERT": _ALL},
        "index_fault": {"SELECT": _ALL},
        "office": {"SELECT": _ALL},
        "open_description": {"SELECT": _ALL, "INSERT": _ALL, "DELETE": _ALL},
        "outbox": {"SELECT": _ALL, "INSERT": _ALL, "DELETE": _ALL},
        "partition": {"SELECT": _ALL},
        "partition_key": {"SELECT": _ALL},
        "person": {"SELECT": _ALL},
        "person_fact": {"SELECT": _ALL},
        "rebuild": {"SELECT": _ALL, "INSERT": _ALL, "DELETE": _ALL},
        "receipt": {"SELECT": _ALL, "INSERT": _ALL},
        "record": {"SELECT": _ALL, "INSERT": _ALL, "UPDATE": _CLASSIFIED},
        "record_fact": {"SELECT": _ALL, "INSERT": _ALL},
        "source": {"SELECT": _ALL},
        "work": {"SELECT": _ALL, "INSERT": _ALL},
    },
    CatalogRole.WORKER: {
        "audit_pending": {"INSERT": _ALL},
        "blob": {"SELECT": _ALL, "INSERT": _ALL, "UPDATE": "header_version, header_sha256, retired_at", "DELETE": _ALL},
        "index_fault": {"SELECT": _ALL, "INSERT": _ALL, "DELETE": _ALL},
        "office": {"SELECT": _ALL},
        "open_description": {"SELECT": _ALL, "INSERT": _ALL, "DELETE": _ALL},
        "outbox": {"SELECT": _ALL, "INSERT": _ALL, "UPDATE": "refused, refused_at, again_at", "DELETE": _ALL},
        "partition": {"SELECT": _ALL},
        "partition_key": {"SELECT": _ALL},
        "rebuild": {"SELECT": _ALL, "INSERT": "partition_id, asked_at", "UPDATE": "total, done, failed, refused, owner, lease_until", "DELETE": _ALL},
        "receipt": {"SELECT": "id, record_id, outcome", "UPDATE": "outcome, reason"},
        "record": {
            "SELECT": _ALL,
            "UPDATE": f"{_CLASSIFIED}, reason, wrapped_partition, wrapped_n, media_type, size_shown, page_count, kept_at, indexed_at",
        },
        "record_fact": {"SELECT": _ALL, "INSERT": _ALL},
        "work": {"SELECT": _ALL, "UPDATE": "step, attempts, owner, lease_until, ready_at, last_error, sealed_input, done"},
    },
}

_RECORD_IS_OPEN: Final = (
    "EXISTS (SELECT FROM record WHERE record.id = record_id"
    " AND state IN ('classified', 'kept') AND level = 0 AND compartments = '' AND NOT work_secret)"
)
_PROOFS: Final = frozenset({FactKind.CREDENTIAL, FactKind.PASSWORD})
_TOLD: Final = ", ".join(f"'{kind}'" for kind in FactKind if kind not in _PROOFS)

_SHOWN: Mapping[str, str] = {
    "open_description": _RECORD_IS_OPEN,
    "outbox": f"content IS NULL OR {_RECORD_IS_OPEN}",
    "person_fact": f"kind IN ({_TOLD})",  # what proves who she is, the keeper alone compares
}
"""Of these tables api and worker see and write those rows alone of which this holds now."""


def grant(connection: sa.Connection) -> None:
    """Give to each role what it may do, and take everything else; in the transaction that makes or changes tables, by their owner."""
    owner: str = connection.execute(sa.select(sa.func.current_user())).scalar_one()
    instance = owner.removeprefix("vankho_").removesuffix(f"_{CatalogRole.KEEPER}")
    if owner != role_name(instance, CatalogRole.KEEPER):
        raise RuntimeError("the keeper alone makes tables")
    roles = {role: role_name(instance, role) for role in _MAY}
    for statement in _statements(schema_name(instance), roles):
        connection.exec_driver_sql(statement)


def readable(connection: sa.Connection) -> Iterator[tuple[str, sa.Select[tuple[object, ...]]]]:
    """Each table with a question for all of it that this connection's account may read."""
    for table in metadata.sorted_tables:
        columns = list(table.c)
        if connection.dialect.name == "postgresql":
            columns = [column for column in columns if _may_read(connection, column)]
        if columns:
            yield table.name, sa.select(*columns)


def _may_read(connection: sa.Connection, column: sa.Column[object]) -> bool:
    may = sa.func.has_column_privilege(column.table.name, column.name, "SELECT")
    return bool(connection.execute(sa.select(may)).scalar_one())


def _statements(schema: str, roles: Mapping[CatalogRole, str]) -> Iterator[str]:
    everyone = ", ".join(roles.values())
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {everyone}"
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM PUBLIC, {everyone}"
    yield f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {everyone}"
    yield f"GRANT USAGE ON SEQUENCE outbox_id_seq TO {everyone}"
    for role, tables in _MAY.items():
        for table, acts in tables.items():
            for act, columns in acts.items():
                yield f"GRANT {act}{f' ({columns})' if columns else ''} ON {table} TO {roles[role]}"
    for table, shown in _SHOWN.items():
        yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
        yield f"DROP POLICY IF EXISTS shown ON {table}"
        yield f"CREATE POLICY shown ON {table} TO {everyone} USING ({shown}) WITH CHECK ({shown})"
