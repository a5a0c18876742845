"""What the tests of both stores do with blobs, and where a store's files lie."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storage.ids import BlobId, RandomIds
from storage.vault.age import HybridIdentity, open_header, seal_header
from storage.vault.blob import Stored
from storage.vault.store import BlobStore

IDENTITY = HybridIdentity.generate()
RECIPIENTS = [IDENTITY.recipient(), HybridIdentity.generate().recipient()]
DOCUMENT = bytes(range(256)) * 1_000  # four chunks of the payload
LARGE = bytes(range(251)) * 12_000  # more than an object that is made by one request


@dataclass(frozen=True)
class Kept:
    """A store, the folder of this machine where its files lie in the end, and how another process would open it."""

    store: BlobStore
    root: Path
    another: Callable[[], BlobStore]


def new_id() -> BlobId:
    return BlobId(RandomIds().new("blob"))


def put(store: BlobStore, document: bytes = DOCUMENT, blob_id: BlobId | None = None) -> Stored:
    return store.put(io.BytesIO(document), blob_id or new_id(), RECIPIENTS)


def read(store: BlobStore, blob_id: BlobId, version: int = 1) -> bytes:
    file_key = open_header(store.read_header(blob_id, version), [IDENTITY])
    with store.open(blob_id, file_key) as reader:
        return b"".join(reader.read(0, reader.size))


def header_for_one(store: BlobStore, stored: Stored) -> bytes:
    return seal_header(open_header(store.read_header(stored.id, 1), [IDENTITY]), [IDENTITY.recipient()])


def files(root: Path) -> dict[str, bytes]:
    """Name and content of every file; without what an S3 server keeps for itself."""
    paths = (path for path in root.rglob("*") if path.is_file() and ".sgwtmp" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def payload_of(root: Path, blob_id: BlobId) -> Path:
    return root / "payloads" / blob_id[:2] / blob_id


def header_of(root: Path, blob_id: BlobId, version: int = 1) -> Path:
    return root / "headers" / blob_id[:2] / f"{blob_id}.{version}"


def flip(path: Path, offset: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[offset] ^= 1
    path.write_bytes(raw)
