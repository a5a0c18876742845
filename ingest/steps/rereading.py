"""Read again: a kept record stays as it is until one transaction puts the new reading in the place of the earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from classification import Classification, Level
from ingest.description import describe
from ingest.desk import Desk
from ingest.papers import Papers
from ingest.reading.pages import Inspection
from ingest.reasons import Reason as ReadingReason
from ingest.sandbox.sandbox import ReadingFailed
from ingest.steps.describing import decide_level, note_decision
from ingest.steps.resting import key_of, tidy
from ingest.text_part import Reading
from storage.access import Action
from storage.archive import partition_key
from storage.audit.leaf import Json
from storage.audit.scribe import process
from storage.catalog.audit_rows import add_audit_row
from storage.catalog.blobs import add_blob, blob_of, retire_blob
from storage.catalog.outbox import add_outbox_row, drop_content
from storage.catalog.record_facts import RecordFacts, facts_of
from storage.catalog.records import Classified
from storage.catalog.rereading import document_found
from storage.catalog.shown_size import show_size
from storage.catalog.skeletons import skeleton_of
from storage.catalog.states import AuditOutcome, BlobPart, Operation, Reason
from storage.catalog.work import Job, spend
from storage.description import Description, delete_open, write_open
from storage.errors import LeaseLost, RecordChanged
from storage.failpoints import failpoint
from storage.indexed import entry_of, to_content
from storage.vault.age import plain_size
from storage.vault.blob import Stored

__all__ = ["decide_again", "leave_as_it_was", "reread"]

_REPLACED: Final = (BlobPart.ACCESS, BlobPart.TEXT, BlobPart.DESCRIPTION)


def reread(desk: Desk, papers: Papers, job: Job) -> Job | None:
    """Read a kept record from what was lent of it, and put access copy, text and description in the place of the earlier ones at once.

    Whatever cuts this off leaves the earlier reading, as does a new one that falls behind it. What a person does to the record meanwhile goes
    before it: raises RecordChanged, upon which it is tried again, and left as she made it where she corrected the description, which then is
    not the one that was lent.
    """
    papers.borrow()
    if not papers.is_lent(papers.blob(BlobPart.DESCRIPTION)):
        leave_as_it_was(desk, papers, job, None)
        return None
    found = papers.inspection()
    if found.reason not in (None, ReadingReason.UNKNOWN_TYPE):
        raise ReadingFailed(found.reason)
    reading = papers.read(lambda _: None)
    if (lost := _lost(papers.read_before(), reading)) is not None:
        raise ReadingFailed(lost)
    papers.look_again()
    before = papers.facts()
    decided = _decided(desk, papers, before)
    after = replace(before, level=decided.level, compartments=decided.compartments, work_secret=decided.work_secret, review=decided.review)
    partition_key(desk.archive, after.home)  # the key is there before anything names the partition
    described = describe(papers, after)
    contents = {BlobPart.TEXT: reading.content(), BlobPart.DESCRIPTION: described.encode()}
    if found.access is not None:
        contents[BlobPart.ACCESS] = found.access
    recipient = key_of(desk, before.wrapped or before.home)[1]
    parts = {part: desk.seal(content, recipient) for part, content in contents.items()}
    failpoint("reread.1 the new parts are durable")
    try:
        with desk.archive.catalog.write() as connection:
            spend(connection, job, desk.lease_until())
            _replace(connection, desk, papers, before, parts, found)
            note_decision(connection, desk, job, decided, again=True)
            _index(connection, desk, before, after, described, reading.plain, len(reading.pages))
            details: dict[str, Json] = {"partition": str(after.home), "pages": len(reading.pages)}
            add_audit_row(connection, desk.archive.scribe.row(process("worker"), Action.REREAD, record=job.record, details=details))
            failpoint("reread.2 commit")
    except (LeaseLost, RecordChanged):  # upon any other error it may have been committed, and what no row names is found by `check`
        for stored in parts.values():
            desk.archive.store.remove(stored.id)
        raise
    failpoint("reread.3 it is read again")
    tidy(desk, job)
    return None


def leave_as_it_was(desk: Desk, papers: Papers, job: Job, reason: Reason | None) -> None:
    """Give a new reading up. Nothing of the record has changed; what was lent goes. reason: None where a person corrected it meanwhile."""
    archive = desk.archive
    details: dict[str, Json] = {"reason": None if reason is None else str(reason)}
    with archive.catalog.write() as connection:
        spend(connection, job, desk.lease_until(), reason)
        add_audit_row(connection, archive.scribe.row(process("worker"), Action.REREAD, AuditOutcome.FAILED, record=job.record, details=details))
    tidy(desk, job)


def decide_again(facts: RecordFacts, proposed: Level | None, found: Classification | None, *, by_person: bool) -> Classified:
    """The level of a kept record after a new reading; never lower than before.

    proposed: what an earlier reading thought. by_person: whether a person decided the level. Hers stands, unless the document turns out to
    be secret beyond both her level and all that she was told: then it is closed, and waits for her again. Source: Law 117/2025/QH15 art. 10.
    """
    decided = decide_level(facts, found)
    if facts.level is None or not by_person or facts.review:
        return decided
    if decided.proposed is not None and decided.proposed > max(facts.level, proposed or facts.level):
        return decided
    return replace(decided, level=facts.level, review=False)


def _lost(before: Reading, now: Reading) -> ReadingReason | None:
    """Why the new reading does not say all that the earlier one did; None where it does."""
    unread = {page.number for page in before.pages if page.reason is not None}
    if now.kind is None and before.kind is not None:
        return ReadingReason.UNKNOWN_TYPE
    if len(now.pages) < len(before.pages):
        return ReadingReason.DAMAGED
    return next((page.reason for page in now.pages if page.reason is not None and page.number not in unread), None)


def _decided(desk: Desk, papers: Papers, facts: RecordFacts) -> Classified:
    with desk.archive.catalog.read() as connection:
        proposed = skeleton_of(connection, facts.id).proposed_level
    return decide_again(facts, proposed, papers.classification(), by_person=papers.is_decided)


def _replace(
    connection: sa.Connection, desk: Desk, papers: Papers, before: RecordFacts, parts: Mapping[BlobPart, Stored], found: Inspection
) -> None:
    """Name the new parts. Raises RecordChanged where the record is not as it was when it was decided."""
    original = blob_of(connection, before.id, BlobPart.ORIGINAL)
    if facts_of(connection, before.id) != before or not papers.is_lent(blob_of(connection, before.id, BlobPart.DESCRIPTION)) or original is None:
        raise RecordChanged
    for part in _REPLACED:
        retire_blob(connection, before.id, part, desk.archive.clock.now())
        if part in parts:
            add_blob(connection, before.id, part, parts[part], found.media_type if part is BlobPart.ACCESS else "application/json")
    document_found(connection, before.id, found.media_type, found.page_count)


def _index(
    connection: sa.Connection, desk: Desk, before: RecordFacts, after: RecordFacts, described: Description, text: str, page_count: int
) -> None:
    """Have the index of where it belongs take it in as it is now, and that of where it belonged give it up."""
    now = desk.archive.clock.now()
    if after.home != before.home:
        delete_open(connection, after.id)
        drop_content(connection, after.id)
        add_outbox_row(connection, after.id, Operation.DELETE, before.home, now)
    if after.is_open:
        write_open(connection, after.id, described)
    content = to_content(entry_of(after, described, text, page_count)) if after.is_open else None
    add_outbox_row(connection, after.id, Operation.PUT, after.home, now, content)
    original = blob_of(connection, after.id, BlobPart.ORIGINAL)
    if original is not None:
        show_size(connection, after.id, plain_size(original.payload_size), after.effective_level)
