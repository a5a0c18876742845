"""Trying: reading or classifying a document or text without keeping anything of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from classification import classify
from ingest.sandbox.sandbox import ReadingFailed, Sandbox
from ingest.trying import try_reading
from search_api.callers import Caller, archive_of, caller_of, policy
from search_api.classifying import as_json, classified
from search_api.problems import language
from search_api.refusals import refuses
from storage.access import Action
from storage.access.deeds import deed
from storage.description import Json
from storage.errors import InvalidInput, SandboxUnreachable

__all__ = ["router", "sandbox_of"]

router = APIRouter()
Known = Annotated[Caller, Depends(caller_of)]

_MOST = 512 << 20
"""Bytes of the largest document that is tried; it is held in memory."""


@router.post("/readings", openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": {}}}})
@policy(Action.DEPOSIT)
@refuses(SandboxUnreachable)
async def read(request: Request, caller: Known, name: Annotated[str, Query(max_length=1024)] = "") -> JSONResponse:
    """Read a document (the body is its bytes, `name` its file name): text and words page by page. Nothing is kept."""
    body = await _body(request)
    return await run_sync(_read, request, caller, body, name)


@router.post(
    "/classifications", openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": {}, "application/x-ndjson": {}}}}
)
@policy(Action.DEPOSIT)
async def classifications(request: Request, caller: Known, name: Annotated[str, Query(max_length=1024)] = "") -> Response:
    """Classify a document without keeping it: its bytes, or texts as NDJSON `{id, title, body}` (application/x-ndjson), one answer a line."""
    body = await _body(request)
    if request.headers.get("content-type", "").startswith("application/x-ndjson"):
        return StreamingResponse(_lines(body), 200, {"Cache-Control": "no-store"}, "application/x-ndjson")
    return await run_sync(_classify, request, caller, body, name)


def _read(request: Request, caller: Caller, body: bytes, name: str) -> JSONResponse:
    _note(request, caller, "read")
    try:
        found, reading = try_reading(sandbox_of(request), body, name)
    except ReadingFailed as failed:
        raise InvalidInput(what=failed.reason.value.text(language(request))) from None
    pages: list[Json] = [
        {
            "number": page.number,
            "text": page.text,
            "source": page.source.value,
            "confidence": page.confidence,
            "width": page.width,
            "height": page.height,
            "words": [
                {"text": word.text, "box": [word.box.left, word.box.top, word.box.right, word.box.bottom], "confidence": word.confidence}
                for word in page.words
            ],
            "reason": None if page.reason is None else page.reason.name,
        }
        for page in reading.pages
    ]
    content = {
        "media_type": found.media_type,
        "pages": pages,
        "active": [*found.active],
        "warnings": [warning.name for warning in found.warnings],
    }
    return JSONResponse(content, headers={"Cache-Control": "no-store"})


def _classify(request: Request, caller: Caller, body: bytes, name: str) -> JSONResponse:
    _note(request, caller, "classify")
    try:
        _, reading = try_reading(sandbox_of(request), body, name)
    except ReadingFailed as failed:
        raise InvalidInput(what=failed.reason.value.text(language(request))) from None
    return JSONResponse(as_json(name or None, classify(reading.for_classification(name))), headers={"Cache-Control": "no-store"})


def _note(request: Request, caller: Caller, act: str) -> None:
    archive = archive_of(request)
    with deed(archive.catalog, archive.scribe, caller.as_of, Action.DEPOSIT, details={"tried": act}):
        pass


def sandbox_of(request: Request) -> Sandbox:
    """What reads documents. Raises SandboxUnreachable where there is none."""
    sandbox: Sandbox | None = request.app.state.sandbox
    if sandbox is None:
        raise SandboxUnreachable
    return sandbox


def _lines(body: bytes) -> Iterator[bytes]:
    for line in body.splitlines():
        if line.strip():
            yield json.dumps(_line(line), ensure_ascii=False).encode() + b"\n"


def _line(line: bytes) -> dict[str, Json]:
    try:
        values = json.loads(line)
        text = "\n".join(str(values[name]) for name in ("title", "body") if values.get(name))
        return classified(str(values["id"]), text)
    except (ValueError, KeyError, TypeError, AttributeError):
        return {"id": None, "error": "A line is a JSON object with id, title and body."}


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST:
            raise InvalidInput(what=f"At most {_MOST >> 20} MiB at a time.")
    return bytes(body)
