"""An instance that an earlier version made: its keeper brings the catalog to this version when it starts."""

from __future__ import annotations

from storage.catalog.outbox import count_refused
from storage.catalog.revision import is_outdated
from tests.storage.vault.keeper.keeper_house import House


def test_the_keeper_brings_the_tables_of_an_earlier_version_to_this_one(house: House) -> None:
    ids = house.acts(3)
    with house.keeper.catalog.write() as connection:
        connection.exec_driver_sql("DROP TABLE index_fault")
        for column in ("again_at", "refused_at", "refused"):  # as revision 0001 had it
            connection.exec_driver_sql(f"ALTER TABLE outbox DROP COLUMN {column}")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    keeper = house.start()
    with keeper.catalog.read() as connection:
        assert (is_outdated(connection), count_refused(connection)) == (False, 0)
    assert {*ids} <= {row.id for row in house.rows()}
