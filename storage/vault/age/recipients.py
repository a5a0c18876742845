"""The keys Vankho seals to, X-Wing (ML-KEM-768 with X25519) through HPKE: safe as long as either of the two holds."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from storage.errors import DamagedHeader, KeyTextMalformed
from storage.vault.age import bech32
from storage.vault.age.header import Identity, Stanza, encode_base64
from storage.vault.age.legacy import X25519Identity

__all__ = ["HybridIdentity", "HybridRecipient", "parse_identities"]

STANZA_TYPE = "mlkem768x25519"
INFO = b"age-encryption.org/mlkem768x25519"
RECIPIENT_PREFIX = "age1pq"
IDENTITY_PREFIX = "AGE-SECRET-KEY-PQ-"

SEED_SIZE = 32
MLKEM_SEED_SIZE = 64
MLKEM_PUBLIC_SIZE = 1184
PUBLIC_SIZE = MLKEM_PUBLIC_SIZE + 32
MLKEM_CIPHERTEXT_SIZE = 1088
ENCAPSULATION_SIZE = MLKEM_CIPHERTEXT_SIZE + 32

SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)


@dataclass(frozen=True, slots=True)
class HybridRecipient:
    """A public key. public: 1,216 bytes, the ML-KEM-768 encapsulation key and then the X25519 point.

    Raises KeyTextMalformed if they are not such a key.
    Source: age v1, "The MLKEM768-X25519 hybrid post-quantum recipient type"; draft-ietf-hpke-pq.
    """

    public: bytes
    _key: hpke.MLKEM768X25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            if len(self.public) != PUBLIC_SIZE:
                raise ValueError
            mlkem = MLKEM768PublicKey.from_public_bytes(self.public[:MLKEM_PUBLIC_SIZE])
            x25519 = X25519PublicKey.from_public_bytes(self.public[MLKEM_PUBLIC_SIZE:])
            # A low-order point would only be noticed when a document is sealed to it.
            X25519PrivateKey.generate().exchange(x25519)
        except ValueError:
            raise KeyTextMalformed(rule="a post-quantum recipient is an ML-KEM-768 key of 1,184 bytes and an X25519 point of 32") from None
        object.__setattr__(self, "_key", hpke.MLKEM768X25519PublicKey(mlkem, x25519))

    @classmethod
    def parse(cls, text: str) -> HybridRecipient:
        """The recipient that `text` ("age1pq1...") names. Raises KeyTextMalformed."""
        return cls(_parse(text, RECIPIENT_PREFIX))

    def text(self) -> str:
        """Its text form, 1,959 characters: "age1pq1..."."""
        return bech32.encode(RECIPIENT_PREFIX, self.public)

    def wrap(self, file_key: bytes) -> Stanza:
        """A stanza that only this recipient's identity opens; different at every call."""
        sealed = SUITE.encrypt(file_key, self._key, info=INFO)
        return Stanza(STANZA_TYPE, (encode_base64(sealed[:ENCAPSULATION_SIZE]),), sealed[ENCAPSULATION_SIZE:])


class HybridIdentity:
    """A private key, kept as nothing but the 32-byte seed that was given.

    seed: where a memoryview is given, no copy of it is made, so that it may lie in locked memory; whoever owns that memory must not
    wipe it while this identity is used. The keys made of it live for one call.
    Source: age v1, "The MLKEM768-X25519 hybrid post-quantum recipient type".
    """

    __slots__ = ("_seed",)

    def __init__(self, seed: bytes | memoryview) -> None:
        if len(seed) != SEED_SIZE:
            raise KeyTextMalformed(rule="a post-quantum identity has 32 bytes")
        self._seed = seed

    @classmethod
    def generate(cls) -> HybridIdentity:
        """A fresh identity."""
        return cls(secrets.token_bytes(SEED_SIZE))

    @classmethod
    def parse(cls, text: str) -> HybridIdentity:
        """The identity that `text` ("AGE-SECRET-KEY-PQ-1...") is. Raises KeyTextMalformed."""
        return cls(_parse(text, IDENTITY_PREFIX))

    def text(self) -> str:
        """Its text form, "AGE-SECRET-KEY-PQ-1...": a secret in memory that cannot be wiped."""
        return bech32.encode(IDENTITY_PREFIX, self._seed)

    def recipient(self) -> HybridRecipient:
        """The public half."""
        mlkem, x25519 = self._keys()
        return HybridRecipient(mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw())

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """The file key, from the first stanza that this identity opens, or None.

        Raises DamagedHeader on a malformed stanza of this type, though it be addressed to someone else.
        """
        addressed = [stanza for stanza in stanzas if stanza.type == STANZA_TYPE]
        if not addressed:
            return None
        mlkem, x25519 = self._keys()
        key = hpke.MLKEM768X25519PrivateKey(mlkem, x25519)
        for stanza in addressed:
            body = stanza.wrapped_key(arguments=1)
            encapsulation = stanza.decoded(0, ENCAPSULATION_SIZE)
            _refuse_low_order(x25519, encapsulation[MLKEM_CIPHERTEXT_SIZE:])
            try:
                return SUITE.decrypt(encapsulation + body, key, info=INFO)
            except InvalidTag:
                continue
        return None

    def _keys(self) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
        """X-Wing's expansion of the seed, by SHAKE-256 into 64 + 32 bytes. Source: draft-connolly-cfrg-xwing-kem, 5.2."""
        expanded = bytearray(hashlib.shake_256(self._seed).digest(MLKEM_SEED_SIZE + 32))
        try:
            with memoryview(expanded) as view:
                return MLKEM768PrivateKey.from_seed_bytes(view[:MLKEM_SEED_SIZE]), X25519PrivateKey.from_private_bytes(view[MLKEM_SEED_SIZE:])
        finally:
            expanded[:] = bytes(len(expanded))


def parse_identities(text: str) -> list[Identity]:
    """The identities of an identity file: one a line; empty lines and those that begin with # are comments.

    Post-quantum and X25519 identities are read. Raises KeyTextMalformed, which names the line and never quotes it, also if there is none.
    """
    identities: list[Identity] = []
    for number, line in enumerate(text.splitlines(), start=1):
        key = line.strip()
        if not key or key.startswith("#"):
            continue
        try:
            identities.append(HybridIdentity.parse(key) if key.startswith(IDENTITY_PREFIX) else X25519Identity.parse(key))
        except KeyTextMalformed as malformed:
            raise KeyTextMalformed(rule=f"{malformed.facts['rule']} (line {number})") from None
    if not identities:
        raise KeyTextMalformed(rule="an identity file holds at least one line that begins with AGE-SECRET-KEY-")
    return identities


def _parse(text: str, wanted: str) -> bytes:
    prefix, data = bech32.decode(text)
    if prefix != wanted:
        raise KeyTextMalformed(rule=f"it begins with {wanted}1")
    return data


def _refuse_low_order(key: X25519PrivateKey, share: bytes) -> None:
    """Raises DamagedHeader if the shared secret is all zero, which HPKE does not tell from a stanza for someone else."""
    try:
        key.exchange(X25519PublicKey.from_public_bytes(share))
    except ValueError:
        raise DamagedHeader(rule="the X25519 share is not a low-order point: the shared secret must not be all 0x00 bytes") from None
