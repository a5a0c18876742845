"""The key that wraps all keys (KEK), behind a provider of two verbs, so that a token or a cipher module can take the file's place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.errors import KekMissing
from storage.walls.memory import LockedPages

__all__ = ["KEY_SIZE", "FileKek", "KekProvider", "NotUnwrapped"]

KEY_SIZE = 32
"""Bytes of every secret that is wrapped: an X-Wing or Ed25519 seed, or a symmetric key."""

_NONCE_SIZE = 12
_TAG_SIZE = 16


class NotUnwrapped(Exception):
    """What was to be unwrapped, or its context, was changed, or was wrapped by another KEK."""


class KekProvider(Protocol):
    """What can wrap a key so that only itself can unwrap it."""

    def wrap(self, key: memoryview, context: bytes) -> bytes:
        """`key` (32 bytes) sealed and bound to `context`."""

    def unwrap(self, wrapped: bytes, context: bytes, into: memoryview) -> None:
        """Put the key into `into` (32 bytes of locked memory).

        Raises NotUnwrapped if `wrapped` or `context` is not what it was, or the KEK is another one.
        """


class FileKek:
    """A KEK of 32 random bytes in a file outside the home; AES-256-GCM, 12-byte random nonce before the ciphertext (NIST SP 800-38D)."""

    def __init__(self, path: Path, memory: LockedPages) -> None:
        """Read the KEK into locked memory. Raises KekMissing where the file is absent, unreadable or not 32 bytes."""
        self._key = memory.take()
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            memory.release(self._key)
            raise KekMissing(path=str(path)) from error
        try:
            # readv fills the locked page itself: no copy in a bytes object.
            whole = os.fstat(descriptor).st_size == KEY_SIZE == os.readv(descriptor, [self._key])
        finally:
            os.close(descriptor)
        if not whole:
            memory.release(self._key)
            raise KekMissing(path=str(path))

    def wrap(self, key: memoryview, context: bytes) -> bytes:
        """nonce ‖ ciphertext ‖ tag, 60 bytes."""
        nonce = os.urandom(_NONCE_SIZE)
        return nonce + AESGCM(self._key).encrypt(nonce, key, context)

    def unwrap(self, wrapped: bytes, context: bytes, into: memoryview) -> None:
        """See KekProvider."""
        if len(wrapped) != _NONCE_SIZE + KEY_SIZE + _TAG_SIZE:
            raise NotUnwrapped
        try:
            AESGCM(self._key).decrypt_into(wrapped[:_NONCE_SIZE], wrapped[_NONCE_SIZE:], context, into)
        except InvalidTag:
            raise NotUnwrapped from None
