"""Making an instance's catalog on a PostgreSQL server: its schema, and an account for each process. All in one transaction, or nothing."""

from __future__ import annotations

import secrets
from typing import Final

import psycopg
import sqlalchemy as sa

from storage.catalog.engine import Catalog
from storage.catalog.migrations import migrate_in
from storage.catalog.postgresql import open_postgresql, quoted
from storage.catalog.privileges import CatalogRole, role_name, schema_name
from storage.errors import CatalogUnfit
from storage.servers import Credential, Server

__all__ = ["found_postgresql", "remove_postgresql"]

_PASSWORD_BYTES: Final = 32


def found_postgresql(server: Server, instance: str) -> dict[str, Credential]:
    """Make the catalog of an instance in the database that `server` names; returns the account of each CatalogRole.

    server: with the credential of who owns the database and may make roles; it is needed this once and kept nowhere. The keeper's account owns
    the schema and brings it to later versions, the other two get what `privileges` says; nobody else may even connect.
    Raises CatalogUnfit, which names the statement that an administrator has to run first; TargetExists where the database holds a catalog;
    CatalogUnreachable. After any error nothing of it is there.
    """
    catalog = open_postgresql(server, instance)
    try:
        _require_fit(catalog, server)
        made = {role.value: Credential(role_name(instance, role), secrets.token_urlsafe(_PASSWORD_BYTES)) for role in CatalogRole}
        with catalog.write() as connection:
            _make(connection, server, schema_name(instance), made)
        return made
    finally:
        catalog.close()


def remove_postgresql(server: Server, instance: str) -> None:
    """Undo `found_postgresql`, where the rest of the instance could not be made. Nothing is done where there is nothing of it."""
    catalog = open_postgresql(server, instance)
    roles = [role_name(instance, role) for role in CatalogRole]
    keeper = role_name(instance, CatalogRole.KEEPER)
    try:
        with catalog.write() as connection:
            run = connection.exec_driver_sql
            if not connection.execute(sa.text("SELECT count(*) FROM pg_roles WHERE rolname = :keeper"), {"keeper": keeper}).scalar_one():
                return
            for role in roles:
                run(f"GRANT {role} TO CURRENT_USER")
                run(f"DROP OWNED BY {role} CASCADE")
                run(f"DROP ROLE {role}")
    finally:
        catalog.close()


def _require_fit(catalog: Catalog, server: Server) -> None:
    """Raises CatalogUnfit."""
    user = quoted("" if server.credential is None else server.credential.user)
    database = quoted(server.path)
    with catalog.read() as connection:
        row = connection.execute(
            sa.text(
                "SELECT rolsuper OR rolcreaterole AS makes_roles, rolsuper OR pg_has_role(datdba, 'USAGE') AS owns,"
                " pg_encoding_to_char(encoding) = 'UTF8' AND 'Z' < 'a' AND 'z' < 'à' AND 'a-c' < 'aab' AS sorts"
                " FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"
            )
        ).one()
    if not row.sorts:  # texts are compared as the rest of Vankho compares them, byte by byte
        raise CatalogUnfit(statement=f"CREATE DATABASE {database} OWNER {user} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' -- under a new name")
    lacking = []
    if not row.makes_roles:
        lacking.append(f"ALTER ROLE {user} CREATEROLE;")
    if not row.owns:
        lacking.append(f"ALTER DATABASE {database} OWNER TO {user};")
    if lacking:
        raise CatalogUnfit(statement=" ".join(lacking))


def _make(connection: sa.Connection, server: Server, schema: str, made: dict[str, Credential]) -> None:
    run, keeper, database = connection.exec_driver_sql, made[CatalogRole.KEEPER].user, quoted(server.path)
    names = ", ".join(credential.user for credential in made.values())
    for credential in made.values():
        run(f"CREATE ROLE {credential.user} LOGIN NOINHERIT PASSWORD '{_verifier(connection, credential)}'")
    run(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
    run(f"GRANT CONNECT ON DATABASE {database} TO {names}")
    run("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    run(f"GRANT {keeper} TO CURRENT_USER")  # for as long as this transaction
    run(f"CREATE SCHEMA {schema} AUTHORIZATION {keeper}")
    run(f"SET LOCAL ROLE {keeper}")
    migrate_in(connection)
    run("RESET ROLE")
    run(f"REVOKE {keeper} FROM CURRENT_USER")


def _verifier(connection: sa.Connection, credential: Credential) -> str:
    """What the server checks the password with: it never sees, and so never logs, the password itself. Source: RFC 5803."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("not a connection of this catalog")
    password, user = credential.password.encode("ascii"), credential.user.encode("ascii")
    return driver.pgconn.encrypt_password(password, user, b"scram-sha-256").decode("ascii")
