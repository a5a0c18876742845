"""Worker hosts: asked of the keeper, which alone says which machines they are and certifies them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from search_api.callers import Caller, archive_of, caller_of, policy
from search_api.refusals import refuses
from storage.access import Action
from storage.errors import NameTaken
from storage.vault.keeper.protocol import Json

__all__ = ["router"]

router = APIRouter()
Known = Annotated[Caller, Depends(caller_of)]


class NewHost(BaseModel):
    """A machine whose workers ask the keeper from elsewhere. Its private keys never leave whoever made them."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=100)
    public_key: str = Field(pattern=r"^[0-9a-f]{64}$", description="Ed25519, hex: what its certificate is for")
    recipient: str = Field(max_length=4000, description="age1pq1...: what the keeper hands to its workers is sealed to it")


@router.get("/hosts")
@policy(Action.MANAGE_HOSTS)
def list_hosts(request: Request, caller: Known) -> JSONResponse:
    """Every worker host: until when its certificate counts, whether it is shut out, how many connections it has now."""
    return _asked(request, caller, "list_hosts")


@router.post("/hosts", status_code=201)
@policy(Action.MANAGE_HOSTS)
@refuses(NameTaken)
def add_host(request: Request, new: NewHost, caller: Known) -> JSONResponse:
    """Certify a worker host; with its certificate comes that of the authority by which it knows the gate."""
    return _asked(request, caller, "add_host", 201, **new.model_dump())


@router.post("/hosts/{name:path}/disabling")
@policy(Action.MANAGE_HOSTS)
def disable_host(request: Request, name: str, caller: Known) -> JSONResponse:
    """Shut a worker host out for good, and end its connections."""
    return _asked(request, caller, "disable_host", name=name)


def _asked(request: Request, caller: Caller, duty: str, status: int = 200, **values: Json) -> JSONResponse:
    given = archive_of(request).keeper.ask(duty, session=caller.session, address=caller.actor.address, **values)
    return JSONResponse(given, status, {"Cache-Control": "no-store"})
