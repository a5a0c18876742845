"""The instance itself: how it stands, its keys, what `check` finds, and trying the classification on a text."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse

from search_api.callers import Caller, archive_of, caller_of, policy
from search_api.dumping import dump
from search_api.problems import language
from search_api.standing import standing
from storage.access import Action, may
from storage.access.deeds import deed
from storage.errors import NotFound
from storage.upkeep.checking import check

__all__ = ["router"]

router = APIRouter()
Known = Annotated[Caller, Depends(caller_of)]

@router.get("/status")
@policy(None)
def status(request: Request, caller: Known) -> JSONResponse:
    """How the instance stands; whole for administrators and auditors, its name for everyone else."""
    archive = archive_of(request)
    named = {"instance": archive.settings.instance, "office": archive.settings.office, "network_class": archive.settings.network_class.value}
    full = standing(archive, language(request)) if may(caller.subject, Action.STATUS_FULL).allowed else {}
    return JSONResponse(named | full, headers={"Cache-Control": "no-store"})


@router.get("/keys")
@policy(Action.KEY_LIST)
def keys(request: Request, caller: Known) -> JSONResponse:
    """The keys of the instance, public halves only."""
    archive = archive_of(request)
    with deed(archive.catalog, archive.scribe, caller.as_of, Action.KEY_LIST):
        pass
    return JSONResponse(archive.keeper.ask("keys"), headers={"Cache-Control": "no-store"})


@router.post("/checks")
@policy(Action.CHECK)
def checks(request: Request, caller: Known, read_data: Annotated[bool, Query()] = False) -> JSONResponse:
    """Compare catalog and store, and with `read_data` read every sealed byte again: findings, and notes that are none."""
    archive = archive_of(request)
    with deed(archive.catalog, archive.scribe, caller.as_of, Action.CHECK, details={"read_data": read_data}):
        pass
    found = check(archive.catalog, archive.store, archive.clock, read_data=read_data)
    return JSONResponse({"ok": not found.findings, **found.as_json()}, headers={"Cache-Control": "no-store"})


@router.get("/debug/dump")
@policy(Action.CHECK)
def debug_dump(request: Request, caller: Known) -> StreamingResponse:
    """Everything that the credentials of api and worker can read, as text: only in instances made for tests."""
    archive = archive_of(request)
    if not archive.settings.test:
        raise NotFound
    return StreamingResponse(dump(archive), 200, {"Cache-Control": "no-store"}, "text/plain; charset=utf-8")

