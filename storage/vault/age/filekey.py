"""The file key: 16 random bytes, one for each sealed file, from which the header's MAC key and the payload's key are derived."""

from __future__ import annotations

import secrets

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["FILE_KEY_SIZE", "WRAPPED_KEY_SIZE", "header_key", "hkdf", "new_file_key", "payload_key"]

FILE_KEY_SIZE = 16
WRAPPED_KEY_SIZE = FILE_KEY_SIZE + 16
"""A file key under ChaCha20-Poly1305: the body of every native stanza."""


def new_file_key() -> bytes:
    """A fresh file key, never to be used for a second file. Source: age v1, "File key"."""
    return secrets.token_bytes(FILE_KEY_SIZE)


def header_key(file_key: bytes) -> bytes:
    """The 32-byte HMAC key of the header. Source: age v1, "Header MAC"."""
    return hkdf(file_key, salt=b"", info=b"header")


def payload_key(file_key: bytes, nonce: bytes) -> bytes:
    """The 32-byte ChaCha20-Poly1305 key of a payload that begins with `nonce` (16 bytes). Source: age v1, "Payload"."""
    return hkdf(file_key, salt=nonce, info=b"payload")


def hkdf(secret: bytes, *, salt: bytes, info: bytes) -> bytes:
    """32 bytes by HKDF-SHA-256, extract and expand. Source: RFC 5869."""
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(secret)
