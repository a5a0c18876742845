"""A catalog with tables and a person, for all tests; each undoes what it writes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from access_world import T0, WHO

from storage.catalog.engine import Catalog, create_catalog
from storage.catalog.migrations import migrate
from storage.catalog.people import Person, add_person


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    catalog = create_catalog(tmp_path_factory.mktemp("access") / "catalog.db", bytes(32))
    migrate(catalog)
    with catalog.write() as connection:
        add_person(connection, Person(WHO, "lan", T0))
    yield catalog
    catalog.close()
