"""One record on the worker's desk: its parts and what was found out, opened or worked out when a step first needs it.

What a step worked out is at hand for the next one. A step that leaves nothing in the store is put off: the next one that does writes it down
in its own transaction, so that a plain text costs one transaction and not six. After a crash it is worked out again, from what lies durably in
the store: nothing that a document says is ever written down unsealed before its level is known.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

import sqlalchemy as sa

from classification import Classification, classify
from ingest.desk import Desk
from ingest.envelope import Envelope
from ingest.reading.pages import Inspection, Kind, PageText, Source
from ingest.reasons import Reason
from ingest.sandbox.document import Document
from ingest.sandbox.limits import Limits
from ingest.sandbox.sandbox import ReadingFailed
from ingest.text_part import Reading
from storage.catalog.blobs import BlobRow, blobs_of
from storage.catalog.record_facts import RecordFacts, facts_of
from storage.catalog.states import BlobPart, next_state
from storage.catalog.work import Job, finish_step
from storage.description import Description
from storage.errors import BlobMissing, FixityError, NotFound
from storage.vault.age import open_file
from storage.vault.loan import Loan

__all__ = ["CHILD_DIED", "PAGES_AT_RISK", "Papers"]

CHILD_DIED: Final = frozenset({Reason.CRASHED, Reason.TIMED_OUT, Reason.OUT_OF_MEMORY})
"""Reasons why a child of the sandbox ended before it had answered."""
PAGES_AT_RISK: Final = 16
"""After so many pages what was read is kept, so that a crash costs no more than these."""


class Papers:
    """The papers of one record, for as long as it is in hand. Use it as a context: what it opened in memory is given back."""

    def __init__(self, desk: Desk, job: Job) -> None:
        self._desk, self._record = desk, job.record
        self._sealed_input = job.sealed_input
        self._loan: Loan | None = None
        self._facts: RecordFacts | None = None
        self._blobs: tuple[BlobRow, ...] | None = None
        self._put_off: list[Callable[[sa.Connection], None]] = []
        self._put_off_until: Job | None = None
        self._open = ExitStack()
        self._envelope: Envelope | None = None
        self._original: Document | None = None
        self._inspection: Inspection | None = None
        self._reading: Reading | None = None
        self._classification: Classification | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    def put_off(self, job: Job, write: Callable[[sa.Connection], None], facts: RecordFacts | None = None) -> Job | None:
        """The job of the next step; `write`, the result of this one, belongs to the transaction of a later one.

        facts: the record as it will stand then, where that makes a difference to the steps between.
        """
        self._put_off.append(write)
        self._put_off_until = job
        self._facts = facts or self._facts
        following = next_state(job.step)
        return None if following is None else replace(job, step=following)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """The transaction of a step. It begins with what the steps before it put off; raises LeaseLost, which undoes all of it."""
        with self._desk.archive.catalog.write() as connection:
            for write in self._put_off:
                write(connection)
            if self._put_off_until is not None:
                finish_step(connection, self._put_off_until, self._desk.lease_until())
            yield connection
        self._put_off, self._put_off_until = [], None
        self.look_again()

    def look_again(self) -> None:
        """Ask the catalog anew, when next something is asked about the record or its parts: others may have changed it."""
        self._facts = self._blobs = None

    def facts(self) -> RecordFacts:
        """The record, as this worker left it or found it, with what is put off."""
        if self._facts is None:
            with self._desk.archive.catalog.read() as connection:
                self._facts = facts_of(connection, self._record)
        if self._facts is None:
            raise NotFound
        return self._facts

    def blobs(self) -> tuple[BlobRow, ...]:
        """Its parts, as this worker left them or found them."""
        if self._blobs is None:
            with self._desk.archive.catalog.read() as connection:
                self._blobs = blobs_of(connection, self._record)
        return self._blobs

    def blob(self, part: BlobPart) -> BlobRow | None:
        """One of them."""
        return next((blob for blob in self.blobs() if blob.part is part), None)

    def borrow(self) -> None:
        """Open what the keeper lent of a kept record, so that it is read again from these parts alone.

        Raises DamagedHeader, KeyNotRight and DamagedPayload where that is no loan of this record.
        """
        if self._loan is None and self._sealed_input is not None:
            self._loan = Loan.opened(self._sealed_input, self._record, self._desk.transit)
            self._sealed_input = self._loan.password

    @property
    def is_decided(self) -> bool:
        """Whether, when a kept record was lent, a person had decided its level."""
        return self._loan is not None and self._loan.by_person

    def is_lent(self, blob: BlobRow | None) -> bool:
        """Whether the part is one that was lent, and not one that came in its place since."""
        return blob is not None and self._loan is not None and blob.id in self._loan.keys

    def described(self) -> Description | None:
        """The description of a record that was kept before; None at the first time."""
        blob = self.blob(BlobPart.DESCRIPTION)
        return None if blob is None else Description.decode(self._desk.open(blob, self._lent(blob)))

    def read_before(self) -> Reading:
        """The text that a kept record has, which a new reading must not fall behind."""
        blob = self.blob(BlobPart.TEXT)
        if blob is None:
            raise BlobMissing(blob=f"text of {self._record}")
        return Reading.parse(self._desk.open(blob, self._lent(blob)))

    def envelope(self) -> Envelope:
        """What came with the document: from its envelope, or from the description that took it over."""
        if self._envelope is None:
            blob = self.blob(BlobPart.ENVELOPE)
            if blob is not None:
                self._envelope = Envelope.parse(self._desk.open(blob))
            elif (before := self.described()) is not None:
                batch, path = (None if value is None else str(value) for value in map(before.skeleton.get, ("batch", "path")))
                self._envelope = Envelope(before.file_name, before.plain_sha256, batch=batch, path=path)
            else:
                raise BlobMissing(blob=f"envelope of {self._record}")
        return self._envelope

    def original(self) -> Document:
        """The document as it came. Raises FixityError if it is not what came through the door."""
        if self._original is None:
            blob = self.blob(BlobPart.ORIGINAL)
            if blob is None:
                raise BlobMissing(blob=f"original of {self._record}")
            document = self._open.enter_context(self._desk.document(blob, self._lent(blob)))
            if _sha256(document) != self.envelope().plain_sha256:
                raise FixityError(blob=blob.id)
            self._original = document
        return self._original

    def inspection(self) -> Inspection:
        """What the document is."""
        if self._inspection is None:
            self._inspection = self._desk.sandbox.inspect(self.original(), self.envelope().file_name, self._password())
        return self._inspection

    def read(self, keep: Callable[[Reading], None]) -> Reading:
        """Read the document, from its access copy where there is one, on from where an attempt that was cut off had come to.

        keep: takes what is read so far, after every PAGES_AT_RISK pages but the last. Raises ReadingFailed, SandboxUnreachable, Stopping,
        and what `keep` raises.
        """
        found = self.inspection()
        if found.reason not in (None, Reason.UNKNOWN_TYPE):  # its child died, or a password is gone, and a crash came between
            raise ReadingFailed(found.reason)
        if found.kind is None:
            self._reading = Reading(None)
            return self._reading
        if found.pages:
            self._reading = Reading(found.kind, found.pages, found.warnings, found.active)
            return self._reading
        document = self.original() if found.access is None else self._open.enter_context(Document.of(found.access))
        password = self._password() if found.access is None else None
        last = max(found.page_count, 1)
        at_once = last if found.kind is Kind.TEXT else PAGES_AT_RISK  # a plain text is decoded as a whole for any of its pages
        pages = self._pages_read()
        while len(pages) < last:
            asked = range(len(pages) + 1, min(len(pages) + at_once, last) + 1)
            some = self._desk.readers.read(self._desk.sandbox, document, asked, password, self._desk.stop_if_asked)
            pages += some
            if len(some) < len(asked):  # the document ends here
                break
            if _is_given_up(pages):
                pages += [PageText(number, "", (), Source.NONE, None, 0, 0, pages[-1].reason) for number in range(len(pages) + 1, last + 1)]
            if len(pages) < last:
                keep(Reading(found.kind, tuple(pages), found.warnings, found.active, complete=False))
        if not pages:
            raise ReadingFailed(Reason.DAMAGED)
        self._reading = Reading(found.kind, tuple(pages), found.warnings, found.active)
        return self._reading

    def _pages_read(self) -> list[PageText]:
        """What an attempt that was cut off has kept. A text that is complete, or of a record at rest, is an earlier reading's."""
        blob = self.blob(BlobPart.TEXT) if self._loan is None else None
        before = None if blob is None else Reading.parse(self._desk.open(blob))
        return [] if before is None or before.complete else list(before.pages)

    def reading(self) -> Reading:
        """What was read, from the part `text`."""
        if self._reading is None:
            blob = self.blob(BlobPart.TEXT)
            if blob is None:
                raise BlobMissing(blob=f"text of {self._record}")
            self._reading = Reading.parse(self._desk.open(blob))
        return self._reading

    def classification(self) -> Classification | None:
        """What the text says of itself and of its level; None for a type of document that is not read."""
        if self._classification is None and self.reading().kind is not None:
            self._classification = classify(self.reading().for_classification(self.envelope().file_name))
        return self._classification

    def _password(self) -> str | None:
        if self._sealed_input is None:
            return None
        return b"".join(open_file(io.BytesIO(self._sealed_input), [self._desk.transit])).decode("utf-8", "replace")

    def _lent(self, blob: BlobRow) -> bytes | None:
        return None if self._loan is None else self._loan.keys.get(blob.id)


def _is_given_up(pages: Sequence[PageText]) -> bool:
    """Whether so many pages in a row killed their child that no more are tried."""
    end = pages[-Limits().dead_pages :]
    return len(end) == Limits().dead_pages and all(page.reason in CHILD_DIED for page in end)


def _sha256(document: Document) -> str:
    with os.fdopen(document.open(), "rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
