"""The audit view: acts by record, person, action, outcome and time, and the judgement on the whole log. For auditors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Final, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from search_api.auditing import acts, verdict
from search_api.callers import Caller, archive_of, policy
from search_api.web.showing import page, visitor
from storage.access import Action
from storage.catalog.states import AuditOutcome
from storage.vault.keeper.protocol import Json

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
Visitor = Annotated[Caller, Depends(visitor)]
Text = Annotated[str, Query(max_length=300)]

_PAGE: Final = 50
_OF_PROCESSES: Final = ("classify", "init", "keep", "quarantine", "rewrap", "secret-on-connected", "sign-in")
"""Acts that stand in the log beside those that the rules decide on."""


@router.get("/audit")
@policy(Action.AUDIT_READ)
def query(
    request: Request,
    caller: Visitor,
    record: Text = "",
    person: Text = "",
    action: Text = "",
    outcome: Text = "",
    since: Annotated[str, Query(alias="from", max_length=40)] = "",
    until: Annotated[str, Query(alias="to", max_length=40)] = "",
    after: Text = "",
) -> Response:
    """A page of acts, newest first. That they were looked at stands in the log as well."""
    asked = {"record": record, "person": person, "action": action, "outcome": outcome, "from": since, "to": until}
    asked = {name: value.strip() for name, value in asked.items() if value.strip()}
    wanted: dict[str, Json] = {name: asked.get(name) for name in ("record", "person", "action", "outcome")}
    found = acts(archive_of(request), caller, wanted, (asked.get("from"), asked.get("to")), _PAGE, after or None)
    return _view(request, asked, found, None, is_first=not after)


@router.post("/audit/verification")
@policy(Action.AUDIT_READ)
def verification(request: Request, caller: Visitor) -> Response:
    """Judge the whole log, and show what came of it above the newest acts."""
    archive = archive_of(request)
    judged = verdict(archive, caller)
    return _view(request, {}, acts(archive, caller, {}, (None, None), _PAGE, None), judged, is_first=True)


def _view(request: Request, asked: dict[str, str], found: dict[str, Json], judged: dict[str, Json] | None, *, is_first: bool) -> Response:
    address, entries = "/audit?" + urlencode(asked), cast(list[dict[str, Json]], found["entries"])
    return page(
        request,
        "audit.html",
        asked=asked,
        actions=sorted({*Action, *_OF_PROCESSES}),
        outcomes=list(AuditOutcome),
        entries=[(entry, _details(cast("dict[str, Json] | None", entry["details"]))) for entry in entries],
        judged=judged,
        first=None if is_first else address,
        next=None if found["next"] is None else f"{address}&{urlencode({'after': str(found['next'])})}",
    )


def _details(details: Mapping[str, Json] | None) -> list[tuple[str, str]] | None:
    """Name and value of each that says something, a value that has parts as JSON; None for details that do not open."""
    if details is None:
        return None
    told = ((name, value) for name, value in details.items() if value not in ("", [], {}, None))
    return [(name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)) for name, value in told]
