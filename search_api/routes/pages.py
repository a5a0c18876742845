"""Pages of records as pictures."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from ingest.sandbox.sandbox import ReadingFailed
from search_api.callers import Caller, archive_of, caller_of, policy
from search_api.picturing import picture_of_page
from search_api.problems import language
from search_api.refusals import OPENING, refuses
from search_api.routes.readings import sandbox_of
from storage.access import Action
from storage.errors import InvalidInput, NotFound, SandboxUnreachable

__all__ = ["router"]

router = APIRouter()
Known = Annotated[Caller, Depends(caller_of)]

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}")
_PICTURE: Final = {
    "Cache-Control": "no-store",
    "Content-Disposition": "inline",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Shown in place, unlike any bytes of a document: this picture is of our own making."""


@router.get("/records/{record_id}/pages/{number}", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
@policy(Action.READ)
@refuses(InvalidInput, SandboxUnreachable, *OPENING)
def page(request: Request, record_id: str, number: str, caller: Known) -> Response:
    """Page `number`, from 1, as a JPEG of about 120 dots an inch. A text has no pictures."""
    if not _NUMBER.fullmatch(number):
        raise NotFound
    try:
        picture = picture_of_page(archive_of(request), sandbox_of(request), caller, record_id, int(number))
    except ReadingFailed as failed:
        raise InvalidInput(what=failed.reason.text(language(request))) from None
    return Response(picture, 200, _PICTURE, "image/jpeg")
