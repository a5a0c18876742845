"""An instance that another version made: of an earlier one the keeper brings the catalog to this version when it starts; a later one's it leaves."""

from __future__ import annotations

import pytest

from storage.catalog.outbox import count_refused
from storage.catalog.revision import is_outdated
from storage.errors import CatalogNewer
from tests.storage.vault.keeper.keeper_house import House


def test_the_keeper_brings_the_tables_of_an_earlier_version_to_this_one(house: House) -> None:
    ids = house.acts(3)
    with house.keeper.catalog.write() as connection:
        for table in ("index_fault", "worker_host"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        for column in ("again_at", "refused_at", "refused"):  # as revision 0001 had it
            connection.exec_driver_sql(f"ALTER TABLE outbox DROP COLUMN {column}")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    keeper = house.start()
    with keeper.catalog.read() as connection:
        assert (is_outdated(connection), count_refused(connection)) == (False, 0)
    assert {*ids} <= {row.id for row in house.rows()}


def test_the_tables_of_a_later_version_are_left_as_they_are(house: House) -> None:
    """As after a program that was set back: it must not guess what the columns mean that it does not know."""
    catalog = house.keeper.catalog
    with catalog.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(CatalogNewer) as told:
        house.start()
    assert told.value.facts["revision"] == "9999"
    assert "install the later one" in told.value.detail_en.format(**told.value.facts)
