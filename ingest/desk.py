"""What a worker works with, and how it seals and opens parts of records that are on their way."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ingest.page_readers import PageReaders
from ingest.sandbox.document import Document
from ingest.sandbox.sandbox import Sandbox
from storage.archive import Archive
from storage.catalog.blobs import BlobRow
from storage.ids import BlobId, RandomIds
from storage.vault.age import HybridIdentity, HybridRecipient
from storage.vault.blob import Stored
from storage.vault.rewrap import file_key

__all__ = ["Desk", "Stopping"]


class Stopping(Exception):
    """The worker was asked to end, and puts down what it has in hand."""


@dataclass(frozen=True, slots=True)
class Desk:
    """transit: opens the parts of records that are not kept yet, and of no other. sandbox: where documents are read.

    lease: for how long a record is claimed at a time. is_stopping: whether the worker is to end. readers: shared by all hands at this desk.
    host: the name of the worker host that this is; empty on the main host.
    """

    archive: Archive
    transit: HybridIdentity
    sandbox: Sandbox
    lease: timedelta = timedelta(seconds=10)
    is_stopping: Callable[[], bool] = field(default=lambda: False)
    readers: PageReaders = field(default_factory=PageReaders)
    host: str = ""

    def new_owner(self) -> str:
        """A name to claim work by: unique, and of this host."""
        own = RandomIds().new("worker")
        return f"{self.host}/{own}" if self.host else own

    def lease_until(self) -> datetime:
        """When a lease taken or lengthened now runs out."""
        return self.archive.clock.now() + self.lease

    def stop_if_asked(self) -> None:
        """Raise Stopping between two pieces of work."""
        if self.is_stopping():
            raise Stopping

    def seal(self, content: bytes, recipient: HybridRecipient | None = None) -> Stored:
        """Keep a new part, durably: sealed to transit, or to the recipient given, and to recovery. Raises StoreFull, StoreFailed, FixityError."""
        recipients: Sequence[HybridRecipient] = (recipient or self.archive.transit, self.archive.recovery)
        # Always a random id: it stands in no answer, and a step that is done again must not meet what was left of it.
        return self.archive.store.put(io.BytesIO(content), BlobId(RandomIds().new("blob")), recipients)

    def open(self, blob: BlobRow, lent: bytes | None = None) -> bytes:
        """The content of a part. lent: its file key, where it is not sealed to transit.

        Raises FixityError, BlobMissing, and KeyNotRight for a part that neither transit nor what was lent opens.
        """
        with self.archive.store.open(blob.id, lent or file_key(self.archive.store, blob, self.transit)) as reader:
            return b"".join(reader.read(0, reader.size))

    def document(self, blob: BlobRow, lent: bytes | None = None) -> Document:
        """The content of a part, however large, in memory that the sandbox can be handed. Raises as `open` does."""
        with self.archive.store.open(blob.id, lent or file_key(self.archive.store, blob, self.transit)) as reader:
            memory = os.memfd_create("part", os.MFD_CLOEXEC)
            with os.fdopen(memory, "r+b") as file:
                for piece in reader.read(0, reader.size):
                    file.write(piece)
                file.seek(0)
                return Document.of(memory)
