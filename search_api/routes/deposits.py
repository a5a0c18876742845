"""The door for documents, and what their depositors are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Annotated, Any, Final
from urllib.parse import unquote

import sqlalchemy as sa
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from ingest.door import Arrival, Reception, Taken
from ingest.door import Request as RequestKey
from search_api.callers import Caller, archive_of, caller_of, policy
from search_api.multipart import FileField
from search_api.presenting import message, outcome_of, receipt
from search_api.problems import language
from search_api.reading import Shown, shown
from search_api.refusals import OPENING, STORE, refuses
from search_api.settling import held_until, is_known
from storage.access import Action, Denial, decide
from storage.access.deeds import deed
from storage.archive import Archive, sealed_to_transit
from storage.audit.leaf import Json as Detail
from storage.catalog.audit_rows import add_audit_row
from storage.catalog.deposits import Receipt, add_batch, depositor_of_batch, receipt_of, receipts_of_batch
from storage.catalog.names import OfficeId
from storage.catalog.record_facts import facts_of
from storage.catalog.states import AuditOutcome, Outcome
from storage.errors import InvalidInput, NotFound, RequestKeyReused

__all__ = ["router"]

router = APIRouter()
Known = Annotated[Caller, Depends(caller_of)]

_FILE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FILE}}},
    "parameters": [
        {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}
        for name in ("Idempotency-Key", "Vankho-Batch-Name", "Vankho-Path", "Vankho-Password")
    ],
}
"""What its document cannot see in the code, as the body is read as a stream."""

_LONGEST_NAME = 1024
_LONGEST_PATH = 4096
_PIECE = 1 << 20
"""Bytes gathered before they are handed to a thread to be sealed."""
_SHORT = 1 << 16
"""Bytes of a body that are gathered before its sender is known: no more than the server gathers of anybody's headers."""
_AT_ONCE = 2.0
"""Seconds in which they are to come: whoever takes longer is asked who she is."""


@router.post("/deposits", status_code=201, openapi_extra=_BODY)
@policy(Action.DEPOSIT)
@refuses(NotFound, RequestKeyReused, *STORE)
async def deposit(request: Request, batch: Annotated[str | None, Query(description="one's own batch")] = None) -> JSONResponse:
    """Take in one document (multipart/form-data, field `file`), sealed while it comes. Acknowledged once it is durable.

    `Vankho-Password` (percent-encoded) opens a locked one: sealed at once, used once, never logged.
    `Idempotency-Key`: the same key and bytes give the same answer, whatever became of the connection before. `Vankho-Batch-Name` and
    `Vankho-Path`, percent-encoded UTF-8: what the depositor calls its batch, and where it came from; both are sealed with it.
    """
    arrival = _Arrival(request, batch)
    try:
        await (_all_at_once if arrival.is_short else _piece_by_piece)(arrival)
        taken = await run_sync(arrival.finish)
    except BaseException as error:
        await run_sync(arrival.close)
        if isinstance(error, ClientDisconnect):
            raise InvalidInput(what="The connection ended before the document did. Send it again, whole.") from None
        raise
    given, lang = taken.receipt, language(request)
    # The same key gives the same answer however far the record has come since: what becomes of it stands in the receipt.
    outcome, reason = (Outcome.REFUSED, given.reason) if given.outcome is Outcome.REFUSED else (Outcome.ACCEPTED, None)
    content = {
        "receipt_id": given.id,
        "record_id": given.record,
        "batch": given.batch,
        "outcome": outcome.value,
        "reason": None if reason is None else reason.value,
        "message": message(reason, lang),
        "sha256": taken.sha256,
        "size": given.size,
    }
    return JSONResponse(content, 201, {"Location": f"receipts/{given.id}", "Cache-Control": "no-store"})


@router.get("/receipts/{receipt_id}")
@policy(None)
@refuses(*OPENING)
async def receipt_route(request: Request, receipt_id: str, caller: Known) -> JSONResponse:
    """What became of one's own deposit; about the record itself only what one may read.

    With `Prefer: wait=N` the answer is held back for up to N seconds, at most 30, until the outcome is final and can be found.
    """
    archive = archive_of(request)

    def own(connection: sa.Connection) -> Receipt:
        given = receipt_of(connection, receipt_id)
        if given is None or given.depositor != caller.subject.id:
            raise NotFound
        return given

    def is_done() -> bool:
        with archive.catalog.read() as connection:
            given = own(connection)
            return given.outcome.final and (given.record is None or is_known(connection, given.record))

    def as_it_is() -> JSONResponse:
        with archive.catalog.read() as connection:
            given = own(connection)
        return JSONResponse(receipt(given, _shown(archive, caller, given), language(request)), headers={"Cache-Control": "no-store"})

    await held_until(request, is_done)
    return await run_sync(as_it_is)


@router.post("/batches", status_code=201)
@policy(Action.DEPOSIT)
def open_batch(request: Request, caller: Known) -> JSONResponse:
    """Open a batch; deposits name it in their query."""
    archive = archive_of(request)
    with deed(archive.catalog, archive.scribe, caller.as_of, Action.DEPOSIT, details={"batch": "opened"}) as act:
        at = act.subject.at
        batch = archive.ids.new(f"batch/{caller.subject.id.id}/{at.isoformat()}")
        add_batch(act.connection, batch, _office(caller), caller.subject.id, at)
    return JSONResponse({"batch": batch}, 201, {"Cache-Control": "no-store"})


@router.get("/batches/{batch_id}")
@policy(None)
def batch_route(
    request: Request, batch_id: str, caller: Known, receipts: Annotated[bool, Query(description="each receipt's outcome as well")] = False
) -> JSONResponse:
    """The figures of one's own batch, counted from its receipts: they add up at every moment.

    With `receipts=true` each receipt's outcome as well, oldest first: one question for a whole batch that one waits for.
    """
    archive = archive_of(request)
    with archive.catalog.read() as connection:
        if depositor_of_batch(connection, batch_id) != caller.subject.id:
            raise NotFound
        given = receipts_of_batch(connection, batch_id)
    counted = Counter(one.outcome for one in given)
    figures = {outcome.value: counted[outcome] for outcome in Outcome}
    told = {"receipts": [outcome_of(one, language(request)) for one in given]} if receipts else {}
    return JSONResponse({"batch": batch_id, "received": len(given), **figures, **told}, headers={"Cache-Control": "no-store"})


async def _all_at_once(arrival: _Arrival) -> None:
    """Gather a short body. Where it does not come at once, it is not waited for before its sender is known."""
    gathering = asyncio.ensure_future(arrival.gather())
    try:
        await asyncio.wait((gathering,), timeout=_AT_ONCE)
        if not gathering.done():
            await run_sync(arrival.begin)
        await gathering
    finally:
        gathering.cancel()


async def _piece_by_piece(arrival: _Arrival) -> None:
    await run_sync(arrival.begin)
    await arrival.gather()


class _Arrival:
    """A document on its way through the door: its sender is known before any of it is looked at. All but the gathering is work for a thread."""

    def __init__(self, request: Request, batch: str | None) -> None:
        """Does nothing yet."""
        self._request, self._batch = request, batch
        self._form: FileField | None = None
        self._reception: Reception | None = None
        self._found = bytearray()
        self.pending = bytearray()

    @property
    def is_short(self) -> bool:
        """Whether the body says that it is so short that it may be here as a whole before anyone asks whose it is: one thread then does it all."""
        announced = self._request.headers.get("content-length", "")
        return announced.isdecimal() and int(announced) <= _SHORT

    async def gather(self) -> None:
        """The body, sealed in pieces of a mebibyte."""
        async for piece in self._request.stream():
            self.pending += piece
            if len(self.pending) >= _PIECE:
                await run_sync(self.seal)

    def begin(self) -> FileField:
        """Let the sender in, and read what she says beside the body."""
        request, archive, caller = self._request, archive_of(self._request), caller_of(self._request)
        if self._batch is not None:
            _require_own(archive, caller, self._batch)
        key = request.headers.get("idempotency-key")
        if key is not None and not 1 <= len(key) <= 255:
            raise InvalidInput(what="An Idempotency-Key has 1 to 255 characters.")
        label, path, password = (_told(request, f"vankho-{what}") for what in ("batch-name", "path", "password"))
        sealed = None if password is None else sealed_to_transit(archive, password)

        def received(file_name: bytes) -> None:
            arrival = Arrival(
                depositor=caller.subject.id,
                actor=caller.actor,
                office=_office(caller),
                file_name=file_name[:_LONGEST_NAME],
                name=f"{caller.subject.id.id}/{key}" if key else "",
                batch=self._batch,
                batch_label=label,
                path=path,
                request=None if key is None else RequestKey(caller.credential, key),
                right="role",
                password=sealed,
            )
            self._reception = Reception(archive, arrival)

        self._form = FileField(request.headers.get("content-type", ""), received, self._found.extend)
        return self._form

    def seal(self) -> FileField:
        """Find the document in what has come since, and seal what of it has."""
        form = self._form or self.begin()
        form.feed(bytes(self.pending))
        self.pending.clear()
        if self._reception is not None:
            self._reception.write(bytes(self._found))
            self._found.clear()
        return form

    def finish(self) -> Taken:
        """Seal the rest, and keep the document."""
        self.seal().finish()
        if self._reception is None:
            raise InvalidInput(what="The body has no field `file`.")
        with self._reception:
            return self._reception.finish()

    def close(self) -> None:
        """Leave nothing of what was not finished."""
        if self._reception is not None:
            self._reception.__exit__(None, None, None)


def _require_own(archive: Archive, caller: Caller, batch: str) -> None:
    """Raise NotFound for a batch that is not the caller's, whether somebody else's or nobody's; the attempt is written down."""
    with archive.catalog.write() as connection:
        if depositor_of_batch(connection, batch) == caller.subject.id:
            return
        details: dict[str, Detail] = {"batch": batch}
        add_audit_row(connection, archive.scribe.row(caller.actor, Action.DEPOSIT, AuditOutcome.DENIED, right=Denial.NOT_DEPOSITOR, details=details))
    raise NotFound


def _told(request: Request, header: str) -> str | None:
    """What the depositor says of her document beside its name."""
    text = request.headers.get(header)
    return None if text is None else unquote(text)[:_LONGEST_PATH]


def _office(caller: Caller) -> OfficeId:
    """The office that a deposit is for. Raises InvalidInput where a person has none of her own."""
    if not caller.subject.offices:
        raise InvalidInput(what="You belong to no office, so nothing can be deposited in your name. Ask an administrator.")
    return min(caller.subject.offices)


def _shown(archive: Archive, caller: Caller, given: Receipt) -> Shown | None:
    """The record of a receipt, once it is settled and if its depositor may read it. That she may not is no denial to write down."""
    if given.record is None or not given.outcome.final:
        return None
    with archive.catalog.read() as connection:
        may_see = decide(caller.subject, Action.SHOW, facts_of(connection, given.record)).allowed
    return shown(archive, caller, given.record, {"receipt": given.id}) if may_see else None
