"""Keys of age files made elsewhere, X25519 and passphrases: for reading only, since Vankho seals to post-quantum recipients alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from storage.errors import DamagedHeader, KeyTextMalformed
from storage.vault.age import bech32
from storage.vault.age.filekey import hkdf
from storage.vault.age.header import Stanza

__all__ = ["ScryptIdentity", "X25519Identity"]

X25519_INFO = b"age-encryption.org/v1/X25519"
SCRYPT_SALT = b"age-encryption.org/v1/scrypt"
MAX_WORK_FACTOR = 20
"""log2 of the scrypt cost that is accepted: 1 GiB of memory for each try; the age program itself writes 18."""


class X25519Identity:
    """A classical age identity. secret: the X25519 scalar, 32 bytes. Source: age v1, "The X25519 recipient type"."""

    __slots__ = ("_key",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32:
            raise KeyTextMalformed(rule="an X25519 identity has 32 bytes")
        self._key = X25519PrivateKey.from_private_bytes(secret)

    @classmethod
    def parse(cls, text: str) -> X25519Identity:
        """The identity that `text` ("AGE-SECRET-KEY-1...") is. Raises KeyTextMalformed."""
        prefix, secret = bech32.decode(text)
        if prefix != "AGE-SECRET-KEY-":
            raise KeyTextMalformed(rule="an identity begins with AGE-SECRET-KEY-PQ-1 or AGE-SECRET-KEY-1")
        return cls(secret)

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """The file key, or None if no stanza is addressed to this identity. Raises DamagedHeader on a malformed stanza of its type."""
        for stanza in stanzas:
            if stanza.type == "X25519" and (file_key := self._unwrap(stanza)):
                return file_key
        return None

    def _unwrap(self, stanza: Stanza) -> bytes | None:
        body = stanza.wrapped_key(arguments=1)
        share = stanza.decoded(0, 32)
        try:
            shared = self._key.exchange(X25519PublicKey.from_public_bytes(share))
        except ValueError:
            raise DamagedHeader(rule="the X25519 share is not a low-order point: the shared secret must not be all 0x00 bytes") from None
        return _opened(hkdf(shared, salt=share + self._key.public_key().public_bytes_raw(), info=X25519_INFO), body)


class ScryptIdentity:
    """A passphrase. Source: age v1, "The scrypt recipient type"."""

    __slots__ = ("_passphrase",)

    def __init__(self, passphrase: str) -> None:
        self._passphrase = passphrase

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """The file key, or None if this is not the passphrase. Raises DamagedHeader on a malformed stanza, or one that costs too much."""
        for stanza in stanzas:
            if stanza.type == "scrypt" and (file_key := self._unwrap(stanza)):
                return file_key
        return None

    def _unwrap(self, stanza: Stanza) -> bytes | None:
        body = stanza.wrapped_key(arguments=2)
        salt = stanza.decoded(0, 16)
        factor = stanza.args[1]
        if not re.fullmatch("[1-9][0-9]*", factor):
            raise DamagedHeader(rule="the work factor is a decimal number composed of only digits with no leading zeroes")
        if len(factor) > 2 or int(factor) > MAX_WORK_FACTOR:
            raise DamagedHeader(rule=f"a work factor of at most {MAX_WORK_FACTOR} is accepted")
        cost = Scrypt(salt=SCRYPT_SALT + salt, length=32, n=1 << int(factor), r=8, p=1)
        return _opened(cost.derive(self._passphrase.encode()), body)


def _opened(wrap_key: bytes, body: bytes) -> bytes | None:
    try:
        return ChaCha20Poly1305(wrap_key).decrypt(bytes(12), body, None)
    except InvalidTag:
        return None
