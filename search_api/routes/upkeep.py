"""The instance itself: how it stands, its keys, what `check` finds, and indexes that are to be built anew."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse

from search_api.callers import Caller, archive_of, caller_of, policy
from search_api.dumping import dump
from search_api.problems import language
from search_api.refusals import INDEX, STORE, refuses
from search_api.standing import of_partition, standing
from storage.access import Action, Subject, may, offices_kept
from storage.access.deeds import deed
from storage.access.reading import reads_any
from storage.archive import Archive
from storage.catalog.names import OfficeId, PartitionName
from storage.catalog.offices import all_offices
from storage.catalog.partitions import all_partitions
from storage.catalog.rebuilds import Rebuild, add_rebuilds, all_rebuilds
from storage.errors import IndexBusy, IndexRefused, IndexUnreachable, NotFound, VankhoError
from storage.upkeep.checking import check

__all__ = ["router"]

router = APIRouter()
Known = Annotated[Caller, Depends(caller_of)]

_LOOKING_OVER = 600.0
"""Seconds in which the keeper counts all closed indexes, and reads their files if it is asked to: half a gigabyte a second."""

@router.get("/status")
@policy(None)
def status(request: Request, caller: Known) -> JSONResponse:
    """How the instance stands; whole for administrators and auditors, its name for everyone else."""
    archive = archive_of(request)
    named = {"instance": archive.settings.instance, "office": archive.settings.office, "network_class": archive.settings.network_class.value}
    full = standing(archive, caller.subject, language(request)) if may(caller.subject, Action.STATUS_FULL).allowed else {}
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
@refuses(*STORE)
def checks(request: Request, caller: Known, read_data: Annotated[bool, Query()] = False) -> JSONResponse:
    """Compare catalog, store and indexes, and with `read_data` read every sealed byte again: findings, and notes that are none."""
    archive = archive_of(request)
    with deed(archive.catalog, archive.scribe, caller.as_of, Action.CHECK, details={"read_data": read_data}):
        pass
    silent = _look_over_closed(archive, read_data)
    found = check(archive.catalog, archive.store, archive.clock, read_data=read_data, index=archive.open_index, silent=silent)
    return JSONResponse({"ok": not found.findings, **found.as_json()}, headers={"Cache-Control": "no-store"})


@router.post("/reindexing", status_code=202)
@policy(Action.REINDEX)
@refuses(NotFound)
def reindex(
    request: Request, caller: Known, office: Annotated[str | None, Query(description="one office; without it all of yours")] = None
) -> JSONResponse:
    """Have the indexes of offices built anew from catalog and store, open and closed ones. Search goes on meanwhile, over those that are there.

    Asked again while one waits or is under way, this joins it. Answer: the offices; which of them have closed records is not everybody's to know.
    """
    archive = archive_of(request)
    with deed(archive.catalog, archive.scribe, caller.as_of, Action.REINDEX, details={"office": office}) as act:
        offices = [one for one in _kept(act.subject, act.connection) if office in (None, one)]
        if office is not None and not offices:
            raise NotFound
        closed = (name for name in all_partitions(act.connection) if not name.is_open and name.office in offices)
        add_rebuilds(act.connection, [*map(PartitionName, offices), *closed], act.subject.at)
    return JSONResponse({"reindexing": [{"office": one} for one in offices]}, 202, headers={"Cache-Control": "no-store"})


@router.get("/reindexing")
@policy(Action.REINDEX)
def reindexing(request: Request, caller: Known) -> JSONResponse:
    """The indexes that are still to be built anew, and those that have ended other than whole; how many records, for administrators alone.

    Of closed partitions others are told of those in which they may read a record. failed: the code of the error that ended it. ended without one:
    the new index answers, but for records that it refuses, as many as refused says.
    """
    archive, counts = archive_of(request), may(caller.subject, Action.STATUS_FULL).allowed
    with archive.catalog.read() as connection:
        offices = _kept(caller.subject, connection)
        waiting = [one for one in all_rebuilds(connection) if one.partition.office in offices]
        if not counts:
            waiting = [one for one in waiting if one.partition.is_open or reads_any(connection, caller.subject, one.partition)]
    rows = [_ended(one) | ({"done": one.done, "total": one.total, "refused": one.refused} if counts else {}) for one in waiting]
    return JSONResponse({"reindexing": rows}, headers={"Cache-Control": "no-store"})


@router.get("/debug/dump", response_class=StreamingResponse, responses={200: {"content": {"text/plain": {}}}})
@policy(Action.CHECK)
@refuses(NotFound, *INDEX)
def debug_dump(request: Request, caller: Known) -> StreamingResponse:
    """Everything that the credentials of api and worker can read, as text: only in instances made for tests."""
    archive = archive_of(request)
    if not archive.settings.test:
        raise NotFound
    return StreamingResponse(dump(archive), 200, {"Cache-Control": "no-store"}, "text/plain; charset=utf-8")


def _look_over_closed(archive: Archive, read_data: bool) -> VankhoError | None:
    """Have the keeper note in the catalog what is wrong with closed indexes. Returns why it could not look at all."""
    try:
        archive.keeper.ask_within(_LOOKING_OVER, "look_over_closed", thoroughly=read_data)
    except (IndexBusy, IndexRefused, IndexUnreachable) as error:
        return error
    return None


def _ended(one: Rebuild) -> dict[str, object]:
    return {**of_partition(one.partition), "failed": one.failed, "ended": one.has_ended}


def _kept(subject: Subject, connection: sa.Connection) -> list[OfficeId]:
    """Also those without an open record: which have one is not everybody's to know."""
    return offices_kept(subject, (one.id for one in all_offices(connection)))
