"""Kept: the last step, after which the keeper alone can open the record."""

from __future__ import annotations

import sqlalchemy as sa

from ingest.description import describe
from ingest.desk import Desk
from ingest.papers import Papers
from ingest.steps.resting import key_of, note_new_headers, put_down, wrap
from storage.audit.leaf import Json
from storage.audit.scribe import process
from storage.catalog.audit_rows import add_audit_row
from storage.catalog.blobs import Part, add_blobs, retire_blob
from storage.catalog.deposits import settle
from storage.catalog.outbox import add_outbox_row
from storage.catalog.partitions import PartitionKey
from storage.catalog.record_facts import RecordFacts
from storage.catalog.records import keep as note_kept
from storage.catalog.shown_size import show_size
from storage.catalog.states import BlobPart, Operation, Outcome
from storage.catalog.work import Job
from storage.description import Description, write_open
from storage.failpoints import failpoint
from storage.indexed import entry_of, to_content
from storage.vault.age import plain_size

__all__ = ["keep"]


def keep(desk: Desk, papers: Papers, job: Job) -> Job | None:
    """Seal the description, and a plain text's text, bring every part under the partition's key, say so in one transaction with the steps that
    were put off, destroy what transit's key opens."""
    archive, facts, blobs = desk.archive, papers.facts(), papers.blobs()
    key, recipient = key_of(desk, facts.home)
    described = describe(papers, facts)
    contents = {BlobPart.DESCRIPTION: described.encode()}
    if papers.reading().is_plain:
        contents[BlobPart.TEXT] = papers.reading().content()
    replaced = [blob for blob in blobs if blob.part in {*contents, BlobPart.ENVELOPE}]  # the new description takes the envelope over
    failpoint("keep.1 the partition has its key")
    parts = [Part(part, desk.seal(content, recipient), "application/json") for part, content in contents.items()]
    failpoint("keep.2 the description is durable")
    moved = wrap(desk, [blob for blob in blobs if blob not in replaced], recipient)
    failpoint("keep.3 every part is under the partition's key")
    with papers.writing() as connection:
        note_new_headers(connection, desk, job, moved)
        for blob in replaced:
            retire_blob(connection, job.record, blob.part, archive.clock.now())
        add_blobs(connection, job.record, parts)
        _note(connection, desk, papers, facts, key, described)
        original = next(blob for blob in blobs if blob.part is BlobPart.ORIGINAL)
        show_size(connection, job.record, plain_size(original.payload_size), facts.effective_level)
        failpoint("keep.4 commit")
    put_down(desk, job, moved, replaced)
    return None


def _note(connection: sa.Connection, desk: Desk, papers: Papers, facts: RecordFacts, key: PartitionKey, described: Description) -> None:
    """State, index, receipts and audit row. An open record tells the index what to hold; of a closed one the id alone goes there."""
    archive, record, now = desk.archive, facts.id, desk.archive.clock.now()
    reading = papers.reading()
    content = to_content(entry_of(facts, described, reading.plain, len(reading.pages))) if facts.is_open else None
    details: dict[str, Json] = {"partition": str(key.partition), "n": key.n, "review": facts.review}
    add_audit_row(connection, archive.scribe.row(process("worker"), "keep", record=record, details=details))
    note_kept(connection, record, key.partition, key.n, now)
    if facts.is_open:
        write_open(connection, record, described)
    add_outbox_row(connection, record, Operation.PUT, key.partition, now, content)
    settle(connection, record, Outcome.STORED, None)
