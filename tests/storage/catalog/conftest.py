"""Catalogs for the tests: with tables, an office and a person, or empty; embedded and on a server."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from catalog_world import KEY, World, first_rows, open_at

from storage.catalog.engine import Catalog, create_catalog
from storage.catalog.migrations import migrate

if TYPE_CHECKING:  # what the server needs is imported where it is asked for
    from postgres_world import Place

    from tests.servers.postgresql import PostgresServer

KINDS = ["sqlcipher", pytest.param("postgresql", marks=pytest.mark.servers)]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "catalog.db"
    catalog = create_catalog(path, KEY)
    migrate(catalog)
    first_rows(catalog)
    catalog.close()
    return path


@pytest.fixture(scope="session")
def founded(postgresql: PostgresServer) -> Place:
    """A catalog on the server, for all tests in turn."""
    from postgres_world import found

    return found(postgresql)


@pytest.fixture
def place(postgresql: PostgresServer, founded: Place) -> Iterator[Place]:
    """The same, for this test."""
    from postgres_world import emptied

    yield founded
    emptied(postgresql, founded)


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A catalog of each kind, as the keeper opens it."""
    if request.param == "sqlcipher":
        at = str(shutil.copyfile(request.getfixturevalue("template"), tmp_path / "catalog.db"))
    else:
        at = request.getfixturevalue("place").address("keeper")
    world = World(at)
    yield world
    world.catalog.close()


@pytest.fixture(params=KINDS)
def open_world(request: pytest.FixtureRequest) -> Callable[[], Catalog]:
    """Opens a catalog of each kind as often as asked: each is a process of its own as far as the database knows."""
    opened: Callable[[], Catalog] = request.getfixturevalue("open_file" if request.param == "sqlcipher" else "open_place")
    return opened


@pytest.fixture
def open_file(tmp_path: Path) -> Iterator[Callable[[], Catalog]]:
    """The same, of an empty file."""
    create_catalog(tmp_path / "empty.db", KEY).close()
    yield from _opening(str(tmp_path / "empty.db"))


@pytest.fixture
def open_place(place: Place) -> Iterator[Callable[[], Catalog]]:
    """The same, of a schema on the server."""
    yield from _opening(place.address("keeper"))


def _opening(at: str) -> Iterator[Callable[[], Catalog]]:
    opened: list[Catalog] = []

    def once_more() -> Catalog:
        opened.append(open_at(at))
        return opened[-1]

    yield once_more
    for catalog in opened:
        catalog.close()
