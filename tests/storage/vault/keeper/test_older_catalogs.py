"""An instance that another version made: of an earlier one the keeper brings the catalog to this version when it starts; a later one's it leaves."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from storage.catalog.index_faults import all_faults
from storage.catalog.names import OfficeId, PartitionName
from storage.catalog.outbox import count_refused
from storage.catalog.partitions import add_partition_key
from storage.catalog.rebuilds import all_rebuilds
from storage.catalog.revision import is_outdated
from storage.clock import instant
from storage.errors import CatalogNewer
from tests.storage.vault.keeper.keeper_house import START, House

OPEN = PartitionName(OfficeId("central"))


def as_0003(connection: sa.Connection) -> None:
    connection.exec_driver_sql("DROP TABLE worker_host")
    connection.exec_driver_sql("DROP TABLE index_fault")
    connection.exec_driver_sql("DROP TABLE rebuild")
    connection.exec_driver_sql("CREATE TABLE index_fault (office_id VARCHAR(63) PRIMARY KEY, code VARCHAR(40), since VARCHAR(27))")
    asked = "office_id VARCHAR(63) PRIMARY KEY, asked_at VARCHAR(27), total INTEGER, done INTEGER DEFAULT 0, failed VARCHAR(40)"
    connection.exec_driver_sql(f"CREATE TABLE rebuild ({asked}, refused INTEGER, owner VARCHAR(64), lease_until VARCHAR(27))")
    connection.exec_driver_sql("INSERT INTO index_fault VALUES ('central', 'VK-INDEX-DAMAGED', ?)", (instant(START),))
    connection.exec_driver_sql("INSERT INTO rebuild (office_id, asked_at) VALUES ('central', ?)", (instant(START),))


def as_0001(connection: sa.Connection) -> None:
    connection.exec_driver_sql("DROP TABLE index_fault")
    for column in ("refused", "owner", "lease_until"):
        connection.exec_driver_sql(f"ALTER TABLE rebuild DROP COLUMN {column}")
    for column in ("again_at", "refused_at", "refused"):
        connection.exec_driver_sql(f"ALTER TABLE outbox DROP COLUMN {column}")


@pytest.mark.parametrize("revision", ["0001", "0003"])
def test_the_keeper_brings_the_tables_of_an_earlier_version_to_this_one(house: House, revision: str) -> None:
    ids = house.acts(3)
    with house.keeper.catalog.write() as connection:
        add_partition_key(connection, OPEN, "age1pq1central", START)
        as_0003(connection)
        if revision == "0001":
            as_0001(connection)
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = ?", (revision,))
    keeper = house.start()
    with keeper.catalog.read() as connection:
        assert (is_outdated(connection), count_refused(connection)) == (False, 0)
        assert [(one.partition, one.asked_at, one.done) for one in all_rebuilds(connection)] == [(OPEN, START, 0)]
        faults = [(one.partition, one.code, one.since) for one in all_faults(connection)]
        assert faults == ([(OPEN, "VK-INDEX-DAMAGED", START)] if revision == "0003" else [])
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
