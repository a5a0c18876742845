"""The deposit: one transaction that keeps a document's record, work, audit row and receipt, or finds that it has them already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from storage.catalog.audit_rows import AuditRow, add_audit_row
from storage.catalog.blobs import Part, add_blobs
from storage.catalog.names import Depositor, OfficeId
from storage.catalog.record_facts import Change
from storage.catalog.records import NewRecord, add_record
from storage.catalog.schema import batch, idempotency, receipt, record
from storage.catalog.states import GONE, Outcome, Reason, State
from storage.catalog.work import add_work
from storage.errors import RequestKeyReused
from storage.ids import IdSource, RecordId

__all__ = [
    "Deposit",
    "Receipt",
    "RequestKey",
    "add_batch",
    "depositor_of_batch",
    "give_promise",
    "other_copies",
    "receipt_of",
    "receipts_of_batch",
    "refuse",
    "settle",
    "take_in",
]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one deposit. record: None if refused. size: bytes received. promise: signed, None until sequenced."""

    id: str
    office: OfficeId
    depositor: Depositor
    batch: str | None
    record: RecordId | None
    outcome: Outcome
    reason: Reason | None
    size: int | None
    made_at: datetime
    promise: str | None = None


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What makes a repeated request the same. credential: the id of the fact or source whose token was used.

    key_tag, body_tag: HMACs, hex, of the client's key and of the bytes; neither stands in the catalog in clear.
    """

    credential: str
    key_tag: str
    body_tag: str


@dataclass(frozen=True, slots=True)
class Deposit:
    """A document that lies sealed in the store. size: bytes received. password: sealed to transit, for a locked document."""

    receipt_id: str
    record: NewRecord
    parts: tuple[Part, ...]
    size: int
    request: RequestKey | None = None
    password: bytes | None = None


# Built once: each deposit passes here under the writer's lock, and to build a statement costs more than to carry it out.
_ADD_RECEIPT = receipt.insert()
_ADD_KEY = idempotency.insert()
_BY_KEY = sa.select(idempotency.c.body_tag, idempotency.c.receipt_id).where(
    idempotency.c.credential == sa.bindparam("credential"), idempotency.c.key_tag == sa.bindparam("key_tag")
)
_LIVE_COPY = sa.select(record.c.id, record.c.state, record.c.reason).where(
    record.c.office_id == sa.bindparam("office"),
    record.c.depositor_kind == sa.bindparam("kind"),
    record.c.depositor_id == sa.bindparam("depositor"),
    record.c.duplicate_tag == sa.bindparam("tag"),
    *(record.c.state != gone for gone in sorted(GONE)),  # a list would be written into the statement anew each time
)


def take_in(connection: sa.Connection, ids: IdSource, deposit: Deposit, at: datetime, audit: Callable[[RecordId], AuditRow]) -> Receipt:
    """Keep a deposit, in this one transaction, and return its receipt.

    A request that was answered before gets the same receipt and writes nothing. A repeat by the same depositor joins her
    record: it waits while that is unfinished, and says `quarantined` or `duplicate` afterwards. In both cases the receipt
    names another record than the deposit, whose blobs are then nobody's. audit: gives the act's row for the record it ends at.
    Raises RequestKeyReused where the request's key came with other bytes before.
    """
    if deposit.request is not None and (known := _known(connection, deposit.request)) is not None:
        return known
    new = deposit.record
    copy = _copy(connection, new)
    joined = new.id if copy is None else copy[0]
    act = add_audit_row(connection, audit(joined))
    given = Receipt(deposit.receipt_id, new.office, new.depositor, new.batch, joined, Outcome.ACCEPTED, None, deposit.size, at)
    if copy is not None:
        given = replace(given, outcome=_joined_outcome(copy[1]), reason=copy[2])
    else:
        add_record(connection, ids, new, Change(at, act))
        add_blobs(connection, new.id, deposit.parts)
        add_work(connection, new.id, at, deposit.password)
    _add_receipt(connection, given)
    if deposit.request is not None:
        request = deposit.request
        values = {"credential": request.credential, "key_tag": request.key_tag, "body_tag": request.body_tag, "receipt_id": given.id}
        connection.execute(_ADD_KEY, values)
    return given


def refuse(connection: sa.Connection, refused: Receipt, audit: AuditRow) -> None:
    """Note that nothing was kept of a deposit. refused: its receipt, without a record and with the reason."""
    add_audit_row(connection, audit)
    _add_receipt(connection, refused)


def settle(connection: sa.Connection, record_id: RecordId, outcome: Outcome, reason: Reason | None) -> None:
    """Give the final outcome to every receipt that waits for this record. Belongs into the transaction that keeps or quarantines it."""
    waiting = sa.and_(receipt.c.record_id == record_id, receipt.c.outcome == Outcome.ACCEPTED)
    connection.execute(receipt.update().where(waiting).values(outcome=outcome, reason=reason))


def give_promise(connection: sa.Connection, receipt_id: str, record: str | None, promise: str) -> None:
    """Put the log's promise into a receipt that has none. record: that of the act, which must be the receipt's own."""
    mine = sa.and_(receipt.c.id == receipt_id, receipt.c.record_id.is_(record) if record is None else receipt.c.record_id == record)
    connection.execute(receipt.update().where(mine, receipt.c.promise.is_(None)).values(promise=promise))


def add_batch(connection: sa.Connection, batch_id: str, office: OfficeId, depositor: Depositor, at: datetime) -> None:
    """Open a batch; its label lies sealed with the documents."""
    values = {"id": batch_id, "office_id": office, "depositor_kind": depositor.kind, "depositor_id": depositor.id, "opened_at": at}
    connection.execute(batch.insert().values(values))


def depositor_of_batch(connection: sa.Connection, batch_id: str) -> Depositor | None:
    """Who opened a batch; None where there is none of this id, of whatever form it is."""
    row = connection.execute(sa.select(batch.c.depositor_kind, batch.c.depositor_id).where(batch.c.id == batch_id)).one_or_none()
    return None if row is None else Depositor(*row)


def receipt_of(connection: sa.Connection, receipt_id: str) -> Receipt | None:
    """The receipt of this id, of whatever form the id is."""
    return _receipt(connection, receipt.c.id == receipt_id)


def receipts_of_batch(connection: sa.Connection, batch_id: str) -> tuple[Receipt, ...]:
    """The receipts of a batch, oldest first: its figures are counted from these, never beside them."""
    rows = connection.execute(sa.select(receipt).where(receipt.c.batch_id == batch_id).order_by(receipt.c.made_at, receipt.c.id))
    return tuple(_from_row(row) for row in rows)


def other_copies(connection: sa.Connection, record_id: RecordId) -> tuple[RecordId, ...]:
    """Other records of the office with the same content, neither withdrawn nor disposed, oldest first."""
    this, other = record.alias(), record.alias()
    same = sa.and_(other.c.office_id == this.c.office_id, other.c.duplicate_tag == this.c.duplicate_tag, other.c.id != this.c.id)
    found = sa.select(other.c.id).join_from(this, other, same).where(this.c.id == record_id, other.c.state.not_in(sorted(GONE)))
    return tuple(connection.execute(found.order_by(other.c.received_at, other.c.id)).scalars())


def _known(connection: sa.Connection, request: RequestKey) -> Receipt | None:
    row = connection.execute(_BY_KEY, {"credential": request.credential, "key_tag": request.key_tag}).one_or_none()
    if row is None:
        return None
    if row.body_tag != request.body_tag:
        raise RequestKeyReused
    return receipt_of(connection, row.receipt_id)


def _copy(connection: sa.Connection, new: NewRecord) -> tuple[RecordId, State, Reason | None] | None:
    values = {"office": new.office, "kind": new.depositor.kind, "depositor": new.depositor.id, "tag": new.duplicate_tag}
    row = connection.execute(_LIVE_COPY, values).one_or_none()
    return None if row is None else (row.id, row.state, row.reason)


def _joined_outcome(state: State) -> Outcome:
    return {State.QUARANTINED: Outcome.QUARANTINED, State.KEPT: Outcome.DUPLICATE}.get(state, Outcome.ACCEPTED)


def _add_receipt(connection: sa.Connection, given: Receipt) -> None:
    values = {
        "id": given.id,
        "office_id": given.office,
        "depositor_kind": given.depositor.kind,
        "depositor_id": given.depositor.id,
        "batch_id": given.batch,
        "record_id": given.record,
        "outcome": given.outcome,
        "reason": given.reason,
        "size": given.size,
        "made_at": given.made_at,
        "promise": given.promise,
    }
    connection.execute(_ADD_RECEIPT, values)


def _receipt(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Receipt | None:
    row = connection.execute(sa.select(receipt).where(condition)).one_or_none()
    return None if row is None else _from_row(row)


def _from_row(row: sa.Row[tuple[object, ...]]) -> Receipt:
    return Receipt(
        id=row.id,
        office=row.office_id,
        depositor=Depositor(row.depositor_kind, row.depositor_id),
        batch=row.batch_id,
        record=row.record_id,
        outcome=row.outcome,
        reason=row.reason,
        size=row.size,
        made_at=row.made_at,
        promise=row.promise,
    )
