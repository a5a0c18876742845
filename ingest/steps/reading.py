"""Identified, sanitised, read: what the document is, its access copy if it needs one, its text page by page."""

from __future__ import annotations

import sqlalchemy as sa

from ingest.desk import Desk
from ingest.papers import Papers
from ingest.reasons import Reason
from ingest.sandbox.sandbox import ReadingFailed
from ingest.text_part import Reading
from storage.catalog.blobs import BlobRow, add_blob, blob_of, forget_blob, retire_blob
from storage.catalog.records import advance
from storage.catalog.states import BlobPart, State
from storage.catalog.work import Job, finish_step, heartbeat
from storage.failpoints import failpoint
from storage.vault.blob import Stored

__all__ = ["identify", "read", "sanitise"]


def identify(desk: Desk, papers: Papers, job: Job) -> Job | None:
    """Find out what the document is, by its content. One of a type that is not read goes on, to be stored for review."""
    found = papers.inspection()
    if found.reason not in (None, Reason.UNKNOWN_TYPE):
        raise ReadingFailed(found.reason)
    return papers.put_off(job, lambda connection: advance(connection, job.record, State.IDENTIFIED, found.media_type, found.page_count))


def sanitise(desk: Desk, papers: Papers, job: Job) -> Job | None:
    """Keep the access copy, without what would act by itself, where one had to be made. The original stays as it came."""
    found = papers.inspection()
    if found.reason not in (None, Reason.UNKNOWN_TYPE):  # a password went with the step before, and a crash came between
        raise ReadingFailed(found.reason)
    if found.access is None and papers.blob(BlobPart.ACCESS) is None:
        return papers.put_off(job, lambda connection: advance(connection, job.record, State.SANITISED))
    copy = None if found.access is None else desk.seal(found.access)
    failpoint("sanitise.1 the access copy is durable")
    return _finish(desk, papers, job, State.SANITISED, BlobPart.ACCESS, copy, found.media_type)


def read(desk: Desk, papers: Papers, job: Job) -> Job | None:
    """Read the text of every page. A page that cannot be read is kept as such, and classification takes note of it.

    What a plain text says is not kept now: to read it again costs nothing, so that it is sealed once, to the key under which it will rest.
    """
    reading = papers.read(lambda so_far: _keep_so_far(desk, papers, job, so_far))
    if reading.is_plain:
        return papers.put_off(job, lambda connection: advance(connection, job.record, State.READ))
    text = desk.seal(reading.content())
    failpoint("read.1 the text is durable")
    return _finish(desk, papers, job, State.READ, BlobPart.TEXT, text, "application/json")


def _keep_so_far(desk: Desk, papers: Papers, job: Job, so_far: Reading) -> None:
    """Note what is read of a long document as its text, which stands for nothing while the state is not READ."""
    text = desk.seal(so_far.content())
    with papers.writing() as connection:
        heartbeat(connection, job, desk.lease_until())
        replaced = _replace(connection, desk, job, BlobPart.TEXT, text, "application/json")
    failpoint("read.2 what is read so far is kept")
    _destroy(desk, replaced)


def _finish(desk: Desk, papers: Papers, job: Job, to: State, part: BlobPart, stored: Stored | None, media_type: str) -> Job | None:
    """Note the step's part, in the place of an earlier reading's; where it has none now, what was there goes."""
    with papers.writing() as connection:
        replaced = _replace(connection, desk, job, part, stored, media_type)
        advance(connection, job.record, to)
        following = finish_step(connection, job, desk.lease_until())
    _destroy(desk, replaced)
    return following


def _replace(connection: sa.Connection, desk: Desk, job: Job, part: BlobPart, stored: Stored | None, media_type: str) -> BlobRow | None:
    replaced = blob_of(connection, job.record, part)
    retire_blob(connection, job.record, part, desk.archive.clock.now())
    if stored is not None:
        add_blob(connection, job.record, part, stored, media_type)
    return replaced


def _destroy(desk: Desk, replaced: BlobRow | None) -> None:
    """After the transaction; a worker that starts makes it good where this one was cut off before."""
    if replaced is not None:
        desk.archive.store.remove(replaced.id)
        with desk.archive.catalog.write() as connection:
            forget_blob(connection, replaced.id)
