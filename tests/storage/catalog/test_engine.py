"""The database: one writer, snapshots for readers; of the embedded kind nothing in clear on the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from catalog_world import KEY, World

from storage.catalog.audit_rows import audit_row
from storage.catalog.engine import Catalog, create_catalog, open_catalog
from storage.catalog.record_facts import facts_of
from storage.errors import CatalogKeyWrong, CatalogMissing

CANARY = "quạtchanhxuyênkhơi"
OpenCatalog = Callable[[], Catalog]


def pragma(connection: sa.Connection, name: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def test_every_connection_to_a_file_is_durable_and_strict(open_file: OpenCatalog) -> None:
    catalog = open_file()
    with catalog.write() as writer, catalog.read() as reader:
        for connection in (writer, reader):
            assert pragma(connection, "journal_mode") == "wal"
            assert pragma(connection, "synchronous") == 2
            assert pragma(connection, "foreign_keys") == 1
            assert pragma(connection, "secure_delete") == 1
            assert pragma(connection, "temp_store") == 2
            assert pragma(connection, "recursive_triggers") == 1
        assert (pragma(writer, "query_only"), pragma(reader, "query_only")) == (0, 1)


def test_a_reader_cannot_write(open_world: OpenCatalog) -> None:
    catalog = open_world()
    with pytest.raises(sa.exc.DBAPIError, match=r"(?i)read-?only"), catalog.read() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")


def test_a_block_that_raises_writes_nothing(open_world: OpenCatalog) -> None:
    catalog = open_world()
    with catalog.write() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")
    with pytest.raises(ZeroDivisionError), catalog.write() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        raise ZeroDivisionError
    with catalog.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == 0


def test_threads_write_one_after_another_on_one_connection(open_world: OpenCatalog) -> None:
    catalog, connections, inside = open_world(), set(), []
    with catalog.write() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")
        connection.exec_driver_sql("INSERT INTO t VALUES (0)")

    def count_up() -> None:
        for _ in range(20):
            with catalog.write() as connection:
                inside.append(threading.get_ident())
                assert len(inside) == 1
                connections.add(id(connection.connection.dbapi_connection))
                value = connection.exec_driver_sql("SELECT x FROM t").scalar_one()
                connection.exec_driver_sql(f"UPDATE t SET x = {value + 1}")
                inside.pop()

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(count_up) for _ in range(8)]:
            done.result()
    with catalog.read() as connection:
        assert connection.exec_driver_sql("SELECT x FROM t").scalar_one() == 160
    assert len(connections) == 1


def test_two_processes_lose_no_update(open_world: OpenCatalog) -> None:
    first, second = open_world(), open_world()
    with first.write() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")
        connection.exec_driver_sql("INSERT INTO t VALUES (0)")

    def count_up(catalog: Catalog) -> None:
        for _ in range(20):
            with catalog.write() as connection:
                value = connection.exec_driver_sql("SELECT x FROM t").scalar_one()
                connection.exec_driver_sql(f"UPDATE t SET x = {value + 1}")

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(count_up, catalog) for catalog in (first, second)]:
            done.result()
    with first.read() as connection:
        assert connection.exec_driver_sql("SELECT x FROM t").scalar_one() == 40


def test_an_act_inside_an_act_is_a_mistake_and_not_a_deadlock(open_world: OpenCatalog) -> None:
    catalog = open_world()
    with catalog.write(), pytest.raises(RuntimeError), catalog.write():
        pass
    with catalog.write() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")


def test_a_reader_keeps_its_snapshot(open_world: OpenCatalog) -> None:
    catalog = open_world()
    with catalog.write() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")
    with catalog.read() as reader:
        assert reader.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == 0
        with catalog.write() as writer:
            writer.exec_driver_sql("INSERT INTO t VALUES (1)")
        assert reader.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == 0


def test_the_journal_is_emptied_once_nobody_reads_an_older_snapshot(open_file: OpenCatalog) -> None:
    catalog = open_file()
    with catalog.write() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")
    with catalog.read() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM t").scalar_one()
        with catalog.write() as writer:
            writer.exec_driver_sql("INSERT INTO t VALUES (1)")
        assert catalog.expunge() is False
    assert catalog.expunge() is True


def test_the_wrong_key_is_refused_and_tells_nothing(template: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CatalogKeyWrong):
        open_catalog(template, bytes(32))
    assert capfd.readouterr() == ("", "")


def test_a_missing_catalog_is_not_replaced_by_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(CatalogMissing):
        open_catalog(tmp_path / "catalog.db", KEY)
    assert not list(tmp_path.iterdir())


def test_a_catalog_is_never_made_over_another(template: Path) -> None:
    with pytest.raises(FileExistsError):
        create_catalog(template, KEY)


def test_only_the_owner_may_read_the_files(open_file: OpenCatalog, tmp_path: Path) -> None:
    with open_file().write() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")
        files = list(tmp_path.iterdir())
    assert {file.name for file in files} == {"empty.db", "empty.db-wal", "empty.db-shm"}
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}


def test_nothing_stands_in_clear_in_any_file(open_file: OpenCatalog, tmp_path: Path) -> None:
    catalog = open_file()
    with catalog.write() as connection:
        connection.exec_driver_sql("CREATE TABLE registered_documents (subject)")
        connection.exec_driver_sql(f"INSERT INTO registered_documents VALUES ('{CANARY}')")

    def in_clear() -> list[str]:
        content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        return [word for word in (CANARY, "registered_documents", "SQLite format") if word.encode() in content]

    assert in_clear() == []
    assert catalog.expunge()
    assert in_clear() == []
    (tmp_path / "plain.txt").write_text(CANARY)
    assert in_clear() == [CANARY]


def test_an_error_does_not_carry_what_was_to_be_written(open_world: OpenCatalog) -> None:
    catalog = open_world()
    with catalog.write() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x TEXT UNIQUE)")
        connection.execute(sa.text("INSERT INTO t VALUES (:x)"), {"x": CANARY})
    with pytest.raises(sa.exc.IntegrityError) as caught, catalog.write() as connection:
        connection.execute(sa.text("INSERT INTO t VALUES (:x)"), {"x": CANARY})
    assert CANARY not in f"{caught.value} {caught.value.orig} {caught.value!r}"


def test_a_text_bears_no_nul_whether_it_is_kept_or_looked_for(world: World) -> None:
    """PostgreSQL could not hold it; what is asked for with one, in whatever id, is not there."""
    with world.catalog.write() as connection:
        act = world.act(connection, record="r\0")
        found = audit_row(connection, act)
        assert audit_row(connection, f"{act}\0") is None
        assert facts_of(connection, "\0") is None
    assert found is not None
    assert found.record_id == "r\ufffd"
