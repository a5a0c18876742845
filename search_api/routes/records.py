"""Records: shown, read in parts, corrected, withdrawn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from search_api.callers import Caller, archive_of, caller_of, policy, second_caller
from search_api.changing import correct, outcome_of, reading_of, reread, set_level, unlock, withdraw
from search_api.presenting import message
from search_api.presenting import record as present
from search_api.problems import language
from search_api.reading import exported, open_part, shown
from search_api.refusals import OPENING, STORE, refuses
from search_api.settling import held_until, settled
from storage.access import Action
from storage.catalog.states import BlobPart
from storage.errors import NotAllowed, NotFound, RangeRefused, RecordChanged, SecondPersonNeeded, TransitionRefused
from storage.walls.claims import Sentence

__all__ = ["router"]

router = APIRouter()
Known = Annotated[Caller, Depends(caller_of)]
Second = Annotated[Caller | None, Depends(second_caller)]

_PRIVATE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Content-Disposition": "attachment",
    "Accept-Ranges": "bytes",
}
"""Bytes of documents are never shown in place: they are as hostile as who made them."""

_OVERTAKEN = Sentence(
    vi="Trong lúc đọc lại, hồ sơ đã được sửa hoặc rút, nên được giữ nguyên. Hãy xem lại, và cho đọc lại lần nữa nếu vẫn cần.",
    en="The record was corrected or withdrawn while it was being read, and was left so. Look at it, and have it read again if that is still needed.",
)

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Correction(BaseModel):
    """Fields to set, and why."""

    model_config = ConfigDict(extra="forbid")
    set: dict[str, str] = Field(min_length=1, examples=[{"subject": "lịch nghỉ lễ"}])
    reason: str = Field(min_length=1, max_length=1000)


class Withdrawal(BaseModel):
    """Why a record is taken out."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=1, max_length=1000)


class Unlocking(BaseModel):
    """What opens a locked document. It is sealed at once, used once, and never logged."""

    model_config = ConfigDict(extra="forbid")
    password: str = Field(min_length=1, max_length=1000, repr=False)


class Rereading(BaseModel):
    """What opens the document, if it is locked: for this reading alone."""

    model_config = ConfigDict(extra="forbid")
    password: str | None = Field(default=None, min_length=1, max_length=1000, repr=False)


class LevelChange(BaseModel):
    """The level that a record shall have, and why."""

    model_config = ConfigDict(extra="forbid")
    level: str = Field(examples=["MAT"])
    reason: str = Field(min_length=1, max_length=1000)


@router.get("/records/{record_id}")
@policy(Action.SHOW)
@refuses(*OPENING)
def show(request: Request, record_id: str, caller: Known) -> JSONResponse:
    """The record: its level, description, parts, reasons and history."""
    return _private(present(shown(archive_of(request), caller, record_id), language(request)))


@router.patch("/records/{record_id}")
@policy(Action.EDIT)
@refuses(NotAllowed, RecordChanged, *OPENING)
async def edit(request: Request, record_id: str, correction: Correction, caller: Known) -> JSONResponse:
    """Correct the description. The record as it is afterwards; with `Prefer: wait=N` once it can be found so, or after N seconds."""
    changed = await run_sync(correct, archive_of(request), caller, record_id, dict(correction.set), correction.reason)
    return _private(present(changed, language(request)) | {"indexed": await settled(request, record_id)})


@router.post("/records/{record_id}/withdrawal")
@policy(Action.DEPOSIT)
@refuses(NotAllowed, TransitionRefused)
async def withdraw_record(request: Request, record_id: str, withdrawal: Withdrawal, caller: Known) -> JSONResponse:
    """Take a record out of every answer, and with `Prefer: wait=N` out of the indexes. A depositor may withdraw her own quarantined deposit."""
    await run_sync(withdraw, archive_of(request), caller, record_id, withdrawal.reason)
    await settled(request, record_id)
    return _private({"record_id": record_id, "state": "withdrawn"})


@router.post("/records/{record_id}/unlocking")
@policy(Action.DEPOSIT)
@refuses(NotAllowed, RecordChanged, TransitionRefused, *STORE)
async def unlock_record(request: Request, record_id: str, unlocking: Unlocking, caller: Known) -> JSONResponse:
    """Take a quarantined document up again with its password; with `Prefer: wait=N` until its outcome is final. The depositor may, unseen."""
    archive = archive_of(request)
    await run_sync(unlock, archive, caller, record_id, unlocking.password)
    await held_until(request, lambda: outcome_of(archive, record_id)[0].final)
    outcome, reason = await run_sync(outcome_of, archive, record_id)
    sentence = message(reason, language(request))
    return _private({"record_id": record_id, "outcome": outcome.value, "reason": reason, "message": sentence})


@router.post("/records/{record_id}/reading")
@policy(Action.REREAD)
@refuses(NotAllowed, RecordChanged, TransitionRefused, *STORE)
async def read_again(request: Request, record_id: str, rereading: Rereading, caller: Known) -> JSONResponse:
    """Have a record read again with the reader of today; with `Prefer: wait=N` until that is done.

    `reread` says whether the record's text is the new one: null while it waits, false where it was left as it was, with the reason.
    """
    archive = archive_of(request)
    before = await run_sync(reread, archive, caller, record_id, rereading.password)
    await held_until(request, lambda: reading_of(archive, record_id, before)[1] is not None)
    outcome, done, reason = await run_sync(reading_of, archive, record_id, before)
    if done:
        await settled(request, record_id)
    sentence = _OVERTAKEN.text(language(request)) if done is False and reason is None else message(reason, language(request))
    return _private({"record_id": record_id, "outcome": outcome.value, "reread": done, "reason": reason, "message": sentence})


@router.post("/records/{record_id}/level")
@policy(Action.RECLASSIFY_UP)
@refuses(NotAllowed, RecordChanged, SecondPersonNeeded, *OPENING)
async def change_level(request: Request, record_id: str, change: LevelChange, caller: Known, second: Second) -> JSONResponse:
    """Change the level of a classified record, and wait as `edit` does. A lower level takes a second person, known by her key in `Vankho-Second`."""
    changed = await run_sync(set_level, archive_of(request), caller, record_id, change.level, change.reason, second)
    return _private(present(changed, language(request)) | {"indexed": await settled(request, record_id)})


@router.get("/records/{record_id}/parts/{part}", response_class=Response, responses={200: {"content": {"application/octet-stream": {}}}})
@policy(Action.READ)
@refuses(RangeRefused, *OPENING)
def part_of(request: Request, record_id: str, part: str, caller: Known, format: str = "plain") -> Response:  # noqa: A002
    """The bytes of a part (`original`, `access`, `text`), whole or in a range; with `format=age` sealed as they lie in the store."""
    name = BlobPart(part) if part in ("original", "access", "text") else None
    if name is None or format not in ("plain", "age"):
        raise NotFound
    archive, stack = archive_of(request), ExitStack()
    if format == "age":
        size, pieces = exported(archive, caller, record_id, name)
        return StreamingResponse(pieces, 200, {**_PRIVATE, "Content-Length": str(size)}, "application/octet-stream")
    opened = stack.enter_context(open_part(archive, caller, record_id, name))
    try:
        asked = _range(request.headers.get("range"), opened.reader.size)
    except RangeRefused:
        stack.close()
        raise
    start, end = asked or (0, opened.reader.size)
    headers = {**_PRIVATE, "Content-Length": str(end - start)}
    if asked is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{opened.reader.size}"
    media_type = opened.media_type or "application/octet-stream"
    return StreamingResponse(_pieces(stack, opened.reader.read(start, end - start)), 200 if asked is None else 206, headers, media_type)


def _pieces(stack: ExitStack, pieces: Iterator[bytes]) -> Iterator[bytes]:
    with stack:
        yield from pieces


def _range(header: str | None, size: int) -> tuple[int, int] | None:
    """Start and end of what is asked for; None where the whole is: one range only, anything else is ignored. Source: RFC 9110 section 14."""
    match = _RANGE.fullmatch(header.replace(" ", "")) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first and last and int(first) > int(last):
        return None
    start, end = (int(first), min(size, int(last) + 1) if last else size) if first else (max(0, size - int(last)), size)
    if start >= end:
        raise RangeRefused(size=size)
    return start, end


def _private(content: object) -> JSONResponse:
    return JSONResponse(content, headers={"Cache-Control": "no-store"})
