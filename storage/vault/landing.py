"""Where the sealed bytes of a draft go before they have a name: steps 1 to 7 of the folder's write order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from storage.failpoints import failpoint
from storage.ids import BlobId
from storage.vault.pending import PendingFile, give_names

__all__ = ["FolderLanding", "Landed", "Landing"]


@dataclass(frozen=True, slots=True)
class Landed:
    """What lies in the store for good. Digests: 32 bytes. payload_size: bytes, sealed."""

    header_sha256: bytes
    payload_sha256: bytes
    payload_size: int


class Landing(Protocol):
    """Takes a payload piece by piece, then its header, and gives both their names. A draft calls it in this order, and `discard` after any error."""

    def begin(self) -> None:
        """Make ready to write, where nobody looks. Raises OSError, StoreFull, StoreFailed."""

    def write(self, sealed: bytes) -> None:
        """Append to the payload. Raises OSError."""

    def publish(self, header: bytes, beside: Sequence[tuple[Self, bytes]] = ()) -> list[Landed]:
        """Give payload and header their names; durable when this returns. Raises what `Draft.publish` raises, and OSError.

        beside: others of the same store, with their headers, to be published at once; the answer has this one first. After an error each is
        discarded.
        """

    def discard(self) -> None:
        """Remove what was written, as far as the store lets us: what it does not, nobody was ever told is kept. Raises nothing."""


class FolderLanding:
    """Two files under temporary names in the folders of their targets."""

    def __init__(self, payload: Path, header: Path, blob_id: BlobId, make_durable: Callable[[Path], None]) -> None:
        """payload, header: what the files are to be called. Does nothing yet."""
        self._payload_target, self._header_target = payload, header
        self._blob_id = blob_id
        self._make_durable = make_durable
        self._files: list[PendingFile] = []

    def begin(self) -> None:
        self._payload = self._begin(self._payload_target, "payload", "store.1")

    def write(self, sealed: bytes) -> None:
        failpoint("store.2 write payload")
        self._payload.write(sealed)

    def publish(self, header: bytes, beside: Sequence[tuple[Self, bytes]] = ()) -> list[Landed]:
        pairs = [landing._written(of_its) for landing, of_its in ((self, header), *beside)]
        for payload, file in pairs:
            payload.settle("store.4")
            file.settle("store.5")
        give_names([payload for payload, _ in pairs], "store.6")
        give_names([file for _, file in pairs], "store.7")
        failpoint("store.7 return")
        return [_landed(payload, file) for payload, file in pairs]

    def discard(self) -> None:
        for file in reversed(self._files):  # the header's name goes before the payload's
            file.discard()

    def _written(self, header: bytes) -> tuple[PendingFile, PendingFile]:
        """Payload and header, on their way to the disk."""
        file = self._begin(self._header_target, "header", "store.3")
        failpoint("store.3 write header")
        file.write(header)
        self._payload.begin_settling()
        file.begin_settling()
        return self._payload, file

    def _begin(self, target: Path, what: str, step: str) -> PendingFile:
        self._make_durable(target.parent)
        failpoint(f"{step} open {what}")
        file = PendingFile(target, self._blob_id, what)
        self._files.append(file)
        return file


def _landed(payload: PendingFile, header: PendingFile) -> Landed:
    payload.close()
    header.close()
    return Landed(header.sha256, payload.sha256, payload.size)
