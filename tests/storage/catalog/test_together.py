"""Acts that wait for the writer are committed together, and what happens to one of them is not the others' fate."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from catalog_world import World

from storage.catalog.schema import audit_pending
from storage.errors import RequestKeyReused, StoreFull

NAMES = ("first", "second", "third")
COUNT = sa.select(sa.func.count()).select_from(audit_pending)


def handed_in(world: World, acts: list[Callable[[sa.Connection], object]]) -> list[Future[object]]:
    """The acts, settled: handed in by a thread each, in this order, while the writer is busy."""
    with ThreadPoolExecutor(len(acts)) as pool:
        with world.catalog.write():
            settled = []
            for number, act in enumerate(acts, start=1):
                settled.append(pool.submit(world.catalog.write_together, act))
                deadline = time.monotonic() + 20
                while len(world.catalog._acts) < number:
                    assert time.monotonic() < deadline, "it was not handed in"
                    threading.Event().wait(0.001)
        return settled


def test_acts_that_wait_are_committed_together_and_each_sees_those_before_it(world: World) -> None:
    def act(name: str) -> Callable[[sa.Connection], object]:
        def write(connection: sa.Connection) -> object:
            seen = connection.execute(COUNT).scalar_one()
            world.act(connection, name)
            return seen, world.scalar(COUNT)

        return write

    settled = handed_in(world, [act(name) for name in NAMES])
    assert [each.result() for each in settled] == [(0, 0), (1, 0), (2, 0)]
    assert world.scalar(COUNT) == 3


def test_an_act_that_raises_is_undone_alone(world: World) -> None:
    def refused(connection: sa.Connection) -> object:
        world.act(connection, "refused")
        raise RequestKeyReused

    def act(name: str) -> Callable[[sa.Connection], object]:
        return lambda connection: world.act(connection, name)

    one, two, three = handed_in(world, [act("first"), refused, act("third")])
    assert (one.result(), three.result()) == (world.ids.new("first"), world.ids.new("third"))
    with pytest.raises(RequestKeyReused):
        two.result()
    with world.catalog.read() as connection:
        assert set(connection.execute(sa.select(audit_pending.c.id)).scalars()) == {one.result(), three.result()}


def test_a_constraint_that_one_act_breaks_is_its_own_affair(world: World) -> None:
    def act(connection: sa.Connection) -> object:
        return world.act(connection, "the same id")

    one, two, three = handed_in(world, [act, act, lambda connection: world.act(connection, "another")])
    assert one.result() != three.result()
    with pytest.raises(sa.exc.IntegrityError):
        two.result()
    assert world.scalar(COUNT) == 2


def test_a_database_that_refuses_refuses_all_and_nothing_of_any_is_kept(template: Path, tmp_path: Path) -> None:
    world = World(str(shutil.copyfile(template, tmp_path / "catalog.db")))

    def too_much(connection: sa.Connection) -> object:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        for number in range(1000):
            world.act(connection, f"one of many {number}")
        return None

    settled = handed_in(world, [lambda connection: world.act(connection, "first"), too_much, lambda connection: world.act(connection, "third")])
    for each in settled:
        with pytest.raises(StoreFull):
            each.result()
    assert world.scalar(COUNT) == 0
    world.catalog.close()


def test_where_the_commit_itself_is_refused_nothing_of_any_is_kept_and_the_next_goes_on(world: World) -> None:
    def doubtful(connection: sa.Connection) -> object:
        """Breaks a constraint that is looked at only when all is committed."""
        connection.exec_driver_sql("CREATE TABLE doubtful (id VARCHAR(26) REFERENCES audit_pending (id) DEFERRABLE INITIALLY DEFERRED)")
        connection.exec_driver_sql("INSERT INTO doubtful VALUES ('nobody')")
        return None

    settled = handed_in(world, [lambda connection: world.act(connection, "first"), doubtful])
    for each in settled:
        with pytest.raises(sa.exc.IntegrityError):
            each.result()
    assert world.scalar(COUNT) == 0
    assert world.catalog.write_together(lambda connection: world.act(connection, "next")) == world.ids.new("next")
    assert world.scalar(COUNT) == 1


def test_an_act_inside_a_transaction_of_its_thread_is_refused(world: World) -> None:
    with world.catalog.write(), pytest.raises(RuntimeError):
        world.catalog.write_together(lambda connection: world.act(connection))
