"""The classification queue: records that wait for a person's decision."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from search_api.callers import Caller, archive_of, caller_of, policy
from search_api.changing import decide_review
from search_api.presenting import record as present
from search_api.presenting import skeleton
from search_api.problems import language
from search_api.refusals import OPENING, refuses
from search_api.routes.records import LevelChange
from search_api.settling import settled
from storage.access import Action, clause_for
from storage.access.deeds import deed
from storage.catalog.schema import record
from storage.catalog.skeletons import skeletons
from storage.catalog.states import State
from storage.errors import NotAllowed, RecordChanged

__all__ = ["router"]

router = APIRouter()
Known = Annotated[Caller, Depends(caller_of)]


@router.get("/review")
@policy(Action.REVIEW)
def waiting(request: Request, caller: Known, limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> JSONResponse:
    """Records that the caller may decide, those that have waited longest first: skeletons alone, nothing is opened."""
    archive, lang = archive_of(request), language(request)
    with deed(archive.catalog, archive.scribe, caller.as_of, Action.REVIEW) as act:
        mine = sa.and_(record.c.state == State.KEPT, clause_for(act.subject, Action.REVIEW, record))
        found = skeletons(act.connection, mine, limit)
    return JSONResponse({"records": [skeleton(one, lang) for one in found]}, headers={"Cache-Control": "no-store"})


@router.post("/review/{record_id}")
@policy(Action.REVIEW)
@refuses(NotAllowed, RecordChanged, *OPENING)
async def decide(request: Request, record_id: str, change: LevelChange, caller: Known) -> JSONResponse:
    """Decide the level of a record that waits for it; with `Prefer: wait=N` the answer comes once it can be found so, or after N seconds."""
    decided = await run_sync(decide_review, archive_of(request), caller, record_id, change.level, change.reason)
    answer = present(decided, language(request)) | {"indexed": await settled(request, record_id)}
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})
