"""The keys of an instance: each a 32-byte secret, wrapped under the KEK in a file of its own, unwrapped into locked memory.

Only the keeper builds a Keyring. What others may know of a key is its KeyInfo.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.clock import Clock, instant
from storage.durable import write_new
from storage.errors import KeyFileDamaged
from storage.ids import IdSource
from storage.vault.age import HybridIdentity
from storage.vault.kek import KekProvider, NotUnwrapped
from storage.walls.memory import LockedPages, fill_random

__all__ = ["KeyInfo", "KeyKind", "Keyring"]

_FORMAT = 1
_SUFFIX = ".key"


class KeyKind(StrEnum):
    """What a key is for, which says how its public half is made."""

    TRANSIT = "transit"
    """X-Wing: every deposit is sealed to it until the record is kept."""
    PARTITION = "partition"
    """X-Wing: the records of one partition are sealed to it."""
    AUDITORS = "auditors"
    """X-Wing: the details of audit entries are sealed to it."""
    SIGNING = "signing"
    """Ed25519: signs the checkpoints of the audit log."""
    CATALOG = "catalog"
    """Symmetric: the database of the catalog."""
    OPEN_INDEX = "open-index"
    """Symmetric: the embedded index of open records."""
    DUPLICATES = "duplicates"
    """Symmetric: HMAC of content, so that a repeated deposit is known without keeping its hash."""
    CREDENTIALS = "credentials"
    """Symmetric: what proves to servers who asks."""
    HOSTS = "hosts"
    """Ed25519: certifies worker hosts, and the gate through which they reach the keeper."""


_AGE_KINDS = frozenset({KeyKind.TRANSIT, KeyKind.PARTITION, KeyKind.AUDITORS})


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What may be known of a key.

    public: an age recipient (`age1pq1...`), an Ed25519 public key in hex, or null for a symmetric key.
    created: RFC 3339, UTC. sound: whether the file opened under the KEK.
    """

    id: str
    kind: KeyKind
    name: str
    public: str | None
    created: str
    sound: bool


class Keyring:
    """The unwrapped keys, in the keeper's memory."""

    def __init__(self, folder: Path, instance: str, provider: KekProvider, memory: LockedPages) -> None:
        """Unwrap every key file of `folder`.

        A file that does not open does not stop the others: its key is listed as not sound and raises KeyFileDamaged when used.
        """
        self._folder, self._instance, self._provider, self._memory = folder, instance, provider, memory
        self._making = threading.Lock()
        self._infos: dict[tuple[KeyKind, str], KeyInfo] = {}
        self._secrets: dict[tuple[KeyKind, str], memoryview] = {}
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            self._load(path)

    def infos(self) -> list[KeyInfo]:
        """Every key, by kind and name."""
        return [self._infos[key] for key in sorted(self._infos)]

    def info(self, kind: KeyKind, name: str) -> KeyInfo:
        """What may be known of one key. Raises KeyFileDamaged if there is none."""
        try:
            return self._infos[kind, name]
        except KeyError:
            raise KeyFileDamaged(name=f"{kind}/{name}") from None

    def ensure(self, kind: KeyKind, name: str, ids: IdSource, clock: Clock) -> KeyInfo:
        """The key of this kind and name, made and durably kept if there is none yet. Raises KeyFileDamaged if it is not sound."""
        with self._making:  # of two keys for one name, one would be lost with all that is sealed to it
            if (kind, name) not in self._infos:
                self._make(kind, name, ids, clock)
            self.secret(kind, name)
            return self._infos[kind, name]

    def secret(self, kind: KeyKind, name: str) -> memoryview:
        """The 32 bytes of a key, in locked memory; not to be copied. Raises KeyFileDamaged if the key is missing or not sound."""
        try:
            return self._secrets[kind, name]
        except KeyError:
            raise KeyFileDamaged(name=f"{kind}/{name}") from None

    def identity(self, kind: KeyKind, name: str) -> HybridIdentity:
        """The key as an age identity over the locked memory: its private key objects live for one unwrap only."""
        return HybridIdentity(self.secret(kind, name))

    def _make(self, kind: KeyKind, name: str, ids: IdSource, clock: Clock) -> None:
        secret = self._memory.take()
        fill_random(secret)
        info = KeyInfo(ids.new(f"key/{kind}/{name}"), kind, name, _public(kind, secret), instant(clock.now()), sound=True)
        wrapped = self._provider.wrap(secret, _context(self._instance, info))
        content = _content(info) | {"wrapped": base64.b64encode(wrapped).decode("ascii")}
        write_new(self._folder / f"{info.id}{_SUFFIX}", json.dumps(content, ensure_ascii=False, indent=1).encode())
        self._infos[kind, name], self._secrets[kind, name] = info, secret

    def _load(self, path: Path) -> None:
        try:
            content = json.loads(path.read_bytes())
            wrapped = base64.b64decode(content.pop("wrapped"), validate=True)
            if content.pop("format") != _FORMAT:
                raise ValueError("format")
            info = KeyInfo(kind=KeyKind(content.pop("kind")), sound=True, **content)
        except (ValueError, KeyError, TypeError, binascii.Error):
            self._note_damaged(path)
            return
        secret = self._memory.take()
        try:
            self._provider.unwrap(wrapped, _context(self._instance, info), secret)
        except NotUnwrapped:
            self._memory.release(secret)
            self._infos[info.kind, info.name] = KeyInfo(info.id, info.kind, info.name, None, info.created, sound=False)
            return
        self._infos[info.kind, info.name], self._secrets[info.kind, info.name] = info, secret

    def _note_damaged(self, path: Path) -> None:
        # The file says nothing that can be believed, not even which key it was: it is listed under its own name.
        self._infos[KeyKind.PARTITION, f"?{path.stem}"] = KeyInfo(path.stem, KeyKind.PARTITION, f"?{path.stem}", None, "", sound=False)


def _content(info: KeyInfo) -> dict[str, str | int | None]:
    fields = asdict(info)
    del fields["sound"]
    return {"format": _FORMAT, **fields}


def _context(instance: str, info: KeyInfo) -> bytes:
    # All that the file says is bound to the secret: a file renamed, relabelled or carried to another instance does not open.
    return json.dumps({"instance": instance, **_content(info)}, ensure_ascii=False, sort_keys=True).encode()


def _public(kind: KeyKind, secret: memoryview) -> str | None:
    if kind in _AGE_KINDS:
        return HybridIdentity(secret).recipient().text()
    if kind in (KeyKind.SIGNING, KeyKind.HOSTS):
        return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw().hex()
    return None
