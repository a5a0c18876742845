"""The PostgreSQL of the tests: believed by its authority only, closed to strangers, over TLS, and durable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from storage.servers import Credential
from tests.servers.postgresql import PostgresServer, connection_string
from tests.servers.trust import Trust

pytestmark = pytest.mark.servers


def test_another_authority_is_not_believed(postgresql: PostgresServer, tmp_path: Path) -> None:
    server = replace(postgresql.server(), ca=Trust(tmp_path).ca)
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(connection_string(server))


def test_a_wrong_password_is_refused(postgresql: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(connection_string(postgresql.server(credential=Credential("admin", "guessed"))))


def test_without_tls_nobody_is_answered(postgresql: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(connection_string(postgresql.server()), sslmode="disable")


def test_who_owns_a_database_is_no_superuser(postgresql: PostgresServer) -> None:
    with psycopg.connect(connection_string(postgresql.new_database())) as owner:
        rights = owner.execute("SELECT current_database() = current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        assert rights.fetchone() == (True, False)


def test_databases_are_apart(postgresql: PostgresServer) -> None:
    with psycopg.connect(connection_string(postgresql.new_database())) as one:
        one.execute("CREATE TABLE public.here (number integer)")
    with psycopg.connect(connection_string(postgresql.new_database())) as other:
        assert other.execute("SELECT to_regclass('public.here')").fetchone() == (None,)


def test_what_was_committed_is_there_after_kill_and_restart(postgresql: PostgresServer) -> None:
    database = postgresql.new_database()
    with psycopg.connect(connection_string(database)) as before:
        before.execute("CREATE TABLE kept (number integer)")
        before.execute("INSERT INTO kept SELECT generate_series(1, 20)")
    postgresql.kill()
    postgresql.start()
    with psycopg.connect(connection_string(database)) as after:
        assert after.execute("SELECT count(*), current_setting('data_checksums'), current_setting('fsync') FROM kept").fetchone() == (20, "on", "on")
