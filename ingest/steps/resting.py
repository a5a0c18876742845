"""How a record comes to rest under a partition's key, and what is destroyed once it does: the same for kept and quarantined ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import sqlalchemy as sa

from ingest.desk import Desk
from storage.archive import partition_key
from storage.catalog.blobs import BlobRow, blobs_of, forget_blob, retired_blobs, rewrapped_header
from storage.catalog.names import PartitionName
from storage.catalog.partitions import PartitionKey
from storage.catalog.record_facts import facts_of
from storage.catalog.states import State
from storage.catalog.work import Job, close, heartbeat
from storage.failpoints import failpoint
from storage.vault.age import HybridRecipient
from storage.vault.rewrap import Rewrapped, drop_old, wrap_anew

__all__ = ["key_of", "note_new_headers", "put_down", "tidy", "wrap"]


def key_of(desk: Desk, name: PartitionName) -> tuple[PartitionKey, HybridRecipient]:
    """The newest key of a partition, and the same to seal to. Raises KeeperUnreachable."""
    key = partition_key(desk.archive, name)
    return key, _parsed(key.recipient)


@lru_cache(64)
def _parsed(recipient: str) -> HybridRecipient:
    """Parsed once: a key is 1,959 characters of bech32, which take longer to read than to seal to."""
    return HybridRecipient.parse(recipient)


def wrap(desk: Desk, blobs: Sequence[BlobRow], recipient: HybridRecipient) -> tuple[Rewrapped, ...]:
    """Write the next header of each part, to the partition and to recovery; durable when this returns."""
    return wrap_anew(desk.archive.store, blobs, desk.transit, [recipient, desk.archive.recovery])


def note_new_headers(connection: sa.Connection, desk: Desk, job: Job, moved: Sequence[Rewrapped]) -> None:
    """Move the rows over, in the one transaction of the act. Raises LeaseLost, which undoes it."""
    heartbeat(connection, job, desk.lease_until())
    for part in moved:
        rewrapped_header(connection, part.blob, part.header_sha256)


def put_down(desk: Desk, job: Job, moved: Sequence[Rewrapped], retired: Sequence[BlobRow]) -> None:
    """After that transaction: destroy what transit's key opens, then take the record out of the queue.

    The row of the queue stands until nothing is left to destroy, so that a crash in between is made good by whoever claims it next.
    """
    failpoint("rest.1 the record is at rest")
    drop_old(desk.archive.store, moved)
    _destroy(desk, job, retired)


def tidy(desk: Desk, job: Job) -> None:
    """Do what `put_down` was cut off from, or what a new reading leaves: a kept record lies under the key of where it belongs, and of a
    record at rest there is one header a part, the one that its row names."""
    with desk.archive.catalog.read() as connection:
        facts = facts_of(connection, job.record)
    if facts is not None and facts.state is State.KEPT and facts.wrapped != facts.home:
        desk.archive.keeper.ask("bring_up", record=job.record)
    with desk.archive.catalog.read() as connection:
        blobs, retired = blobs_of(connection, job.record), [blob for blob in retired_blobs(connection) if blob.record == job.record]
    for blob in blobs:
        for version in range(1, blob.header_version):
            desk.archive.store.remove_header(blob.id, version)
    _destroy(desk, job, retired)


def _destroy(desk: Desk, job: Job, retired: Sequence[BlobRow]) -> None:
    for blob in retired:
        desk.archive.store.remove(blob.id)
    failpoint("rest.2 what it no longer needs is destroyed")
    with desk.archive.catalog.write() as connection:
        for blob in retired:
            forget_blob(connection, blob.id)
        close(connection, job)
    failpoint("rest.3 the queue is done with it")
