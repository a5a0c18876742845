"""An object as a file to read from any place on, fetched in pieces that grow while it is read in order."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Final

from storage.errors import BlobMissing, FixityError, StoreUnreachable
from storage.ids import BlobId
from storage.vault.s3.bucket import FORGOTTEN, Bucket

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["ObjectFile", "object_sha256", "require_kept"]

_FIRST: Final = 1 << 20
_LARGEST: Final = 4 << 20
_BLOCK: Final = 1 << 20


class ObjectFile(io.RawIOBase):
    """Reads an object of the bucket. size: its bytes when it was opened. Not for several threads at once.

    Of what was fetched the last two pieces are kept, because a payload is opened at its end and then read from its start. Where a piece goes on
    behind one of them it is twice as large: reading in order takes few requests, reading here and there little traffic.
    """

    def __init__(self, bucket: Bucket, key: str, blob_id: BlobId) -> None:
        """Raises BlobMissing and what `Bucket.read` raises; so does reading, and FixityError if the object is not what it was."""
        super().__init__()
        self._bucket, self._key, self._blob_id = bucket, key, blob_id
        self._position = 0
        head = bucket.read(key, 0, _FIRST)
        if head is None:
            raise BlobMissing(blob=blob_id)
        self.size: Final = head.size
        self._pieces = [(0, head.content)]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        room = memoryview(buffer).cast("B")
        if self._position >= self.size or not room:
            return 0
        start, content = self._piece_at(self._position)
        given = content[self._position - start :][: len(room)]
        room[: len(given)] = given
        self._position += len(given)
        return len(given)

    def _piece_at(self, position: int) -> tuple[int, bytes]:
        length = _FIRST
        for start, content in self._pieces:
            if start <= position < start + len(content):
                return start, content
            if position == start + len(content):
                length = min(2 * len(content), _LARGEST)
        end = min(position + length, self.size)
        piece = self._bucket.read(self._key, position, end)
        if piece is None:
            raise BlobMissing(blob=self._blob_id)
        if len(piece.content) != end - position:
            raise FixityError(blob=self._blob_id)
        self._pieces = [self._pieces[-1], (position, piece.content)]
        return self._pieces[-1]


def object_sha256(bucket: Bucket, key: str, blob_id: BlobId) -> bytes:
    """Digest (32 bytes) of a whole object, as the server gives it back. Raises what `ObjectFile` raises."""
    digest = hashlib.sha256()
    with ObjectFile(bucket, key, blob_id) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.digest()


def require_kept(bucket: Bucket, key: str, blob_id: BlobId, sha256: bytes) -> None:
    """See that the server holds what it has just confirmed. Raises FixityError if it gives back other bytes, StoreUnreachable if none."""
    try:
        if object_sha256(bucket, key, blob_id) != sha256:
            raise FixityError(blob=blob_id)
    except BlobMissing:
        raise StoreUnreachable(why=FORGOTTEN) from None
