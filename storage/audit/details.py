"""What an audit leaf only commits to: its details, kept beside the tree, sealed to the auditors."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from storage.audit.leaf import Json, canonical
from storage.errors import InvalidInput
from storage.vault.age import Recipient, seal

__all__ = ["Details", "seal_details"]

_SALT_SIZE = 32


@dataclass(frozen=True, slots=True)
class Details:
    """The words of an act: they may hold query texts, and can be destroyed without breaking the tree."""

    content: Mapping[str, Json]
    salt: bytes  # 32 random bytes: without them a guess at the content cannot be tried against the commitment

    @classmethod
    def of(cls, content: Mapping[str, Json]) -> Details:
        """Details with a salt of their own."""
        return cls(content, secrets.token_bytes(_SALT_SIZE))

    def commitment(self) -> bytes:
        """HMAC-SHA-256 under the salt over the canonical content. Raises InvalidInput if there is no canonical form."""
        return hmac.digest(self.salt, b"vankho audit details\n" + canonical(self.content), hashlib.sha256)

    def encode(self) -> bytes:
        """Content and salt, to be sealed."""
        return canonical({"content": self.content, "salt": self.salt.hex()})

    @classmethod
    def parse(cls, raw: bytes) -> Details:
        """Read what `encode` wrote. Raises InvalidInput."""
        try:
            values = json.loads(raw)
            details = cls(values["content"], bytes.fromhex(values["salt"]))
        except (ValueError, TypeError, KeyError):
            raise InvalidInput(what="These are no details of an audit entry.") from None
        if not isinstance(details.content, dict) or len(details.salt) != _SALT_SIZE or details.encode() != raw:
            raise InvalidInput(what="These details of an audit entry are not in canonical form.")
        return details


def seal_details(details: Details, auditors: Recipient) -> bytes:
    """The details as an age file that the auditors' key alone opens."""
    sealed = io.BytesIO()
    seal(io.BytesIO(details.encode()), sealed, [auditors])
    return sealed.getvalue()
