"""Opening parts of records: the act stands in the log, then the keeper gives the key of one part, then the api decrypts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from search_api.callers import Caller
from search_api.settling import indexed
from storage.access import Action
from storage.access.deeds import deed
from storage.archive import Archive, decode_key
from storage.audit.leaf import Json
from storage.catalog.blobs import BlobRow, blob_of, blobs_of
from storage.catalog.record_facts import RecordFacts
from storage.catalog.skeletons import Skeleton, skeleton_of
from storage.catalog.states import BlobPart
from storage.description import Description, read_open
from storage.errors import NotFound
from storage.vault.age import PayloadReader

__all__ = ["Opened", "Shown", "exported", "open_part", "shown"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A record as one may see it. described: None while it is on its way and has no description. indexed: whether it can be found as it is."""

    facts: RecordFacts
    skeleton: Skeleton
    described: Description | None
    parts: tuple[BlobRow, ...]
    indexed: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A part and what reads it. media_type: of what the reader gives."""

    media_type: str | None
    blob: BlobRow
    reader: PayloadReader


def shown(archive: Archive, caller: Caller, record: str, details: dict[str, Json] | None = None) -> Shown:
    """A record's skeleton and description. Raises NotFound for what she may not see."""
    with deed(archive.catalog, archive.scribe, caller.as_of, Action.SHOW, record, details) as act:
        facts, parts = act.record, blobs_of(act.connection, act.record.id)
        bare = skeleton_of(act.connection, facts.id)
        described, found = read_open(act.connection, facts.id), indexed(act.connection, facts.id)
    # The row is committed: only now may the keeper be asked.
    if described is None and any(part.part is BlobPart.DESCRIPTION for part in parts):
        described = _sealed_description(archive, caller, facts, next(p for p in parts if p.part is BlobPart.DESCRIPTION), act.act)
    return Shown(facts, bare, described, parts, found)


def _sealed_description(archive: Archive, caller: Caller, facts: RecordFacts, blob: BlobRow, act: str) -> Description:
    """The description of a closed record, from its sealed part. act: the id of the committed audit row."""
    key = _file_key(archive, caller, facts.id, blob.part, act)
    with archive.store.open(blob.id, key) as reader:
        return Description.decode(b"".join(reader.read(0, reader.size)))


@contextmanager
def open_part(archive: Archive, caller: Caller, record: str, part: BlobPart, page: int | None = None) -> Iterator[Opened]:
    """One part, to be read in any range while the block runs. page: the only one that is looked at, for the log.

    Raises NotFound for a record or part that is not hers to see.
    """
    details: dict[str, Json] = {"part": part.value} | ({} if page is None else {"page": page})
    with deed(archive.catalog, archive.scribe, caller.as_of, Action.READ, record, details) as act:
        facts, blob = act.record, blob_of(act.connection, act.record.id, part)
        if blob is None and part is BlobPart.ACCESS:  # nothing had to be taken out: the original is its own access copy
            blob = blob_of(act.connection, act.record.id, BlobPart.ORIGINAL)
        media_type = skeleton_of(act.connection, facts.id).media_type
    if blob is None:
        raise NotFound
    with archive.store.open(blob.id, _file_key(archive, caller, facts.id, blob.part, act.act)) as reader:
        yield Opened(media_type if blob.part is BlobPart.ORIGINAL else blob.media_type, blob, reader)


def _file_key(archive: Archive, caller: Caller, record: str, part: BlobPart, act: str) -> bytes:
    if caller.session is None:
        raise NotFound
    return decode_key(archive.keeper.ask("unwrap", session=caller.session, record=record, part=part.value, audit=act)["file_key"])


def exported(archive: Archive, caller: Caller, record: str, part: BlobPart) -> tuple[int, Iterator[bytes]]:
    """One part as a plain age file, and its size in bytes: sealed, so the keeper is not asked; still a reading, and logged as one."""
    with deed(archive.catalog, archive.scribe, caller.as_of, Action.READ, record, {"part": part.value, "format": "age"}) as act:
        blob = blob_of(act.connection, act.record.id, part)
    if blob is None:
        raise NotFound
    header = archive.store.read_header(blob.id, blob.header_version)
    return len(header) + blob.payload_size, archive.store.export(blob.id, blob.header_version)
