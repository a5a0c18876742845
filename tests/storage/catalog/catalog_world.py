"""What the tests put into a catalog: an office, a person, deposits and audit rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from classification.levels import Level
from storage.catalog.audit_rows import AuditRow, add_audit_row
from storage.catalog.blobs import Part
from storage.catalog.deposits import Deposit, Receipt, take_in
from storage.catalog.engine import Catalog, open_catalog
from storage.catalog.names import Depositor, OfficeId, PartitionName, PersonId
from storage.catalog.offices import Office, add_office
from storage.catalog.partitions import add_partition_key
from storage.catalog.people import Person, add_person
from storage.catalog.postgresql import open_postgresql
from storage.catalog.records import NewRecord
from storage.catalog.states import AuditOutcome, BlobPart, DepositorKind, OfficeKind
from storage.ids import BlobId, RecordId, SeededIds
from storage.servers import read_server
from storage.vault.blob import Stored

KEY = bytes(range(32))
T0 = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
OFFICE = OfficeId("h37")
LAN = Depositor(DepositorKind.PERSON, "lan")


def later(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def open_at(place: str) -> Catalog:
    """The catalog at the path of a file, or at the address of a server with the credential in it."""
    if not place.startswith("postgresql:"):
        return open_catalog(Path(place), KEY)
    server = read_server("catalog", place)
    assert server.credential is not None
    return open_postgresql(server, server.credential.user.split("_")[1])  # `role_name`


def first_rows(catalog: Catalog) -> None:
    """The office and the person of the tests."""
    with catalog.write() as connection:
        add_office(connection, Office(OFFICE, "Văn phòng Tỉnh ủy", OfficeKind.PROVINCIAL_COMMITTEE_OFFICE, None, Level.TUYET_MAT, T0))
        add_person(connection, Person(PersonId(LAN.id), LAN.id, T0))


class World:
    """An open catalog and the makers of rows in it."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.catalog = open_at(place)
        self.ids = SeededIds(b"tests")

    def act(self, connection: sa.Connection, name: str = "act", at: datetime = T0, record: str | None = None) -> str:
        row = self.row(name, at, record)
        return add_audit_row(connection, row)

    def row(self, name: str, at: datetime = T0, record: str | None = None) -> AuditRow:
        return AuditRow(self.ids.new(name), at, "test", AuditOutcome.DONE, f'{{"id":"{name}"}}', person="lan", office=OFFICE, record_id=record)

    def stored(self, name: str) -> Stored:
        return Stored(BlobId(self.ids.new(f"blob/{name}")), 1, b"h" * 32, b"p" * 32, 1_000, b"s" * 32, 900)

    def deposit(self, name: str, tag: str | None = None, **changes: object) -> Deposit:
        record = NewRecord(RecordId(self.ids.new(f"record/{name}")), OFFICE, LAN, tag or f"tag-{name}", 900, 1)
        values = {"receipt_id": self.ids.new(f"receipt/{name}"), "record": record, "size": 900}
        return Deposit(parts=(Part(BlobPart.ORIGINAL, self.stored(name), "application/pdf"),), **(values | changes))  # type: ignore[arg-type]

    def take(self, name: str, at: datetime = T0, **changes: object) -> Receipt:
        deposit = self.deposit(name, **changes)  # type: ignore[arg-type]
        with self.catalog.write() as connection:
            return take_in(connection, self.ids, deposit, at, lambda record: self.row(f"deposit/{name}", at, record))

    def partition(self, name: PartitionName) -> PartitionName:
        with self.catalog.write() as connection:
            add_partition_key(connection, name, f"age1pq1{name}", T0)
        return name

    def scalar(self, statement: sa.Select[tuple[object]]) -> object:
        with self.catalog.read() as connection:
            return connection.execute(statement).scalar_one()
