"""The envelope: what came with a document and is not in it, sealed until the description takes it over."""

from __future__ import annotations

import base64
import json
import unicodedata
from dataclasses import dataclass
from typing import Self

__all__ = ["Envelope"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """file_name: as shown, NFC. raw_name: the name's bytes where the shown one does not give them back. batch: its label. path: as the client
    gave it. plain_sha256: hex, of the document as it came through the door."""

    file_name: str
    plain_sha256: str
    raw_name: bytes | None = None
    batch: str | None = None
    path: str | None = None

    @classmethod
    def of(cls, name: bytes, plain_sha256: str, batch: str | None, path: str | None) -> Self:
        """The envelope of a document whose file name is `name`; what of it is not UTF-8 is shown as U+FFFD, and kept."""
        label = unicodedata.normalize("NFC", name.decode("utf-8", "replace"))
        return cls(label, plain_sha256, None if label.encode() == name else name, batch, path)

    def content(self) -> bytes:
        """The part's content: JSON in UTF-8."""
        raw = None if self.raw_name is None else base64.b64encode(self.raw_name).decode("ascii")
        values = {"file_name": self.file_name, "file_name_raw": raw, "batch": self.batch, "path": self.path, "plain_sha256": self.plain_sha256}
        return json.dumps({name: value for name, value in values.items() if value is not None}, ensure_ascii=False).encode()

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """The inverse of `content`. Raises ValueError or KeyError for anything else."""
        values = json.loads(content)
        raw = values.get("file_name_raw")
        return cls(
            values["file_name"],
            values["plain_sha256"],
            None if raw is None else base64.b64decode(raw, validate=True),
            values.get("batch"),
            values.get("path"),
        )
