"""The tables: made by migrations alone, portable, and strict about what they hold."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from catalog_world import KEY, LAN, OFFICE, T0, World
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from classification.levels import Level
from storage.catalog import migrations, schema
from storage.catalog.engine import Catalog, open_catalog
from storage.catalog.migrations import migrate, migrate_in
from storage.catalog.names import PartitionName
from storage.catalog.outbox import add_outbox_row, count_refused, unapplied
from storage.catalog.revision import NEWEST, is_outdated
from storage.catalog.states import FactKind, Operation, State
from storage.ids import RecordId


def test_migrations_make_the_tables_of_this_version(world: World) -> None:
    with world.catalog.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []


def test_migrations_make_every_constraint(template: Path) -> None:
    """Word for word what the tables of this version would be, checks included, which the comparison above does not see."""
    catalog = open_catalog(template, KEY)
    with catalog.read() as connection:
        migrated = dict(connection.exec_driver_sql("SELECT name, sql FROM sqlite_schema WHERE type IN ('table', 'index') AND sql IS NOT NULL").all())
    catalog.close()
    statements = {table.name: CreateTable(table) for table in schema.metadata.sorted_tables}
    statements |= {index.name: CreateIndex(index) for table in schema.metadata.sorted_tables for index in table.indexes}
    wanted = {name: str(statement.compile(dialect=sqlite.dialect())) for name, statement in statements.items()}
    migrated.pop("alembic_version")
    assert {name: clauses(sql) for name, sql in migrated.items()} == {name: clauses(sql) for name, sql in wanted.items()}


def clauses(sql: str) -> list[str]:
    """What the statement says in its parentheses, in an order that does not depend on that of its columns, some of which came later."""
    head, inner = " ".join(sql.split()).split("(", 1)
    found, depth = [""], 0
    for sign in inner.removesuffix(")"):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            found.append("")
        else:
            found[-1] += sign
    return [head.strip(), *sorted(one.strip() for one in found)]


def test_a_catalog_of_an_earlier_version_keeps_its_rows(open_file: Callable[[], Catalog]) -> None:
    catalog, first = open_file(), Config()
    first.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(first).get_current_head() == NEWEST
    with catalog.write() as connection:
        first.attributes["connection"] = connection
        command.upgrade(first, "0001")
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = 1")  # what the row refers to is not what this is about
        connection.exec_driver_sql("INSERT INTO outbox VALUES (7, 'r', 'put', 'open/h37', '{}', '2026-01-01T00:00:00.000000Z')")
        assert is_outdated(connection)
        migrate_in(connection)
        assert not is_outdated(connection)
        (row,) = unapplied(connection, is_open=True, limit=9)
        assert (row.id, row.record, row.content, count_refused(connection)) == (7, "r", "{}", 0)
        connection.exec_driver_sql("DELETE FROM outbox")


def test_migrating_twice_changes_nothing(open_file: Callable[[], Catalog]) -> None:
    catalog = open_file()
    migrate(catalog)
    with catalog.read() as connection:
        before = connection.exec_driver_sql("SELECT sql FROM sqlite_schema").all()
    migrate(catalog)
    with catalog.read() as connection:
        assert connection.exec_driver_sql("SELECT sql FROM sqlite_schema").all() == before


def add_fact_row(world: World, connection: sa.Connection) -> None:
    act = world.act(connection)
    values = {"id": "f1", "person_id": "lan", "kind": FactKind.ROLE, "value": "officer", "valid_from": T0, "act_id": act}
    connection.execute(schema.person_fact.insert().values(values))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE person_fact SET value = 'archivist'",
        "UPDATE person_fact SET valid_to = valid_from",
        "DELETE FROM person_fact",
        "INSERT INTO person_fact (id, person_id, kind, value, valid_from, act_id) "
        "SELECT id, person_id, kind, value, valid_from, act_id FROM person_fact WHERE true "
        "ON CONFLICT (id) DO UPDATE SET value = 'archivist'",
        "UPDATE audit_pending SET leaf = '{}'",
        "UPDATE audit_pending SET person = 'nga'",
        "UPDATE audit_pending SET details_sealed = CAST('0' AS {binary})",
        "DELETE FROM audit_pending",
    ],
)
def test_facts_and_audit_rows_stay_as_they_were_written(world: World, statement: str) -> None:
    with world.catalog.write() as connection:
        add_fact_row(world, connection)
    with pytest.raises(sa.exc.IntegrityError, match=r"is_kept|is_fixed"), world.catalog.write() as connection:
        connection.exec_driver_sql(statement.replace("{binary}", "BYTEA" if connection.dialect.name == "postgresql" else "BLOB"))


def test_a_fact_is_not_replaced_either(template: Path, tmp_path: Path) -> None:
    """SQLite's own way of writing over a row deletes it first, and asks the triggers only if it is told to."""
    world = World(str(shutil.copyfile(template, tmp_path / "catalog.db")))
    replaced = "SELECT id, person_id, kind, 'archivist', valid_from, act_id FROM person_fact"
    with world.catalog.write() as connection:
        add_fact_row(world, connection)
    with pytest.raises(sa.exc.IntegrityError, match="is_kept"), world.catalog.write() as connection:
        connection.exec_driver_sql(f"REPLACE INTO person_fact (id, person_id, kind, value, valid_from, act_id) {replaced}")
    world.catalog.close()


def test_a_fact_needs_the_act_that_made_it(world: World) -> None:
    values = {"id": "f1", "person_id": "lan", "kind": FactKind.ROLE, "value": "officer", "valid_from": T0, "act_id": "none"}
    with pytest.raises(sa.exc.IntegrityError, match=r"(?i)foreign key"), world.catalog.write() as connection:
        connection.execute(schema.person_fact.insert().values(values))


def test_a_fact_supersedes_only_a_fact_of_its_own_kind_and_person(world: World) -> None:
    values = {"id": "f2", "person_id": "lan", "kind": FactKind.ROLE, "value": "archivist", "valid_from": T0, "supersedes": "f1"}
    with pytest.raises(sa.exc.IntegrityError, match=r"(?i)foreign key"), world.catalog.write() as connection:
        add_fact_row(world, connection)
        connection.execute(schema.person_fact.insert().values(values | {"act_id": world.act(connection, "second")}))


@pytest.mark.parametrize("left_out", ["refused", "refused_at", "again_at"])
def test_a_refusal_has_its_reason_and_both_its_times(world: World, left_out: str) -> None:
    world.partition(PartitionName(OFFICE))
    receipt = world.take("a")
    values = {"refused": "some_exception", "refused_at": T0, "again_at": T0, left_out: None}
    with world.catalog.write() as connection:
        add_outbox_row(connection, RecordId(str(receipt.record)), Operation.PUT, PartitionName(OFFICE), T0)
    with pytest.raises(sa.exc.IntegrityError, match="refusal_is_whole"), world.catalog.write() as connection:
        connection.execute(schema.outbox.update().values(**values))


def test_the_outbox_refuses_content_of_a_closed_record(world: World) -> None:
    closed = world.partition(PartitionName(OFFICE, Level.MAT))
    receipt = world.take("a")
    with pytest.raises(sa.exc.IntegrityError, match="content_is_open"), world.catalog.write() as connection:
        add_outbox_row(connection, RecordId(str(receipt.record)), Operation.PUT, closed, T0, "{}")


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"state": State.CLASSIFIED}, "classified_has_level"),
        ({"state": State.QUARANTINED, "wrapped_partition": PartitionName(OFFICE, Level.MAT)}, "quarantined_has_reason"),
        ({"state": State.KEPT, "level": Level.MAT, "kept_at": T0}, "at_rest_in_partition"),
        ({"level": Level.NON_CONFIDENTIAL, "review": True}, "review_is_closed"),
        ({"review": True}, "review_is_closed"),
        ({"size_shown": -1}, "counts_are_counts"),
    ],
)
def test_a_record_that_cannot_be_is_refused(world: World, values: dict[str, object], constraint: str) -> None:
    world.take("a")
    with pytest.raises(sa.exc.IntegrityError, match=constraint), world.catalog.write() as connection:
        connection.execute(schema.record.update().values(**values))


def test_a_record_is_sealed_to_a_key_that_exists(world: World) -> None:
    world.take("a")
    values = {"state": State.KEPT, "level": Level.MAT, "kept_at": T0, "wrapped_partition": PartitionName(OFFICE, Level.MAT), "wrapped_n": 1}
    with pytest.raises(sa.exc.IntegrityError, match=r"(?i)foreign key"), world.catalog.write() as connection:
        connection.execute(schema.record.update().values(**values))


def test_a_depositor_has_one_live_copy_of_a_document(world: World) -> None:
    world.take("a", tag="same")
    second = {"id": "b", "office_id": OFFICE, "state": State.RECEIVED, "wrapped_n": 1, "depositor_kind": LAN.kind, "depositor_id": LAN.id}
    row = second | {"duplicate_tag": "same", "size_shown": 1, "received_at": T0, "compartments": frozenset()}
    with pytest.raises(sa.exc.IntegrityError, match=r"(?i)unique"), world.catalog.write() as connection:
        connection.execute(schema.record.insert().values(**row))
    with world.catalog.write() as connection:
        connection.execute(schema.record.insert().values(**row | {"depositor_id": "nga"}))
