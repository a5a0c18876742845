"""The audit log: asked, judged, and given away as a bundle that anyone can judge."""

from __future__ import annotations

import base64
import tarfile
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from search_api.auditing import acts, asked_of_keeper, verdict
from search_api.callers import Caller, archive_of, caller_of, policy
from search_api.refusals import LOG, refuses
from storage.access import Action
from storage.audit.bundle import KEYS
from storage.audit.log import CHECKPOINT
from storage.audit.tiles import layout
from storage.vault.keeper.protocol import Json

__all__ = ["router"]

router = APIRouter()
Known = Annotated[Caller, Depends(caller_of)]
_PRIVATE = {"Cache-Control": "no-store"}


@router.get("/audit")
@policy(Action.AUDIT_READ)
@refuses(*LOG)
def query(
    request: Request,
    caller: Known,
    record: str | None = None,
    person: str | None = None,
    office: str | None = None,
    action: str | None = None,
    outcome: str | None = None,
    since: Annotated[str | None, Query(alias="from")] = None,
    until: Annotated[str | None, Query(alias="to")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    after: str | None = None,
) -> JSONResponse:
    """A page of acts, newest first, and where the next page begins. from, to: moments or days; a day counts whole, both ends included."""
    wanted: dict[str, Json] = {"record": record, "person": person, "office": office, "action": action, "outcome": outcome}
    return JSONResponse(acts(archive_of(request), caller, wanted, (since, until), limit, after), headers=_PRIVATE)


@router.post("/audit/verification")
@policy(Action.AUDIT_READ)
@refuses(*LOG)
def verification(request: Request, caller: Known) -> JSONResponse:
    """Judge the whole log and every row of it: tree, tiles, checkpoint, the signer's memory, and the catalog against the entries."""
    return JSONResponse(verdict(archive_of(request), caller), headers=_PRIVATE)


@router.get("/audit/checkpoint", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
@policy(Action.AUDIT_CHECKPOINT)
@refuses(*LOG)
def checkpoint(request: Request, caller: Known) -> Response:
    """The newest checkpoint, a signed note: to be kept elsewhere, since whoever holds an older one notices a log that was rewritten."""
    return Response(str(asked_of_keeper(archive_of(request), caller, "audit_checkpoint")["checkpoint"]), 200, _PRIVATE, "text/plain; charset=utf-8")


@router.get("/audit/bundle", response_class=Response, responses={200: {"content": {"application/x-tar": {}}}})
@policy(Action.AUDIT_READ)
@refuses(*LOG)
def bundle(request: Request, caller: Known) -> StreamingResponse:
    """The log as one checkpoint has it, as a tar of tiles, entries, key and, last, the checkpoint: one cut short is no bundle."""
    given = asked_of_keeper(archive_of(request), caller, "audit_bundle")
    size = int(str(given["size"]))

    def files() -> Iterator[tuple[str, bytes]]:
        for name in layout(size):
            yield name, base64.b64decode(str(asked_of_keeper(archive_of(request), caller, "audit_file", size=size, name=name)["content"]))
        yield KEYS, f"{given['key']}\n".encode()
        yield CHECKPOINT, str(given["checkpoint"]).encode()

    return StreamingResponse(_tar(files()), 200, _PRIVATE | {"Content-Disposition": 'attachment; filename="audit.tar"'}, "application/x-tar")


def _tar(files: Iterator[tuple[str, bytes]]) -> Iterator[bytes]:
    """Files as a tar archive, as they come. Source: POSIX.1-1988 ustar, which every program unpacks."""
    for name, content in files:
        header = tarfile.TarInfo(name)
        header.size, header.mode = len(content), 0o600
        yield header.tobuf(tarfile.USTAR_FORMAT)
        yield content + bytes(-len(content) % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)
