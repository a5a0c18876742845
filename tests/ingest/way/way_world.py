"""An instance with its keeper, the door in this process, and a desk at which this process can work as the worker does."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from ingest.desk import Desk
from ingest.door import Arrival, Reception, Request, Taken, receive
from ingest.sandbox.sandbox import Sandbox
from search_api.household import Household
from storage.archive import Archive, decode_key, open_archive
from storage.audit.scribe import Actor
from storage.catalog.blobs import BlobRow, blobs_of
from storage.catalog.deposits import Receipt, receipt_of
from storage.catalog.names import Depositor, OfficeId
from storage.catalog.record_facts import RecordFacts, facts_of
from storage.catalog.schema import metadata
from storage.catalog.states import BlobPart, DepositorKind
from storage.clock import SystemClock
from storage.home import Home
from storage.ids import RandomIds, RecordId
from storage.settings import read_settings
from storage.vault.age import HybridIdentity, open_header, parse_identities
from storage.vault.keeper.client import KeeperClient
from storage.vault.keeper.protocol import Role
from tests.instances import Instance
from tests.waiting import until

__all__ = ["LETTER", "LIGHT", "READER_DIES", "World", "armed", "made_instance", "marked", "open_index_path"]

LIGHT = (str(Path(__file__).with_name("light_zygote.py")),)
PATIENCE = 60.0
READER_DIES = "the reader of the light zygote dies of this"

LETTER = """ỦY BAN NHÂN DÂN\t\tCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
TỈNH QUẢNG NGÃI\t\tĐộc lập - Tự do - Hạnh phúc
Số: {number}/QĐ-UBND\t\tQuảng Ngãi, ngày 24 tháng 7 năm 2019

QUYẾT ĐỊNH
Về việc phê duyệt kế hoạch phòng chống {what}

Điều 1. {text}
"""


def marked(text: str) -> str:
    """A letter with a secrecy stamp on it."""
    return "TỐI MẬT\n" + text


def made_instance(folder: Path, *words: str) -> Instance:
    made = Instance(folder)
    made.run("init", "--test", "--recovery-out", made.recovery, *words)
    return made


def open_index_path(home: Home, office: OfficeId) -> Path:
    """The file of an office's embedded open partition."""
    return home.catalog / f"open-{office}.db"


class World:
    """An instance whose household runs here."""

    def __init__(self, instance: Instance, household: Household) -> None:
        self.instance, self.household = instance, household
        self.home = Home(instance.home)
        self.settings = read_settings(self.home)
        self.archive: Archive = open_archive(self.home, self.settings, household.keeper, RandomIds(), SystemClock())[0]
        self.recovery = [key for key in parse_identities(instance.recovery.read_text()) if isinstance(key, HybridIdentity)]

    def desk(self, sandbox: Sandbox) -> Desk:
        archive, given = open_archive(self.home, self.settings, KeeperClient(self.household.ends[Role.WORKER]), RandomIds(), SystemClock())
        return Desk(archive, HybridIdentity(decode_key(given["transit"])), sandbox)

    def arrival(self, name: bytes = b"cong van.txt", person: str = "lan", request: Request | None = None) -> Arrival:
        actor = Actor(person, person, is_person=True, office=self.archive.office)
        return Arrival(Depositor(DepositorKind.PERSON, person), actor, self.archive.office, name, request=request)

    def deposit(self, content: bytes | str, name: str = "công văn.txt", person: str = "lan", request: Request | None = None) -> Taken:
        body = content.encode() if isinstance(content, str) else content
        return receive(self.archive, self.arrival(name.encode(), person, request), [body])

    def reception(self, largest: int = 1 << 20) -> Reception:
        return Reception(self.archive, self.arrival(), largest)

    def receipt(self, receipt_id: str) -> Receipt:
        with self.archive.catalog.read() as connection:
            found = receipt_of(connection, receipt_id)
        assert found is not None
        return found

    def settled(self, taken: Taken) -> Receipt:
        """The receipt, once the worker has given it its final outcome."""
        until(lambda: self.receipt(taken.receipt.id).outcome.final)
        return self.receipt(taken.receipt.id)

    def facts(self, record: str | None) -> RecordFacts:
        with self.archive.catalog.read() as connection:
            found = facts_of(connection, record or "")
        assert found is not None
        return found

    def row(self, record: str | None) -> sa.RowMapping:
        return next(row for row in self.rows("record") if row["id"] == record)

    def rows(self, table: str) -> list[sa.RowMapping]:
        with self.archive.catalog.read() as connection:
            return list(connection.execute(sa.select(metadata.tables[table])).mappings())

    def blobs(self, record: str | None) -> dict[BlobPart, BlobRow]:
        with self.archive.catalog.read() as connection:
            return {blob.part: blob for blob in blobs_of(connection, RecordId(record or ""))}

    def content(self, blob: BlobRow) -> bytes:
        """What a part says, opened with the recovery identity alone; what lies there must be what the row says."""
        self.archive.store.verify(blob.id, blob.header_version, blob.header_sha256, blob.payload_sha256)
        key = open_header(self.archive.store.read_header(blob.id, blob.header_version), self.recovery)
        with self.archive.store.open(blob.id, key) as reader:
            return b"".join(reader.read(0, reader.size))

    def actions(self, record: str | None) -> list[str]:
        return [row["action"] for row in sorted(self.rows("audit_pending"), key=lambda row: row["time"]) if row["record_id"] == record]

    def files(self) -> set[Path]:
        return {path for path in self.home.store.rglob("*") if path.is_file()}

    def is_idle(self) -> bool:
        """Whether the queue is done with everything and the open index knows all that it shall."""
        return all(row["done"] for row in self.rows("work")) and not any(str(row["partition_id"]).startswith("open/") for row in self.rows("outbox"))

    def assert_kept_parts_alone(self, record: str | None) -> None:
        """Of what was replaced on the way no row and no file is left."""
        assert {row["id"] for row in self.rows("blob") if row["record_id"] == record} == {blob.id for blob in self.blobs(record).values()}
        assert {found.id for found in self.archive.store.walk()} == {row["id"] for row in self.rows("blob")}

    def assert_whole(self, contents: Iterable[bytes]) -> None:
        """Each document acknowledged is kept once and bit by bit, and nothing but what the rows name can be opened."""
        kept: dict[str, int] = {}
        names: dict[str, tuple[int, ...]] = {}
        for row in self.rows("record"):
            blobs = self.blobs(row["id"])
            assert row["state"] == "kept"
            assert set(blobs) - {BlobPart.ACCESS} == {BlobPart.ORIGINAL, BlobPart.TEXT, BlobPart.DESCRIPTION}
            digest = hashlib.sha256(self.content(blobs[BlobPart.ORIGINAL])).hexdigest()
            kept[digest] = kept.get(digest, 0) + 1
            for blob in blobs.values():
                self.content(blob)
                names[blob.id] = (blob.header_version,)
        for content in contents:
            assert kept.pop(hashlib.sha256(content).hexdigest()) == 1
        assert set(kept.values()) <= {1}
        for found in self.archive.store.walk():
            if found.id in names:
                assert found.header_versions == names[found.id], "a header that no row names"
        assert all(receipt["outcome"] in ("stored", "duplicate") for receipt in self.rows("receipt"))
        assert not [row for row in self.rows("blob") if row["retired_at"] is not None]


def armed(spec: str | None) -> None:
    """What processes started from now on are armed with."""
    if spec is None:
        os.environ.pop("VANKHO_FAILPOINT", None)
    else:
        os.environ["VANKHO_FAILPOINT"] = spec
