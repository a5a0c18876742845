"""What every store of blobs does: keep sealed parts, give back any range of them, and destroy them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import BinaryIO, Protocol

from storage.ids import BlobId
from storage.vault.age import HybridRecipient, PayloadReader
from storage.vault.blob import Found, Stored
from storage.vault.draft import Draft

__all__ = ["BlobStore"]


class BlobStore(Protocol):
    """Blobs: `payloads/aa/<id>` never changes once it is there, `headers/aa/<id>.<n>` come and go; one after the other they are a plain age
    file. Safe for threads and for several processes at once.

    Each method raises NotFound for what is no id or no version, StoreFailed where the disk of this machine fails (then this process ends, see
    there), and on a server StoreUnreachable, StoreRefused, BucketMissing and BucketVersioned.
    Source: docs/format.md; docs/write-order.md.
    """

    def draft(self, blob_id: BlobId, recipients: Sequence[HybridRecipient]) -> Draft:
        """A blob to be written piece by piece, `with store.draft(...) as draft:`; left without `publish`, nothing of it remains.

        Raises StoreFull on entering.
        """

    def put(self, source: BinaryIO, blob_id: BlobId, recipients: Sequence[HybridRecipient]) -> Stored:
        """Seal `source` to its end and keep it; durable when this returns.

        Raises StoreFull, FixityError and TargetExists as `Draft` does: then nothing of it is kept.
        """
        with self.draft(blob_id, recipients) as draft:
            while block := source.read(1 << 20):
                draft.write(block)
            return draft.publish()

    def read_header(self, blob_id: BlobId, version: int) -> bytes:
        """One version of the header. Raises BlobMissing, and FixityError if it cannot be read or is longer than a header can be."""

    def open(self, blob_id: BlobId, file_key: bytes) -> AbstractContextManager[PayloadReader]:
        """Read any range of what was put in. file_key: 16 bytes, from any version of the header.

        Raises BlobMissing, and FixityError here or in the reader when what it meets is damaged or not sealed under this key.
        """

    def export(self, blob_id: BlobId, version: int) -> Iterator[bytes]:
        """The blob as a plain age file, piece by piece: both parts are open before the first piece is given.

        Raises BlobMissing, and FixityError if the store does not give a part; whether the bytes are right is for `verify` or for age to say.
        """

    def verify(self, blob_id: BlobId, version: int, header_sha256: bytes, payload_sha256: bytes) -> None:
        """Read both parts again. Raises BlobMissing, and FixityError if either is not what these digests (32 bytes) say."""

    def verify_header(self, blob_id: BlobId, version: int, header_sha256: bytes, payload_size: int) -> None:
        """Read the header again, and see that the payload has its size (bytes, sealed). Raises as `verify` does."""

    def written_at(self, blob_id: BlobId) -> datetime | None:
        """When the blob's newest file was written, by the clock of the machine that keeps it; None if there is none."""

    def add_header(self, blob_id: BlobId, version: int, raw: bytes) -> bytes:
        """Keep one more version of the header; returns its SHA-256 (32 bytes), durable when it returns.

        The same bytes may come again, as they do after a crash. Raises TargetExists if this version has other bytes, BlobMissing if there is no
        payload that it could open, DamagedHeader if it is longer than a header can be, FixityError if it does not read back, StoreFull: then
        nothing of it is kept.
        """

    def remove_header(self, blob_id: BlobId, version: int) -> None:
        """Remove one version of the header, with every copy that a crash left of it; durable when it returns, and nothing if it is gone."""

    def remove(self, blob_id: BlobId) -> None:
        """Remove all headers, then the payload, with what a crash left of them; durable when it returns, and nothing if they are gone.

        Headers first: what a crash leaves is a payload that nobody can open, never a header whose destruction was promised.
        """

    def walk(self) -> Iterator[Found]:
        """What lies in the store, in the order of ids, without temporary files. One put or removed meanwhile may be given by half."""

    def sweep_temporaries(self, older_than: float) -> int:
        """Remove the temporary files not written to for `older_than` seconds, which nobody was ever told are kept; returns their number.

        A draft that lives on after its file was swept fails when it is published. Raises OSError.
        """
