"""What the index of a closed partition is to hold of a record, read from its sealed parts."""

from __future__ import annotations

import structlog

from storage.catalog.blobs import BlobRow, blobs_of
from storage.catalog.names import PartitionName
from storage.catalog.record_facts import RecordFacts, facts_of
from storage.catalog.skeletons import skeleton_of
from storage.catalog.states import BlobPart, State
from storage.description import Description
from storage.errors import BlobMissing, FixityError, KeyNotRight
from storage.ids import RecordId
from storage.index.entry import IndexEntry
from storage.indexed import entry_of, plain_text
from storage.vault.keeper.keeper import Keeper
from storage.vault.keeper.opening import identity_of
from storage.vault.rewrap import file_key

__all__ = ["read_entry"]

log = structlog.get_logger("keeper")

_UNREAD = Description(file_name="", plain_sha256="")


def read_entry(keeper: Keeper, record_id: RecordId, partition: PartitionName) -> IndexEntry | None:
    """The entry of a record as it is now; None where it is not, or no longer, in this partition.

    Of one whose parts are missing or damaged there is what can still be read: `check` names them. Raises StoreUnreachable, KeyFileDamaged.
    """
    read = _read(keeper, record_id)
    while read is not None:
        facts, blobs, pages = read
        if facts.home != partition or facts.state is not State.KEPT:
            return None
        description, text = (_opened(keeper, facts, blobs, part) for part in (BlobPart.DESCRIPTION, BlobPart.TEXT))
        before, read = read, read if description is not None and text is not None else _read(keeper, record_id)
        if read == before:  # else its parts were changed, or came under another key, while they were read
            if description is None or text is None:
                log.error("a record is found by what can be read of it alone", record=record_id)
            return entry_of(facts, Description.decode(description) if description else _UNREAD, plain_text(text) if text else "", pages)
    return None


_Read = tuple[RecordFacts, dict[BlobPart, BlobRow], int | None]


def _read(keeper: Keeper, record_id: RecordId) -> _Read | None:
    with keeper.catalog.read() as connection:
        facts = facts_of(connection, record_id)
        if facts is None:
            return None
        return facts, {blob.part: blob for blob in blobs_of(connection, record_id)}, skeleton_of(connection, record_id).page_count


def _opened(keeper: Keeper, facts: RecordFacts, blobs: dict[BlobPart, BlobRow], part: BlobPart) -> bytes | None:
    """The content of a part, empty where the record has none; None where it cannot be read."""
    blob = blobs.get(part)
    if blob is None:
        return b""
    try:
        with keeper.store.open(blob.id, file_key(keeper.store, blob, identity_of(keeper, facts))) as reader:
            return b"".join(reader.read(0, reader.size))
    except (BlobMissing, FixityError, KeyNotRight):
        return None
