"""Whether a new instance may put its store on a server: tried, not asked."""

from __future__ import annotations

import secrets

from storage.errors import InvalidInput, TargetExists
from storage.servers import Server
from storage.vault.s3.bucket import Bucket

__all__ = ["found_store"]


def found_store(server: Server) -> None:
    """See that the bucket is there, holds nothing under the prefix, never replaces what is there, and really deletes.

    server: with its credential, which must be allowed to list, read, put and delete there. Leaves nothing behind.
    Raises InvalidInput, BucketMissing, BucketVersioned, StoreRefused, StoreFull and StoreUnreachable.
    """
    bucket = Bucket(server)
    if not bucket.is_empty():
        raise InvalidInput(what="Something lies at the store's address already. Name an empty bucket, or another prefix in it.")
    key, first = f"probe-{secrets.token_hex(8)}", secrets.token_bytes(32)
    bucket.create(key, first)
    try:
        _require_refusal(bucket, key, first)
    finally:
        bucket.delete(key)
    if not bucket.is_empty():
        raise InvalidInput(what="The store's server still shows what was deleted: it is not consistent, and cannot keep an archive.")


def _require_refusal(bucket: Bucket, key: str, first: bytes) -> None:
    try:
        bucket.create(key, secrets.token_bytes(32))
    except TargetExists:
        piece = bucket.read(key, 0, len(first) + 1)
        if piece is not None and piece.content == first:
            return
    raise InvalidInput(what="The store's server replaces what is there: it does not heed If-None-Match, and cannot keep an archive.")
