"""The audit leaf: who did what, in ids and commitments alone, as canonical JSON. Source: RFC 8785."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from storage.audit.merkle import leaf_hash
from storage.clock import instant
from storage.errors import InvalidInput

__all__ = ["Json", "Leaf", "Outcome", "canonical", "promise"]

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"

_VERSION = 1
_ID = re.compile(r"[!-~]{1,128}")
_TEXT_FIELDS = ("pending_id", "person", "source", "office", "action", "right", "record_id", "session", "address")
_REQUIRED = ("pending_id", "action")
_ORDER = sorted((*_TEXT_FIELDS, "v", "time", "outcome", "details_commitment"))
_SAFE_INTEGER = 2**53 - 1  # beyond it readers that keep numbers as doubles disagree (RFC 8785 section 3.2.2.3)
_COMMITMENT_SIZE = 32
_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class Outcome(StrEnum):
    """What became of an act."""

    DONE = "done"
    DENIED = "denied"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One act. Every text is an id: 1 to 128 printable ASCII characters without a space.

    So no confidential word can stand here, and no entry outgrows its bundle: what a person typed (a query, an id that never was) belongs in the
    details. Raises InvalidInput if a field breaks this.
    """

    pending_id: str  # the row that was committed with the act: the same one never enters the tree twice
    time: datetime  # aware
    person: str | None
    source: str | None  # a scanner's key, or the process that acted by itself: worker, keeper
    office: str | None
    action: str
    outcome: Outcome
    right: str | None  # the rule or grant that allowed it
    record_id: str | None
    session: str | None
    address: str | None
    details_commitment: bytes  # 32 bytes, Details.commitment()

    def __post_init__(self) -> None:
        for name in _TEXT_FIELDS:
            value = getattr(self, name)
            if not (_ID.fullmatch(value) if isinstance(value, str) else value is None and name not in _REQUIRED):
                raise InvalidInput(what=f"The field {name} of an audit entry holds an id: at most 128 ASCII characters without spaces.")
        if self.time.tzinfo is None or len(self.details_commitment) != _COMMITMENT_SIZE:
            raise InvalidInput(what="An audit entry holds an aware time and a commitment of 32 bytes.")

    def encode(self) -> bytes:
        """The bytes that enter the tree."""
        values: dict[str, str | int | None] = {name: getattr(self, name) for name in _TEXT_FIELDS}
        values |= {"v": _VERSION, "time": instant(self.time), "outcome": self.outcome.value, "details_commitment": self.details_commitment.hex()}
        # What `canonical` gives, without its walk: keys and values are ASCII.
        return _WRITER.encode({name: values[name] for name in _ORDER}).encode()

    @classmethod
    def parse(cls, entry: bytes) -> Leaf:
        """Read an entry of the tree. Raises InvalidInput if it is not what `encode` writes, to the byte."""
        try:
            values = json.loads(entry)
            if values.pop("v") != _VERSION:
                raise ValueError("version")
            values["time"] = datetime.fromisoformat(values["time"])
            values["outcome"] = Outcome(values["outcome"])
            values["details_commitment"] = bytes.fromhex(values["details_commitment"])
            leaf = cls(**values)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise InvalidInput(what="This is no audit entry.") from None
        if leaf.encode() != entry:
            raise InvalidInput(what="This audit entry is not in canonical form.")
        return leaf


def promise(leaf: Leaf, salt: bytes) -> bytes:
    """The hash of a leaf as a receipt holds it (32 bytes).

    salt: that of its details. Salted, since the bare leaf hash stands in every exported tile and would tell the holder of a receipt its position.
    """
    return hmac.digest(salt, b"vankho audit promise\n" + leaf_hash(leaf.encode()), hashlib.sha256)


def canonical(value: Json) -> bytes:
    """The one spelling of a value: RFC 8785 over NFC text and whole numbers.

    Raises InvalidInput for what has none: fractions, numbers beyond 2**53 - 1, half a surrogate pair, keys that are no text or become equal.
    """
    try:
        return _WRITER.encode(_ordered(value)).encode()
    except (UnicodeEncodeError, RecursionError):
        raise InvalidInput(what="The text is not Unicode, or nested too deeply.") from None


def _ordered(value: Json) -> Json:
    match value:
        case None | bool():
            return value
        case int() if abs(value) <= _SAFE_INTEGER:
            return value
        case str():
            return unicodedata.normalize("NFC", value)
        case Mapping() if all(isinstance(key, str) for key in value):
            members = {unicodedata.normalize("NFC", key): _ordered(member) for key, member in value.items()}
            if len(members) == len(value):
                return {key: members[key] for key in sorted(members, key=lambda key: key.encode("utf-16-be"))}
        case list() | tuple():
            return [_ordered(member) for member in value]
    raise InvalidInput(what="The value has no canonical JSON form.")
