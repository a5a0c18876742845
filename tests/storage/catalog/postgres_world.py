"""Catalogs on the test server."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import psycopg
from catalog_world import LAN, OFFICE, first_rows, open_at

from storage.catalog.founding import found_postgresql
from storage.catalog.privileges import schema_name
from storage.catalog.schema import metadata
from storage.ids import RandomIds
from storage.servers import Credential, Server
from tests.servers.postgresql import PostgresServer, connection_string


@dataclass(frozen=True)
class Place:
    """A database with the catalog of an instance. owner: asked by who made it. accounts: by role."""

    instance: str
    owner: Server
    accounts: dict[str, Credential]

    def server(self, role: str) -> Server:
        return self.owner.with_credential(self.accounts[role])

    def address(self, role: str) -> str:
        """With the credential in it, as `catalog_world.open_at` takes it."""
        scheme, rest = self.owner.text.split("://")
        account = self.accounts[role]
        return f"{scheme}://{quote(account.user)}:{quote(account.password)}@{rest}"

    def asked_by(self, role: str) -> psycopg.Connection[tuple[object, ...]]:
        """A plain connection, for raw SQL."""
        return psycopg.connect(connection_string(self.server(role)), autocommit=True, options=f"-c search_path={schema_name(self.instance)}")


def as_admin(server: PostgresServer, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(connection_string(server.server(database)), autocommit=True)


def found(server: PostgresServer) -> Place:
    """A catalog with the tests' first rows."""
    empty, instance = server.new_database(), RandomIds().new("instance")
    place = Place(instance, empty, found_postgresql(empty, instance))
    catalog = open_at(place.address("keeper"))
    first_rows(catalog)
    catalog.close()
    return place


def emptied(server: PostgresServer, place: Place) -> None:
    """Take out what a test put in, past the triggers that forbid it: a copy of a database for each test would be slower by far."""
    schema = schema_name(place.instance)
    tables = "; ".join(f"DELETE FROM {schema}.{table.name}" for table in metadata.sorted_tables if table.name not in ("office", "person"))
    with as_admin(server, place.owner.path) as admin:
        admin.execute(
            f"SET session_replication_role = replica; {tables}; DELETE FROM {schema}.office WHERE id <> '{OFFICE}';"
            f" DELETE FROM {schema}.person WHERE id <> '{LAN.id}'; DROP TABLE IF EXISTS {schema}.t"
        )
