"""Blobs: which sealed parts a record has, and which files say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.catalog.schema import blob
from storage.catalog.states import BlobPart
from storage.ids import BlobId, RecordId
from storage.vault.blob import Stored

__all__ = [
    "BlobRow",
    "Part",
    "add_blob",
    "add_blobs",
    "all_blobs",
    "blob_in",
    "blob_of",
    "blobs_of",
    "forget_blob",
    "retire_blob",
    "retired_blobs",
    "rewrapped_header",
]


@dataclass(frozen=True, slots=True)
class BlobRow:
    """One part of one record. Digests are 32 bytes, over the files as they lie there; payload_size in bytes, sealed."""

    id: BlobId
    record: RecordId
    part: BlobPart
    header_version: int
    header_sha256: bytes
    payload_sha256: bytes
    payload_size: int
    media_type: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """A part that is durably stored."""

    part: BlobPart
    stored: Stored
    media_type: str | None


_INSERT = blob.insert()
_COLUMNS = (
    blob.c.id,
    blob.c.record_id,
    blob.c.part,
    blob.c.header_version,
    blob.c.header_sha256,
    blob.c.payload_sha256,
    blob.c.payload_size,
    blob.c.media_type,
)


_OF_RECORD = sa.select(*_COLUMNS).where(blob.c.record_id == sa.bindparam("asked"), blob.c.retired_at.is_(None)).order_by(blob.c.part)


def add_blob(connection: sa.Connection, record_id: RecordId, part: BlobPart, stored: Stored, media_type: str | None) -> None:
    """Name a blob that is durably stored as the record's part; one that is replaced is retired before."""
    add_blobs(connection, record_id, [Part(part, stored, media_type)])


def add_blobs(connection: sa.Connection, record_id: RecordId, parts: Sequence[Part]) -> None:
    """The same for several parts, in one statement."""
    rows = [
        {
            "id": new.stored.id,
            "record_id": record_id,
            "part": new.part,
            "header_version": new.stored.header_version,
            "header_sha256": new.stored.header_sha256,
            "payload_sha256": new.stored.payload_sha256,
            "payload_size": new.stored.payload_size,
            "media_type": new.media_type,
        }
        for new in parts
    ]
    connection.execute(_INSERT, rows)


def blobs_of(connection: sa.Connection, record_id: RecordId) -> tuple[BlobRow, ...]:
    """The record's parts as they are now, by name."""
    return tuple(BlobRow(*row) for row in connection.execute(_OF_RECORD, {"asked": record_id}))


def blob_in(row: sa.RowMapping) -> BlobRow | None:
    """The part of a row that holds the columns of `blob`, all of them null where there is none."""
    return None if row[blob.c.id] is None else BlobRow(*(row[column] for column in _COLUMNS))


def all_blobs(connection: sa.Connection) -> dict[BlobId, BlobRow]:
    """Every live part of every record, by its id; of records that are disposed, none is left."""
    rows = connection.execute(sa.select(*_COLUMNS).where(blob.c.retired_at.is_(None)))
    return {row.id: BlobRow(*row) for row in rows}


def blob_of(connection: sa.Connection, record_id: RecordId, part: BlobPart) -> BlobRow | None:
    """One part of the record."""
    return next((row for row in blobs_of(connection, record_id) if row.part is part), None)


def rewrapped_header(connection: sa.Connection, before: BlobRow, header_sha256: bytes) -> None:
    """Move a blob over to the next version of its header, which is durably stored."""
    values = {"header_version": before.header_version + 1, "header_sha256": header_sha256}
    moved = connection.execute(blob.update().where(blob.c.id == before.id, blob.c.header_version == before.header_version).values(values))
    if moved.rowcount != 1:
        raise RuntimeError("two re-wraps of one blob at a time")


def retire_blob(connection: sa.Connection, record_id: RecordId, part: BlobPart, at: datetime) -> None:
    """Take a part out of every answer; its files are destroyed after the transaction, and `forget_blob` says so."""
    connection.execute(blob.update().where(blob.c.record_id == record_id, blob.c.part == part, blob.c.retired_at.is_(None)).values(retired_at=at))


def retired_blobs(connection: sa.Connection) -> tuple[BlobRow, ...]:
    """Blobs whose files are still to be destroyed."""
    return tuple(BlobRow(*row) for row in connection.execute(sa.select(*_COLUMNS).where(blob.c.retired_at.is_not(None)).order_by(blob.c.id)))


def forget_blob(connection: sa.Connection, blob_id: BlobId) -> None:
    """Forget a retired blob whose files are destroyed."""
    connection.execute(blob.delete().where(blob.c.id == blob_id, blob.c.retired_at.is_not(None)))
