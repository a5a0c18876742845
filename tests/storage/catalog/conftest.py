"""Catalogs for the tests: one with tables, an office and a person, copied for each test, and an empty one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from catalog_world import KEY, OFFICE, T0, World

from classification.levels import Level
from storage.catalog.engine import Catalog, create_catalog, open_catalog
from storage.catalog.migrations import migrate
from storage.catalog.names import PersonId
from storage.catalog.offices import Office, add_office
from storage.catalog.people import Person, add_person
from storage.catalog.states import OfficeKind


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "catalog.db"
    catalog = create_catalog(path, KEY)
    migrate(catalog)
    with catalog.write() as connection:
        add_office(connection, Office(OFFICE, "Văn phòng Tỉnh ủy", OfficeKind.PROVINCIAL_COMMITTEE_OFFICE, None, Level.TUYET_MAT, T0))
        add_person(connection, Person(PersonId("lan"), "lan", T0))
    catalog.close()
    return path


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    path = tmp_path / "catalog.db"
    shutil.copyfile(template, path)
    world = World(path)
    yield world
    world.catalog.close()


@pytest.fixture
def open_world(tmp_path: Path) -> Iterator[Callable[[], Catalog]]:
    """Opens an empty catalog, made at the first call, as often as asked: each is a process of its own as far as the database knows."""
    path, opened = tmp_path / "empty.db", []

    def once_more() -> Catalog:
        opened.append(open_catalog(path, KEY) if path.exists() else create_catalog(path, KEY))
        return opened[-1]

    yield once_more
    for catalog in opened:
        catalog.close()
