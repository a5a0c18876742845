"""A loan: the file keys of single parts of one record, sealed to transit, so that the worker can read again what only the keeper can open."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

from storage.errors import DamagedPayload
from storage.ids import BlobId, RecordId
from storage.vault.age import HybridIdentity, HybridRecipient, open_file, seal

__all__ = ["Loan"]


@dataclass(frozen=True, slots=True)
class Loan:
    """keys: of each part lent, by its blob, 16 bytes. by_person: whether a person has decided the record's level, which the worker cannot see.
    password: of a locked document, itself sealed to transit.

    It names its record: put into another's row, it lends nothing. A file key opens one part, under whatever partition's key its header lies by then.
    """

    record: RecordId
    keys: Mapping[BlobId, bytes]
    by_person: bool
    password: bytes | None = None

    def sealed(self, transit: HybridRecipient) -> bytes:
        """An age file for the worker alone."""
        values = {
            "record": self.record,
            "keys": {blob: base64.b64encode(key).decode("ascii") for blob, key in self.keys.items()},
            "by_person": self.by_person,
            "password": None if self.password is None else base64.b64encode(self.password).decode("ascii"),
        }
        target = io.BytesIO()
        seal(io.BytesIO(json.dumps(values).encode()), target, [transit])
        return target.getvalue()

    @classmethod
    def opened(cls, sealed: bytes, record: RecordId, transit: HybridIdentity) -> Loan:
        """The inverse of `sealed`. Raises DamagedHeader, KeyNotRight, and DamagedPayload for what is no loan of this record."""
        content = b"".join(open_file(io.BytesIO(sealed), [transit]))
        try:
            values = json.loads(content)
            lent, password = values["record"], values["password"]
            keys = {BlobId(blob): base64.b64decode(key, validate=True) for blob, key in values["keys"].items()}
            loan = cls(lent, keys, values["by_person"] is True, None if password is None else base64.b64decode(password, validate=True))
        except (ValueError, LookupError, TypeError, AttributeError):
            raise DamagedPayload(rule="it is no loan") from None
        if lent != record:
            raise DamagedPayload(rule="it lends another record")
        return loan
