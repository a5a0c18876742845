"""Signed notes and the checkpoints of a log written as such. Source: C2SP signed-note v1.0.0 and tlog-checkpoint v1.0.0."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from storage.audit.merkle import Digest, TreeHead
from storage.errors import NoteDamaged, NoteForeign, NoteForged

__all__ = [
    "Checkpoint",
    "NoteSigner",
    "VerifierKey",
    "decode_digest",
    "encode_digest",
    "log_signer",
    "open_checkpoint",
    "open_note",
    "sign_checkpoint",
]

_ED25519 = b"\x01"
_KEY_ID_SIZE = 4
_MAX_SIGNATURES = 100
_SIGNATURE_LINE = re.compile(r"— (\S+) (\S+)")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name that it signs under: what the reader of a log must hold beforehand."""

    name: str
    public: bytes  # 32 bytes, RFC 8032

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(letter.isspace() for letter in self.name):
            raise NoteDamaged(rule="a key name is neither empty nor holds spaces or +")

    @property
    def key_id(self) -> bytes:
        """4 bytes that point to the key; no fingerprint, since anyone can find another key with the same ones."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_KEY_ID_SIZE]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key's text form, in hex: what two people compare over the telephone."""
        return hashlib.sha256(str(self).encode()).hexdigest()

    def __str__(self) -> str:
        """The key in the text form `name+id+key`."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read `name+id+key`. Raises NoteDamaged if it is not exactly what the key itself would print."""
        name, _, rest = text.partition("+")
        _, _, encoded = rest.partition("+")
        raw = _decode(encoded)
        if len(raw) != 33 or raw[:1] != _ED25519:
            raise NoteDamaged(rule="a verifier key is an Ed25519 key of 32 bytes")
        key = cls(name, raw[1:])
        if str(key) != text:
            raise NoteDamaged(rule="a verifier key bears the id that follows from its name and bytes")
        return key


class NoteSigner:
    """A private key with the name that it signs under."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.verifier = VerifierKey(name, key.public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """The note of `text`, which ends in a newline, with this one signature."""
        signature = self.verifier.key_id + self._key.sign(text.encode())
        return f"{text}\n— {self.verifier.name} {base64.b64encode(signature).decode()}\n".encode()


def log_signer(instance: str, seed: bytes | memoryview) -> NoteSigner:
    """The signer of an instance's audit log. seed: the 32 bytes of its Ed25519 key."""
    return NoteSigner(f"vankho/{instance}", Ed25519PrivateKey.from_private_bytes(seed))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log signs: its name, and how many leaves hash to which root."""

    origin: str
    head: TreeHead
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The signed text: a line each for origin, size, root and extensions."""
        return "".join(f"{line}\n" for line in (self.origin, str(self.head.size), encode_digest(self.head.root), *self.extensions))

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the signed text. Raises NoteDamaged."""
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() or not all(lines):
            raise NoteDamaged(rule="a checkpoint has a line each for origin, size and root, and no empty one")
        origin, size, root, *extensions = lines
        if not _SIZE.fullmatch(size):
            raise NoteDamaged(rule="the size of a checkpoint is a decimal number without leading zeros")
        return cls(origin, TreeHead(int(size), decode_digest(root)), tuple(extensions))


def sign_checkpoint(head: TreeHead, signer: NoteSigner) -> bytes:
    """The checkpoint note of `head`, its origin the name of the key."""
    return signer.sign(Checkpoint(signer.verifier.name, head).text())


def open_checkpoint(note: bytes, key: VerifierKey) -> Checkpoint:
    """The checkpoint in `note`, known to be signed by `key` for the log of the same name. Raises NoteDamaged, NoteForeign, NoteForged."""
    checkpoint = Checkpoint.parse(open_note(note, key))
    if checkpoint.origin != key.name:
        raise NoteForeign(name=key.name)
    return checkpoint


def open_note(note: bytes, key: VerifierKey) -> str:
    """The text of a note, known to be signed by `key`; signatures of others are passed over.

    Raises NoteDamaged if it is no note, NoteForeign if `key` did not sign it, NoteForged if a signature that names `key` is false.
    """
    text, lines = _split(note)
    signed = False
    for line in lines:
        match = _SIGNATURE_LINE.fullmatch(line)
        raw = _decode(match[2]) if match else b""
        if not match or "+" in match[1] or len(raw) <= _KEY_ID_SIZE:
            raise NoteDamaged(rule="a signature line is a dash, a key name and a signature")
        if match[1] != key.name or raw[:_KEY_ID_SIZE] != key.key_id:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(raw[_KEY_ID_SIZE:], text.encode())
        except InvalidSignature:
            raise NoteForged(name=key.name) from None
        signed = True
    if not signed:
        raise NoteForeign(name=key.name)
    return text


def encode_digest(digest: Digest) -> str:
    """A digest as notes and answers write it: standard base64."""
    return base64.b64encode(digest).decode()


def decode_digest(text: str) -> Digest:
    """The 32 bytes that base64 `text` stands for. Raises NoteDamaged."""
    raw = _decode(text)
    if len(raw) != 32:
        raise NoteDamaged(rule="a root hash has 32 bytes")
    return Digest(raw)


def _split(note: bytes) -> tuple[str, list[str]]:
    """Text and signature lines: the last empty line lies between."""
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise NoteDamaged(rule="a note is UTF-8") from None
    text, blank, signatures = whole.rpartition("\n\n")
    lines = signatures.split("\n")
    if _CONTROL.search(whole) or not text or not blank or lines.pop() or not lines or len(lines) > _MAX_SIGNATURES:
        raise NoteDamaged(rule="a note is a text, an empty line, and 1 to 100 signature lines")
    return text + "\n", lines


def _decode(text: str) -> bytes:
    """Base64 in the one spelling that encoding gives, so that no byte of it can be changed unnoticed."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteDamaged(rule="bytes are written in standard base64") from None
    if base64.b64encode(raw).decode() != text:
        raise NoteDamaged(rule="bytes are written in standard base64")
    return raw
