"""Ids: random 128-bit names without order or meaning, so that a gap or a neighbour tells nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import NewType, Protocol

__all__ = ["BlobId", "IdSource", "RandomIds", "RecordId", "SeededIds"]

RecordId = NewType("RecordId", str)
BlobId = NewType("BlobId", str)


def _text(raw: bytes) -> str:
    """16 bytes as 26 lower-case base32 characters: safe in a path, a URL and a file name on every system."""
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()


class IdSource(Protocol):
    """Where new ids come from."""

    def new(self, logical_name: str) -> str:
        """A fresh id of 26 characters; `logical_name` matters to seeded sources only."""

    def salt(self, logical_name: str) -> bytes:
        """32 bytes that nobody can guess; `logical_name` as in `new`."""


class RandomIds:
    """The source of every real instance."""

    def new(self, logical_name: str) -> str:
        """A random id; `logical_name` is not used."""
        return _text(secrets.token_bytes(16))

    def salt(self, logical_name: str) -> bytes:
        """Random bytes; `logical_name` is not used."""
        return secrets.token_bytes(32)


class SeededIds:
    """PRF(instance seed, logical name): for twin worlds, where two instances must give equal ids."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed

    def new(self, logical_name: str) -> str:
        """The id that this seed gives this name, the same at every call."""
        return _text(hmac.digest(self._seed, logical_name.encode(), hashlib.sha256)[:16])

    def salt(self, logical_name: str) -> bytes:
        """The bytes that this seed gives this name, the same at every call."""
        return hmac.digest(self._seed, b"salt/" + logical_name.encode(), hashlib.sha256)
