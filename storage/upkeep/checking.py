"""`check`: catalog and store compared in both directions, and what is unfinished named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from storage.catalog.blobs import BlobRow, all_blobs
from storage.catalog.engine import Catalog
from storage.catalog.index_faults import all_faults
from storage.catalog.names import PartitionName
from storage.catalog.partitions import all_partitions
from storage.catalog.rebuilds import all_rebuilds
from storage.catalog.record_facts import facts_of
from storage.catalog.schema import outbox, record
from storage.catalog.states import State
from storage.clock import Clock
from storage.errors import BlobMissing, FixityError, VankhoError
from storage.ids import BlobId, RecordId
from storage.index.open_index import OpenIndex
from storage.upkeep.counting import miscounts
from storage.vault.store import BlobStore

__all__ = ["Checked", "Finding", "Kind", "check"]

_YOUNG = timedelta(hours=24)
_SLOW = timedelta(minutes=10)
_NAMED = 20


class Kind(StrEnum):
    """What was found."""

    BLOB_MISSING = "BLOB_MISSING"
    BLOB_CHANGED = "BLOB_CHANGED"
    HEADER_STRAY = "HEADER_STRAY"
    ORPHAN = "ORPHAN"
    WRONG_KEY = "WRONG_KEY"
    INDEX_LATE = "INDEX_LATE"
    INDEX_BROKEN = "INDEX_BROKEN"
    INDEX_COUNT = "INDEX_COUNT"
    INDEX_SILENT = "INDEX_SILENT"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. record: None for a blob that no record names."""

    kind: Kind
    record: RecordId | None
    blob: BlobId | None
    text: str

    def as_json(self) -> dict[str, str | None]:
        """As the interface gives it."""
        return {"kind": self.kind.value, "record_id": self.record, "blob": self.blob, "text": self.text}


@dataclass(frozen=True, slots=True)
class Checked:
    """findings: what must be looked into. notes: what time or the next start mends by itself."""

    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]

    def as_json(self) -> dict[str, object]:
        """As the interface gives it: not how much was checked, since who may check may not see every record."""
        return {
            "findings": [finding.as_json() for finding in self.findings],
            "notes": [note.as_json() for note in self.notes],
        }


def check(
    catalog: Catalog, store: BlobStore, clock: Clock, *, read_data: bool, index: OpenIndex | None = None, silent: VankhoError | None = None
) -> Checked:
    """Every part that a record names is there and is what it was; nothing lies in the store that no record names; each index is whole.

    index: of open partitions, which are counted here; closed ones the keeper has looked over before, and noted what is wrong, or could not: silent.
    read_data: read every sealed byte and compare its digest. A blob that no row names is a note for a day, as a deposit that was cut
    off leaves it. What an index is to learn is no finding for ten minutes, nor a note: how much that is would tell of records that are hidden.
    """
    now = clock.now()
    with catalog.read() as connection:
        blobs = all_blobs(connection)
        records = connection.execute(sa.select(record.c.id, record.c.state)).all()
        findings = list(_unfinished(connection, now, [RecordId(row.id) for row in records if row.state is State.KEPT]))
    notes: list[Finding] = []
    findings += _broken(catalog)
    if silent is not None:
        findings.append(Finding(Kind.INDEX_SILENT, None, None, silent.detail("en")))
    if index is not None:
        findings += _miscounted(catalog, index)
    for blob in blobs.values():
        findings += _damage(store, blob, read_data=read_data)
    for found in store.walk():
        row = blobs.get(found.id)
        if row is None:
            written = store.written_at(found.id)
            young = written is not None and now - written < _YOUNG
            (notes if young else findings).append(Finding(Kind.ORPHAN, None, found.id, "no record names this blob"))
        elif found.header_versions != (row.header_version,):
            notes.append(Finding(Kind.HEADER_STRAY, row.record, row.id, "a header version that the record does not name; the next start removes it"))
    return Checked(tuple(findings), tuple(notes))


def _damage(store: BlobStore, blob: BlobRow, *, read_data: bool) -> Iterator[Finding]:
    try:
        if read_data:
            store.verify(blob.id, blob.header_version, blob.header_sha256, blob.payload_sha256)
        else:
            store.verify_header(blob.id, blob.header_version, blob.header_sha256, blob.payload_size)
    except BlobMissing:
        yield Finding(Kind.BLOB_MISSING, blob.record, blob.id, f"the part {blob.part} is not in the store: restore it from a backup")
    except FixityError:
        yield Finding(Kind.BLOB_CHANGED, blob.record, blob.id, f"the part {blob.part} is not what was stored: restore it from a backup")


def _unfinished(connection: sa.Connection, now: datetime, kept: list[RecordId]) -> Iterator[Finding]:
    for record_id in kept:
        facts = facts_of(connection, record_id)
        if facts is not None and facts.wrapped != facts.home:
            yield Finding(Kind.WRONG_KEY, record_id, None, f"sealed to {facts.wrapped}, belongs to {facts.home}: the keeper re-wraps it")
    late = sa.select(outbox.c.record_id).where(outbox.c.made_at <= now - _SLOW).distinct().order_by(outbox.c.record_id).limit(_NAMED)
    for record_id in connection.execute(late).scalars():
        text = "a change of this record is not in the index yet: `vankho status` or the worker's log says why"
        yield Finding(Kind.INDEX_LATE, RecordId(record_id), None, text)


def _broken(catalog: Catalog) -> Iterator[Finding]:
    """Indexes that take nothing."""
    with catalog.read() as connection:
        faults, asked = all_faults(connection), {one.partition: one for one in all_rebuilds(connection)}
    for fault in faults:
        rebuild = asked.get(fault.partition)
        what = "build it again with `vankho reindex`" if rebuild is None or rebuild.has_ended else "it is being built again"
        yield Finding(Kind.INDEX_BROKEN, None, None, f"the index of {fault.partition} cannot be used ({fault.code}): {what}")


def _miscounted(catalog: Catalog, index: OpenIndex) -> Iterator[Finding]:
    """Offices whose index holds other than as many records as are open there, where it has nothing to learn."""
    with catalog.read() as connection:
        partitions = [name for name in all_partitions(connection) if name.is_open]

    def count(partition: PartitionName) -> int:
        return index.count(partition.office)

    try:
        found = list(miscounts(catalog, partitions, count))
    except VankhoError as error:
        yield Finding(Kind.INDEX_SILENT, None, None, error.detail("en"))
        return
    with catalog.read() as connection:
        refusing = {one.partition for one in all_rebuilds(connection) if one.refused is not None}
    for one in found:
        what = "some were refused, and the worker's log names them" if one.partition in refusing else "build it again with `vankho reindex`"
        text = f"the open index of {one.partition.office} holds {one.found} records instead of {one.expected}: {what}"
        yield Finding(Kind.INDEX_COUNT, None, None, text)
