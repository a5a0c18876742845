"""The S3 store: the same names as in a folder, as keys of a bucket."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from storage.errors import BlobMissing, DamagedHeader, DamagedPayload, FixityError, VankhoError
from storage.failpoints import failpoint
from storage.ids import BlobId
from storage.servers import Server
from storage.vault.age import MAX_HEADER, HybridRecipient, PayloadReader
from storage.vault.blob import Found, found_in, header_name, is_shard, payload_name
from storage.vault.draft import Draft
from storage.vault.s3.bucket import Bucket
from storage.vault.s3.landing import S3Landing
from storage.vault.s3.reading import ObjectFile, object_sha256, require_kept
from storage.vault.store import BlobStore

__all__ = ["S3Store"]

_BLOCK = 1_048_576  # bytes exported at a time


class S3Store(BlobStore):
    """Blobs in a bucket. Durable is what the server calls stored: S3 knows no fsync.

    The bucket must never have been versioned (every put looks, and refuses), must refuse a conditional put of a key that is there, and must show
    at once what was written, replaced or deleted; `found_store` tries it.
    Source: docs/write-order.md, "S3 store".
    """

    def __init__(self, server: Server, spool: Path) -> None:
        """server: with its credential. spool: a folder for what is on its way. Asks the server nothing; construct it behind the walls."""
        self._bucket = Bucket(server)
        self._spool = spool

    def draft(self, blob_id: BlobId, recipients: Sequence[HybridRecipient]) -> Draft:
        return Draft(blob_id, recipients, S3Landing(self._bucket, self._spool, blob_id))

    def read_header(self, blob_id: BlobId, version: int) -> bytes:
        piece = self._bucket.read(_header_key(blob_id, version), 0, MAX_HEADER + 1)
        if piece is None:
            raise BlobMissing(blob=blob_id)
        if len(piece.content) > MAX_HEADER:
            raise FixityError(blob=blob_id)
        return piece.content

    @contextmanager
    def open(self, blob_id: BlobId, file_key: bytes) -> Iterator[PayloadReader]:
        with ObjectFile(self._bucket, _payload_key(blob_id), blob_id) as file:
            try:
                yield PayloadReader(io.BufferedReader(file), 0, file.size, file_key)
            except DamagedPayload as error:
                raise FixityError(blob=blob_id) from error

    def export(self, blob_id: BlobId, version: int) -> Iterator[bytes]:
        header = self.read_header(blob_id, version)
        with ObjectFile(self._bucket, _payload_key(blob_id), blob_id) as file:
            yield header
            while block := file.read(_BLOCK):
                yield block

    def verify(self, blob_id: BlobId, version: int, header_sha256: bytes, payload_sha256: bytes) -> None:
        for key, sha256 in ((_header_key(blob_id, version), header_sha256), (_payload_key(blob_id), payload_sha256)):
            if object_sha256(self._bucket, key, blob_id) != sha256:
                raise FixityError(blob=blob_id)

    def verify_header(self, blob_id: BlobId, version: int, header_sha256: bytes, payload_size: int) -> None:
        if object_sha256(self._bucket, _header_key(blob_id, version), blob_id) != header_sha256:
            raise FixityError(blob=blob_id)
        payload = self._bucket.read(_payload_key(blob_id), 0, 1)
        if payload is None:
            raise BlobMissing(blob=blob_id)
        if payload.size != payload_size:
            raise FixityError(blob=blob_id)

    def written_at(self, blob_id: BlobId) -> datetime | None:
        keys = [_payload_key(blob_id), *self._header_keys(blob_id)]
        return max((piece.written for key in keys if (piece := self._bucket.read(key, 0, 1))), default=None)

    def add_header(self, blob_id: BlobId, version: int, raw: bytes) -> bytes:
        key, sha256 = _header_key(blob_id, version), hashlib.sha256(raw).digest()
        if self._bucket.read(_payload_key(blob_id), 0, 1) is None:
            raise BlobMissing(blob=blob_id)
        if len(raw) > MAX_HEADER:
            raise DamagedHeader(rule=f"it is longer than {MAX_HEADER} bytes")
        failpoint("s3-header.1 put header")
        is_new = self._bucket.create(key, raw)
        try:
            failpoint("s3-header.2 re-read header")
            require_kept(self._bucket, key, blob_id, sha256)
            failpoint("s3-header.2 return")
        except BaseException:
            if is_new:
                with suppress(VankhoError):
                    self._bucket.delete(key)
            raise
        return sha256

    def remove_header(self, blob_id: BlobId, version: int) -> None:
        key = _header_key(blob_id, version)
        failpoint("s3-remove.1 delete header")
        self._bucket.delete(key)

    def remove(self, blob_id: BlobId) -> None:
        payload = _payload_key(blob_id)
        for key in self._header_keys(blob_id):
            failpoint("s3-remove.1 delete headers")
            self._bucket.delete(key)
        failpoint("s3-remove.2 delete payload")
        self._bucket.delete(payload)

    def walk(self) -> Iterator[Found]:
        shards = {*self._bucket.folders("headers"), *self._bucket.folders("payloads")}
        for shard in sorted(filter(is_shard, shards)):
            headers = (listed.name for listed in self._bucket.listed(f"headers/{shard}"))
            payloads = ((listed.name, listed.size) for listed in self._bucket.listed(f"payloads/{shard}"))
            yield from found_in(headers, payloads)

    def sweep_temporaries(self, older_than: float) -> int:
        """None: the spool has no names, and what a server keeps of an upload that was cut off, the bucket's own rule removes."""
        return 0

    def _header_keys(self, blob_id: BlobId) -> list[str]:
        folder = f"headers/{payload_name(blob_id)[:2]}"
        # A dot sorts before everything that may follow it, so every version is listed after the id alone.
        return [f"{folder}/{listed.name}" for listed in self._bucket.listed(folder, blob_id) if listed.name.startswith(f"{blob_id}.")]


def _header_key(blob_id: BlobId, version: int) -> str:
    return f"headers/{header_name(blob_id, version)}"


def _payload_key(blob_id: BlobId) -> str:
    return f"payloads/{payload_name(blob_id)}"
