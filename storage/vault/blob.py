"""A blob: one part of one record, a sealed payload under a random name and its versioned headers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from storage.errors import NotFound
from storage.ids import BlobId

__all__ = ["Found", "Stored", "found_in", "header_name", "is_shard", "parse_header_name", "parse_payload_name", "payload_name"]

# 128 bits in base32: the last of the 26 characters carries three of them, so it is one of eight, and an id has one spelling.
_ID = r"[a-z2-7]{25}[aeimquy4]"
_PAYLOAD_NAME = re.compile(_ID)
_HEADER_NAME = re.compile(rf"({_ID})\.([1-9][0-9]{{0,8}})")
_SHARD = re.compile(r"[a-z2-7]{2}")


@dataclass(frozen=True, slots=True)
class Stored:
    """What is durably kept of one part; the digests go into the record's row and, salted, into the audit leaf."""

    id: BlobId
    header_version: int
    header_sha256: bytes  # 32 bytes, of the header file as it lies there
    payload_sha256: bytes  # 32 bytes, of the sealed payload
    payload_size: int  # bytes, sealed
    plain_sha256: bytes  # 32 bytes, of what came in
    plain_size: int  # bytes, of what came in


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in the store under one id, whoever put it there."""

    id: BlobId
    header_versions: tuple[int, ...]  # ascending
    payload_size: int | None  # bytes, sealed; None where there is no payload

    @property
    def is_complete(self) -> bool:
        """Whether there is a payload and a header to open it with; the rest of a write or a removal that was cut off has not both."""
        return self.payload_size is not None and bool(self.header_versions)


def payload_name(blob_id: BlobId) -> str:
    """The payload's place in its tree, `aa/<id>`.

    Raises NotFound for anything that is not an id, so that no other text ever becomes part of a path.
    """
    if not _PAYLOAD_NAME.fullmatch(blob_id):
        raise NotFound
    return f"{blob_id[:2]}/{blob_id}"


def header_name(blob_id: BlobId, version: int) -> str:
    """The place of one version of the header in its tree, `aa/<id>.<version>`; versions count from 1. Raises NotFound as `payload_name` does."""
    name = f"{payload_name(blob_id)}.{version:d}"
    if not _HEADER_NAME.fullmatch(name[3:]):
        raise NotFound
    return name


def parse_payload_name(name: str) -> BlobId | None:
    """The id whose payload has this file name, or None for a name that the store does not give."""
    return BlobId(name) if _PAYLOAD_NAME.fullmatch(name) else None


def parse_header_name(name: str) -> tuple[BlobId, int] | None:
    """The id and version whose header has this file name, or None for a name that the store does not give."""
    match = _HEADER_NAME.fullmatch(name)
    return (BlobId(match[1]), int(match[2])) if match else None


def is_shard(name: str) -> bool:
    """Whether a folder of this name may hold headers or payloads."""
    return _SHARD.fullmatch(name) is not None


def found_in(headers: Iterable[str], payloads: Iterable[tuple[str, int]]) -> Iterator[Found]:
    """What lies in one shard, in the order of ids; other names are passed over. headers: file names. payloads: file names with sizes in bytes.

    Headers are asked for first, since a payload gets its name before its header: what has a header then has its payload afterwards.
    """
    versions: dict[BlobId, list[int]] = defaultdict(list)
    for name in headers:
        if header := parse_header_name(name):
            versions[header[0]].append(header[1])
    sizes = {blob_id: size for name, size in payloads if (blob_id := parse_payload_name(name))}
    for blob_id in sorted({*versions, *sizes}):
        yield Found(blob_id, tuple(sorted(versions[blob_id])), sizes.get(blob_id))
