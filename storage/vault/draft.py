"""A blob in the making: steps 1 to 7 of the write order, from the first byte that comes in to two files that are there for good."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from storage.failpoints import failpoint
from storage.ids import BlobId
from storage.vault.age import HybridRecipient, Sealer, new_file_key, seal_header
from storage.vault.blob import Stored
from storage.vault.pending import PendingFile, disk_errors

__all__ = ["Draft"]


class Draft:
    """A blob while it is written: sealed and hashed as it comes, on the disk under temporary names only, in nobody's sight.

    Any failure removes all of it and ends the draft. Steps 1 to 7 of the write order; the caller goes on with 8, the catalog's transaction.
    """

    def __init__(
        self, payload: Path, header: Path, blob_id: BlobId, recipients: Sequence[HybridRecipient], make_durable: Callable[[Path], None]
    ) -> None:
        """For FolderStore.draft; does nothing yet."""
        self._targets = payload, header
        self._blob_id = blob_id
        self._recipients = recipients
        self._make_durable = make_durable
        self._unpublished: list[PendingFile] = []
        self._plain_sha256 = hashlib.sha256()
        self._plain_size = 0

    def __enter__(self) -> Draft:
        file_key = new_file_key()
        self._sealer = Sealer(file_key)
        self._header = seal_header(file_key, self._recipients)
        with self._whole_or_nothing():
            self._payload = self._begin(self._targets[0], "payload", "store.1")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._discard()

    def write(self, data: bytes) -> None:
        """Take in the next bytes. Raises StoreFull and StoreFailed, and ValueError once the draft has ended."""
        self._refuse_if_ended()
        self._plain_sha256.update(data)
        self._plain_size += len(data)
        with self._whole_or_nothing():
            if sealed := self._sealer.update(data):
                failpoint("store.2 write payload")
                self._payload.write(sealed)

    def publish(self) -> Stored:
        """Give both files their names; durable when this returns.

        Raises StoreFull, StoreFailed (this process must end, see there), FixityError if the disk gives back other bytes than were written,
        TargetExists if the id is taken, and ValueError once the draft has ended.
        """
        self._refuse_if_ended()
        with self._whole_or_nothing():
            failpoint("store.2 write payload")
            self._payload.write(self._sealer.finish())
            self._payload.settle("store.3", "store.4")
            header = self._begin(self._targets[1], "header", "store.5")
            failpoint("store.5 write header")
            header.write(self._header)
            header.settle("store.5", "store.5")
            self._payload.give_name("store.6")
            header.give_name("store.7")
            failpoint("store.7 return")
        self._unpublished.clear()
        self._payload.close()
        header.close()
        return Stored(
            id=self._blob_id,
            header_version=1,
            header_sha256=header.sha256,
            payload_sha256=self._payload.sha256,
            payload_size=self._payload.size,
            plain_sha256=self._plain_sha256.digest(),
            plain_size=self._plain_size,
        )

    def _refuse_if_ended(self) -> None:
        if not self._unpublished:
            raise ValueError("the draft has ended")

    def _begin(self, target: Path, what: str, step: str) -> PendingFile:
        self._make_durable(target.parent)
        failpoint(f"{step} open {what}")
        file = PendingFile(target, self._blob_id, what)
        self._unpublished.append(file)
        return file

    @contextmanager
    def _whole_or_nothing(self) -> Iterator[None]:
        try:
            with disk_errors():
                yield
        except BaseException:
            self._discard()
            raise

    def _discard(self) -> None:
        for file in reversed(self._unpublished):  # the header's name goes before the payload's
            file.discard()
        self._unpublished.clear()
