"""Making a catalog on a server: whole or not at all, for accounts that may do what they need and no more."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from postgres_world import as_admin, found

from storage.catalog.founding import found_postgresql, remove_postgresql
from storage.catalog.migrations import migrate
from storage.catalog.postgresql import open_postgresql
from storage.errors import CatalogUnfit, CatalogUnreachable
from storage.ids import RandomIds
from storage.servers import Server
from tests.servers.postgresql import PostgresServer, connection_string

pytestmark = pytest.mark.servers

ID = RandomIds().new


def roles_of(server: PostgresServer, instance: str) -> int:
    with as_admin(server) as admin:
        row = admin.execute("SELECT count(*) FROM pg_roles WHERE rolname LIKE %s", (f"%{instance}%",)).fetchone()
    assert row is not None
    return int(str(row[0]))


def schemas_of(server: PostgresServer, database: str) -> set[str]:
    with as_admin(server, database) as admin:
        return {str(name) for (name,) in admin.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information)'")}


def refused(server: Server) -> str:
    with pytest.raises(CatalogUnfit) as caught:
        found_postgresql(server, ID("instance"))
    return str(caught.value.facts["statement"])


def test_an_account_that_may_not_is_told_the_statement_which_helps(postgresql: PostgresServer) -> None:
    empty = postgresql.new_database()
    with as_admin(postgresql) as admin:
        admin.execute(f"ALTER ROLE {empty.path} NOCREATEROLE")
        admin.execute(f"ALTER DATABASE {empty.path} OWNER TO admin")
        statement = refused(empty)
        assert statement == f'ALTER ROLE "{empty.path}" CREATEROLE; ALTER DATABASE "{empty.path}" OWNER TO "{empty.path}";'
        for each in statement.split("; "):
            admin.execute(each)
    assert set(found_postgresql(empty, ID("instance"))) == {"keeper", "api", "worker"}


def test_a_database_that_sorts_by_another_rule_is_refused(postgresql: PostgresServer) -> None:
    """The order of an answer, and what a cursor goes on behind, are compared byte by byte everywhere else."""
    empty = postgresql.new_database()
    with as_admin(postgresql) as admin:
        admin.execute(f"DROP DATABASE {empty.path}")
        admin.execute(f"CREATE DATABASE {empty.path} OWNER {empty.path} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'vi'")
        statement = refused(empty)
        admin.execute(f"DROP DATABASE {empty.path}")
        admin.execute(statement)
    found_postgresql(empty, ID("instance"))


def test_a_server_that_would_lose_what_it_acknowledged_is_refused(postgresql: PostgresServer) -> None:
    empty = postgresql.new_database()
    with as_admin(postgresql) as admin:
        admin.execute(f"ALTER ROLE {empty.path} SET synchronous_commit = off")
    assert "synchronous_commit = on" in refused(empty)


def test_two_instances_share_a_database_and_see_nothing_of_each_other(postgresql: PostgresServer) -> None:
    place, other = found(postgresql), ID("instance")
    with pytest.raises(Exception, match="already exists"):
        found_postgresql(place.owner, place.instance)
    second = replace(place, instance=other, accounts=found_postgresql(place.owner, other))
    with second.asked_by("keeper") as connection:
        assert connection.execute("SELECT count(*) FROM person").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"SELECT * FROM vankho_{place.instance}.person")
    with open_postgresql(place.server("api"), place.instance).write(), open_postgresql(second.server("api"), other).write():
        pass  # neither waits for the other's lock
    remove_postgresql(place.owner, other)
    assert (roles_of(postgresql, other), roles_of(postgresql, place.instance)) == (0, 3)
    open_postgresql(place.server("keeper"), place.instance).close()


def test_a_founding_that_fails_leaves_nothing(postgresql: PostgresServer) -> None:
    empty, instance = postgresql.new_database(), ID("instance")
    with as_admin(postgresql) as admin:
        admin.execute(f"CREATE ROLE vankho_{instance}_worker")  # the last that is to be made
    with pytest.raises(Exception, match="already exists"):
        found_postgresql(empty, instance)
    assert (roles_of(postgresql, instance), schemas_of(postgresql, empty.path)) == (1, {"public"})
    with as_admin(postgresql) as admin:
        admin.execute(f"DROP ROLE vankho_{instance}_worker")
    found_postgresql(empty, instance)
    remove_postgresql(empty, instance)
    assert (roles_of(postgresql, instance), schemas_of(postgresql, empty.path)) == (0, {"public"})
    remove_postgresql(empty, instance)


def test_who_made_it_is_needed_no_more_and_sees_nothing(postgresql: PostgresServer) -> None:
    place = found(postgresql)
    with psycopg.connect(connection_string(place.owner), autocommit=True) as owner, pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute(f"SELECT * FROM vankho_{place.instance}.record")
    with as_admin(postgresql) as admin:
        admin.execute(f"ALTER ROLE {place.owner.path} NOLOGIN NOCREATEROLE")
    keeper = open_postgresql(place.server("keeper"), place.instance)
    migrate(keeper)
    keeper.close()


def test_api_and_worker_make_no_tables(postgresql: PostgresServer) -> None:
    place = found(postgresql)
    for role in ("api", "worker"):
        catalog = open_postgresql(place.server(role), place.instance)
        with pytest.raises(Exception, match="permission denied"):
            migrate(catalog)
        catalog.close()
        with place.asked_by(role) as connection:
            for statement in ("CREATE TABLE t (x int)", "CREATE TABLE public.t (x int)", "CREATE TEMP TABLE t (x int)", "SET ROLE admin"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)


def test_nobody_else_may_even_connect(postgresql: PostgresServer) -> None:
    place, stranger = found(postgresql), postgresql.new_database()
    with pytest.raises(CatalogUnreachable):
        open_postgresql(replace(stranger, path=place.owner.path), place.instance)


def test_passwords_are_sent_to_nobody(postgresql: PostgresServer) -> None:
    """Not in an error, not in what the server logs of the statements that it is given."""
    with as_admin(postgresql) as admin:
        admin.execute("ALTER SYSTEM SET log_statement = 'all'")
        admin.execute("SELECT pg_reload_conf()")
        try:
            place = found(postgresql)
        finally:
            admin.execute("ALTER SYSTEM RESET log_statement")
            admin.execute("SELECT pg_reload_conf()")
    said = (postgresql.folder / "output").read_text("utf-8", "replace")
    assert place.accounts["worker"].user in said
    assert not [account for account in place.accounts.values() if account.password in said]
    wrong = replace(place.accounts["worker"], password="not this one")
    with pytest.raises(CatalogUnreachable) as caught:
        open_postgresql(place.owner.with_credential(wrong), place.instance)
    chain = f"{caught.value} {caught.value!r} {caught.value.__cause__} {caught.value.__cause__!r}"
    assert "not this one" not in chain
