"""An instance that an earlier version made on PostgreSQL: it is started as any other, and each process may do what it does in this version."""

from __future__ import annotations

import psycopg
import pytest

from storage.catalog.privileges import CatalogRole, role_name, schema_name
from storage.home import Home
from storage.settings import read_settings
from tests.instances import Instance
from tests.proofs.servers.conftest import Servers
from tests.servers.postgresql import connection_string

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


def test_a_catalog_of_an_earlier_version_is_brought_to_this_one_with_its_privileges(house: Instance, servers: Servers) -> None:
    instance = read_settings(Home(house.home)).instance
    table, worker = f"{schema_name(instance)}.outbox", role_name(instance, CatalogRole.WORKER)
    asked = f"{schema_name(instance)}.rebuild"
    may = f"SELECT has_column_privilege('{worker}', '{table}', 'again_at', 'UPDATE'), has_column_privilege('{worker}', '{asked}', 'owner', 'UPDATE')"
    with psycopg.connect(connection_string(servers.catalog.server(servers.database.path)), autocommit=True) as admin:
        for gone in ("index_fault", "worker_host"):
            admin.execute(f"DROP TABLE {schema_name(instance)}.{gone}".encode())
        for column in ("refused", "owner", "lease_until"):
            admin.execute(f"ALTER TABLE {asked} DROP COLUMN {column}".encode())
        admin.execute(f"ALTER TABLE {asked} RENAME partition_id TO office_id".encode())
        for column in ("again_at", "refused_at", "refused"):  # as revision 0001 had it
            admin.execute(f"ALTER TABLE {table} DROP COLUMN {column}".encode())
        admin.execute(f"UPDATE {schema_name(instance)}.alembic_version SET version_num = '0001'".encode())
        (told,) = house.json("status")
        assert told["index_refused"] == 0
        assert admin.execute(may.encode()).fetchone() == (True, True)
