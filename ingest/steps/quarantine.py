"""Put aside: a document that cannot be read is sealed to its office's highest level, and waits for a person."""

from __future__ import annotations

from dataclasses import replace

from ingest.desk import Desk
from ingest.papers import Papers
from ingest.steps.resting import key_of, note_new_headers, put_down, wrap
from storage.audit.leaf import Json
from storage.audit.scribe import process
from storage.catalog.audit_rows import add_audit_row
from storage.catalog.blobs import retire_blob
from storage.catalog.deposits import settle
from storage.catalog.records import quarantine
from storage.catalog.states import AuditOutcome, BlobPart, Outcome, Reason, State
from storage.catalog.work import Job
from storage.failpoints import failpoint

__all__ = ["put_aside"]


def put_aside(desk: Desk, papers: Papers, job: Job, reason: Reason) -> None:
    """Quarantine a record: its parts stay as they are, the envelope too, under the key of the highest level that its office may hold."""
    archive, facts, blobs = desk.archive, papers.facts(), papers.blobs()
    home = replace(facts, state=State.QUARANTINED).home  # whatever level was found so far, it counts as the highest
    key, recipient = key_of(desk, home)
    # At the step of reading, a text is what an attempt that was cut off has left, or what this reading was to replace.
    given_up = [blob for blob in blobs if blob.part is BlobPart.TEXT and job.step is State.READ]
    moved = wrap(desk, [blob for blob in blobs if blob not in given_up], recipient)
    failpoint("quarantine.1 every part is under the partition's key")
    with papers.writing() as connection:
        note_new_headers(connection, desk, job, moved)
        details: dict[str, Json] = {"reason": str(reason), "partition": str(key.partition), "n": key.n}
        add_audit_row(connection, archive.scribe.row(process("worker"), "quarantine", AuditOutcome.FAILED, record=job.record, details=details))
        for blob in given_up:
            retire_blob(connection, job.record, blob.part, archive.clock.now())
        quarantine(connection, job.record, reason, key.partition, key.n)
        settle(connection, job.record, Outcome.QUARANTINED, reason)
    put_down(desk, job, moved, given_up)
