"""Where a draft goes that is kept on a server: into a nameless file, then from there up, and back once to be compared."""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, Self

from storage.errors import StoreUnreachable, VankhoError
from storage.failpoints import failpoint
from storage.ids import BlobId
from storage.vault.blob import header_name, payload_name
from storage.vault.landing import Landed
from storage.vault.s3.bucket import SMALL, Bucket
from storage.vault.s3.reading import require_kept

__all__ = ["S3Landing"]

_CLAIM_SIZE = 32
_BESIDE: Final = ThreadPoolExecutor(32, "beside")
"""What is published at once goes up at once: to wait for one after the other would take as often as long."""


class S3Landing:
    """Steps 1 to 7 of the S3 write order.

    What comes in is spooled, because a server is told the size first and may have to be told everything twice. Only sealed bytes are; their key
    is in this process alone.
    """

    def __init__(self, bucket: Bucket, spool: Path, blob_id: BlobId) -> None:
        """spool: a folder for the nameless file. Does nothing yet. Raises NotFound if `blob_id` is no id."""
        self._bucket, self._folder, self._blob_id = bucket, spool, blob_id
        self._payload_key, self._header_key = f"payloads/{payload_name(blob_id)}", f"headers/{header_name(blob_id, 1)}"
        self._sha256 = hashlib.sha256()
        self._size = 0
        self._open = ExitStack()
        self._ours: list[str] = []

    def begin(self) -> None:
        failpoint("s3.1 open spool")
        self._spool = self._open.enter_context(tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115 (the stack closes it)

    def write(self, sealed: bytes) -> None:
        failpoint("s3.2 spool payload")
        self._sha256.update(sealed)
        self._size += len(sealed)
        self._spool.write(sealed)

    def publish(self, header: bytes, beside: Sequence[tuple[Self, bytes]] = ()) -> list[Landed]:
        others = [_BESIDE.submit(landing._land, of_its) for landing, of_its in beside]
        try:
            return [self._land(header), *(other.result() for other in others)]
        finally:
            wait(others)  # nobody discards what is still on its way

    def discard(self) -> None:
        with suppress(OSError):  # a full disk refuses once more what is still in memory
            self._open.close()
        for key in reversed(self._ours):  # the header before the payload
            with suppress(VankhoError):
                self._bucket.delete(key)

    def _land(self, header: bytes) -> Landed:
        payload_sha256, header_sha256 = self._sha256.digest(), hashlib.sha256(header).digest()
        try:
            self._put_payload()
            failpoint("s3.5 re-read payload")
            require_kept(self._bucket, self._payload_key, self._blob_id, payload_sha256)
            failpoint("s3.6 put header")
            self._create(self._header_key, header)
            failpoint("s3.7 re-read header")
            require_kept(self._bucket, self._header_key, self._blob_id, header_sha256)
        except StoreUnreachable:
            self._ours.clear()  # the header may be there for all we know, and must not lose its payload: `check` finds what stays
            raise
        failpoint("s3.7 return")
        self._open.close()
        return Landed(header_sha256, payload_sha256, self._size)

    def _put_payload(self) -> None:
        if self._size <= SMALL:
            self._spool.seek(0)
            failpoint("s3.4 put payload")
            self._create(self._payload_key, self._spool.read())
        else:
            claim = secrets.token_bytes(_CLAIM_SIZE)
            failpoint("s3.3 claim the payload's key")
            self._create(self._payload_key, claim)
            failpoint("s3.4 put payload")
            self._bucket.replace(self._payload_key, claim, self._spool)

    def _create(self, key: str, content: bytes) -> None:
        self._bucket.create(key, content)
        self._ours.append(key)
