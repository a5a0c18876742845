"""The deposit door: a document is sealed while it comes in, durable before it is acknowledged, and cannot be read back from here."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from ingest.envelope import Envelope
from storage.archive import Archive
from storage.audit.leaf import Json
from storage.audit.scribe import Actor
from storage.catalog.audit_rows import AuditRow
from storage.catalog.blobs import Part
from storage.catalog.deposits import Deposit, Receipt, RequestKey, refuse, take_in
from storage.catalog.names import CaseId, Depositor, OfficeId
from storage.catalog.records import NewRecord
from storage.catalog.shown_size import padded
from storage.catalog.states import AuditOutcome, BlobPart, Outcome, Reason
from storage.errors import CatalogBusy, CatalogUnanswered, RequestKeyReused, StoreFull, StoreUnreachable
from storage.failpoints import failpoint
from storage.ids import BlobId, RandomIds, RecordId
from storage.vault.blob import Stored
from storage.vault.draft import Draft

__all__ = ["LARGEST", "Arrival", "Reception", "Request", "Taken", "receive"]

LARGEST: Final = 512 << 20
"""Bytes of the largest document that is taken in."""

_NOTHING: Final = hashlib.sha256().hexdigest()


@dataclass(frozen=True, slots=True)
class Request:
    """What makes a repeated request the same. credential: the id of the fact or source whose token was used. key: as the client chose it."""

    credential: str
    key: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of a document before its first byte.

    name: the receipt's and the record's logical name, where ids are seeded. file_name: its bytes, of whatever form; never part of a path of ours.
    batch: the id of an open batch; batch_label and path: for the sealed envelope. right: by which right it is deposited. password: that of a
    locked document, sealed to transit.
    """

    depositor: Depositor
    actor: Actor
    office: OfficeId
    file_name: bytes
    name: str = ""
    batch: str | None = None
    batch_label: str | None = None
    path: str | None = None
    case: CaseId | None = None
    request: Request | None = None
    right: str | None = None
    password: bytes | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What the depositor is told. sha256: hex, of the bytes received; None where they were not all taken."""

    receipt: Receipt
    sha256: str | None


def receive(archive: Archive, arrival: Arrival, body: Iterable[bytes], largest: int = LARGEST) -> Taken:
    """Take in a whole document. Raises what `Reception.finish` raises."""
    with Reception(archive, arrival, largest) as reception:
        for piece in body:
            reception.write(piece)
        return reception.finish()


class Reception:
    """A document on its way in, pushed piece by piece; left without `finish`, nothing of it remains.

    Raises StoreFailed from any act; then this process ends (see there).
    """

    def __init__(self, archive: Archive, arrival: Arrival, largest: int = LARGEST) -> None:
        if archive.duplicates is None:
            raise ValueError("the door needs the key for duplicates, which the worker does not have")
        self._archive, self._arrival, self._largest = archive, arrival, largest
        self._duplicates = archive.duplicates
        self._recipients = [archive.transit, archive.recovery]
        self._open = ExitStack()
        self._draft: Draft | None = None
        self._refused: Reason | None = None
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    @property
    def refused(self) -> Reason | None:
        """Why nothing more needs to be sent: `finish` gives the receipt of the refusal."""
        return self._refused

    def write(self, piece: bytes) -> None:
        """Take in the next bytes; once it is refused they are only counted."""
        self._size += len(piece)
        if self._size > self._largest:
            self._refuse(Reason.TOO_LARGE)
        if self._refused is not None or not piece:
            return
        try:
            if self._draft is None:
                self._draft = self._draft_of(_blob_id())
            self._draft.write(piece)
        except StoreFull:
            self._refuse(Reason.STORE_FULL)

    def finish(self) -> Taken:
        """Keep the document and give its receipt: durable when this returns.

        An empty one, one that is too large or finds no room is refused: it gets a receipt, and nothing of it is kept.
        Raises RequestKeyReused; StoreFull where not even the refusal can be written down, CatalogBusy: then nothing is kept. After
        CatalogUnanswered that is not known: the same request, sent again, finds what there is.
        """
        if self._draft is None and self._refused is None:
            self._refuse(Reason.EMPTY)
        parts = self._stored()
        receipt = None if parts is None else self._take_in(parts)
        if parts is None or receipt is None:
            return Taken(self._refusal(), _NOTHING if self._refused is Reason.EMPTY else None)
        failpoint("deposit.2 the record is committed")
        return Taken(receipt, parts[0].stored.plain_sha256.hex())

    def _stored(self) -> tuple[Part, Part] | None:
        """The original and its envelope, durable; None where it is refused."""
        draft, arrival = self._draft, self._arrival
        if draft is None or self._refused is not None:
            return None
        envelope = Envelope.of(arrival.file_name, draft.plain_sha256.hex(), arrival.batch_label, arrival.path)
        try:
            beside = self._draft_of(_id_beside(draft.blob_id))
            beside.write(envelope.content())
            original, enclosed = draft.publish_with(beside)
        except StoreFull:
            self._refuse(Reason.STORE_FULL)
            return None
        return Part(BlobPart.ORIGINAL, original, None), Part(BlobPart.ENVELOPE, enclosed, "application/json")

    def _draft_of(self, blob_id: BlobId) -> Draft:
        return self._open.enter_context(self._archive.store.draft(blob_id, self._recipients))

    def _take_in(self, parts: tuple[Part, Part]) -> Receipt | None:
        """The receipt, once the record is committed; None where the catalog finds no room for it."""
        failpoint("deposit.1 both parts are durable")
        archive, at = self._archive, self._archive.clock.now()
        deposit = self._deposit(parts, at)
        act = self._act(AuditOutcome.DONE, deposit.record.id, deposit.receipt_id)  # sealed before anyone has to wait for it

        def act_on(record: RecordId) -> AuditRow:
            return act if record == deposit.record.id else self._act(AuditOutcome.DONE, record, deposit.receipt_id)

        try:
            receipt = archive.catalog.write_together(lambda connection: take_in(connection, archive.ids, deposit, at, act_on))
        except CatalogUnanswered:  # as after any failure that is not named here, the record may be there
            raise
        except (RequestKeyReused, StoreFull, CatalogBusy) as error:  # undone for certain
            self._remove(part.stored for part in parts)
            if not isinstance(error, StoreFull):
                raise
            self._refuse(Reason.STORE_FULL)
            return None
        if receipt.record != deposit.record.id:  # she brought it before: what was sealed now is nobody's
            self._remove(part.stored for part in parts)
        return receipt

    def _deposit(self, parts: tuple[Part, Part], at: datetime) -> Deposit:
        archive, arrival, sha256 = self._archive, self._arrival, parts[0].stored.plain_sha256
        name = arrival.name or f"{arrival.depositor.id}/{at.isoformat()}/{sha256.hex()}"
        new = NewRecord(
            id=RecordId(archive.ids.new(f"record/{name}")),
            office=arrival.office,
            depositor=arrival.depositor,
            duplicate_tag=self._tag(arrival.office.encode() + b"\0" + sha256),
            size_shown=padded(self._size),
            transit_n=archive.transit_n,
            batch=arrival.batch,
            case=arrival.case,
        )
        return Deposit(archive.ids.new(f"receipt/{name}"), new, parts, self._size, self._request(sha256), arrival.password)

    def _refusal(self) -> Receipt:
        archive, arrival, at = self._archive, self._arrival, self._archive.clock.now()
        receipt_id = archive.ids.new(f"receipt/{arrival.name or f'{arrival.depositor.id}/{at.isoformat()}'}")
        receipt = Receipt(receipt_id, arrival.office, arrival.depositor, arrival.batch, None, Outcome.REFUSED, self._refused, self._size, at)
        with archive.catalog.write() as connection:
            refuse(connection, receipt, self._act(AuditOutcome.FAILED, None, receipt_id))
        return receipt

    def _act(self, outcome: AuditOutcome, record: RecordId | None, receipt_id: str) -> AuditRow:
        """The act's row; it names the receipt, so that the sequencer can put its promise there."""
        reason = None if self._refused is None else str(self._refused)
        details: dict[str, Json] = {"size": self._size, "reason": reason, "receipt": receipt_id}
        return self._archive.scribe.row(self._arrival.actor, "deposit", outcome, right=self._arrival.right, record=record, details=details)

    def _request(self, sha256: bytes) -> RequestKey | None:
        request = self._arrival.request
        if request is None:
            return None
        return RequestKey(request.credential, self._tag(b"request\0" + request.key.encode()), self._tag(b"body\0" + sha256))

    def _tag(self, content: bytes) -> str:
        return hmac.digest(self._duplicates, content, "sha256").hex()

    def _refuse(self, reason: Reason) -> None:
        self._refused = self._refused or reason
        self._open.close()

    def _remove(self, parts: Iterable[Stored]) -> None:
        """What is nobody's is an orphan where the store does not answer: `check` names it, and the depositor has her answer."""
        with suppress(StoreUnreachable):
            for stored in parts:
                self._archive.store.remove(stored.id)


def _blob_id() -> BlobId:
    """Always random, in seeded worlds too: it stands in no answer, and a repeat must not meet what an earlier run left."""
    return BlobId(RandomIds().new("blob"))


def _id_beside(blob_id: BlobId) -> BlobId:
    """An id whose blob shares the folders of this one, so that one fsync serves both; beyond these 10 bits it is as random."""
    return BlobId(blob_id[:2] + _blob_id()[2:])
