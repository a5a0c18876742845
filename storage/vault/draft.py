"""A blob in the making: sealed and hashed from the first byte that comes in until it is there for good."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import TracebackType

from storage.ids import BlobId
from storage.vault.age import HybridRecipient, Sealer, new_file_key, seal_header
from storage.vault.blob import Stored
from storage.vault.landing import Landed, Landing
from storage.vault.pending import disk_errors

__all__ = ["Draft"]


class Draft:
    """A blob while it is written: sealed and hashed as it comes, under no name of its own, in nobody's sight.

    Any failure removes all of it and ends the draft. The first steps of the write order; the caller goes on with the catalog's transaction.
    """

    def __init__(self, blob_id: BlobId, recipients: Sequence[HybridRecipient], landing: Landing) -> None:
        """For the stores; does nothing yet."""
        self.blob_id = blob_id
        self._recipients = recipients
        self._landing = landing
        self._has_ended = False
        self._plain_sha256 = hashlib.sha256()
        self._plain_size = 0

    def __enter__(self) -> Draft:
        file_key = new_file_key()
        self._sealer = Sealer(file_key)
        self._header = seal_header(file_key, self._recipients)
        with self._whole_or_nothing():
            self._landing.begin()
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
                self._landing.write(sealed)

    @property
    def plain_sha256(self) -> bytes:
        """Digest (32 bytes) of what was written so far."""
        return self._plain_sha256.digest()

    def publish(self) -> Stored:
        """Give payload and header their names; durable when this returns.

        Raises StoreFull, StoreFailed (this process must end, see there), FixityError if the store gives back other bytes than were written,
        TargetExists if the id is taken, ValueError once the draft has ended; on a server StoreUnreachable, StoreRefused, BucketMissing and
        BucketVersioned.
        """
        return self.publish_with()[0]

    def publish_with(self, *beside: Draft) -> list[Stored]:
        """The same with other drafts of this store: all are there when this returns, this one first, or none is."""
        drafts = (self, *beside)
        for draft in drafts:
            draft._refuse_if_ended()
        with ExitStack() as all_or_none:
            for draft in drafts:
                all_or_none.enter_context(draft._whole_or_nothing())
            for draft in drafts:
                draft._landing.write(draft._sealer.finish())
            landed = self._landing.publish(self._header, [(draft._landing, draft._header) for draft in beside])
        return [draft._stored(there) for draft, there in zip(drafts, landed, strict=True)]

    def _stored(self, landed: Landed) -> Stored:
        self._has_ended = True
        return Stored(
            id=self.blob_id,
            header_version=1,
            header_sha256=landed.header_sha256,
            payload_sha256=landed.payload_sha256,
            payload_size=landed.payload_size,
            plain_sha256=self.plain_sha256,
            plain_size=self._plain_size,
        )

    def _refuse_if_ended(self) -> None:
        if self._has_ended:
            raise ValueError("the draft has ended")

    @contextmanager
    def _whole_or_nothing(self) -> Iterator[None]:
        try:
            with disk_errors():
                yield
        except BaseException:
            self._discard()
            raise

    def _discard(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._landing.discard()
