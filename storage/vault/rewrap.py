"""Re-wrapping: the one way in which a record's parts come under another key. Payloads are never touched.

Three steps: `wrap_anew` writes the next header version of every part, durably; the caller's one transaction moves the rows over,
with state, audit row and outbox; `drop_old` deletes the versions before. Cut off after the first step, the rows still name the
old versions and the new ones are written over; after the second, the old ones are swept up at the next start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from storage.catalog.blobs import BlobRow
from storage.errors import FixityError, TargetExists
from storage.failpoints import failpoint
from storage.vault.age import HybridIdentity, HybridRecipient, open_header, seal_header
from storage.vault.store import BlobStore

__all__ = ["Rewrapped", "drop_old", "file_key", "wrap_anew"]


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """A part whose next header version lies durably in the store. header_sha256: of that version."""

    blob: BlobRow
    header_sha256: bytes


def file_key(store: BlobStore, blob: BlobRow, identity: HybridIdentity) -> bytes:
    """The 16 bytes that open one part.

    Raises FixityError if its header is not the one that the row names, BlobMissing if there is none, KeyNotRight for another key.
    """
    raw = store.read_header(blob.id, blob.header_version)
    if hashlib.sha256(raw).digest() != blob.header_sha256:
        raise FixityError(blob=blob.id)
    return open_header(raw, [identity])


def wrap_anew(
    store: BlobStore, blobs: Sequence[BlobRow], identity: HybridIdentity, recipients: Sequence[HybridRecipient]
) -> tuple[Rewrapped, ...]:
    """Step 1. identity: what the parts are sealed to now. recipients: what they shall be sealed to."""
    done = []
    for blob in blobs:
        key = file_key(store, blob, identity)
        header, version = seal_header(key, recipients), blob.header_version + 1
        try:
            digest = store.add_header(blob.id, version, header)
        except TargetExists:  # left by a run that was cut off: no row names it
            store.remove_header(blob.id, version)
            digest = store.add_header(blob.id, version, header)
        done.append(Rewrapped(blob, digest))
    failpoint("rewrap.1 new headers are durable")
    return tuple(done)


def drop_old(store: BlobStore, rewrapped: Sequence[Rewrapped]) -> None:
    """Step 3, after the transaction."""
    failpoint("rewrap.2 the rows name the new headers")
    for part in rewrapped:
        store.remove_header(part.blob.id, part.blob.header_version)
    failpoint("rewrap.3 old headers are gone")
