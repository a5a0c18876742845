"""People, grants and sources: asked of the keeper, which alone writes who may do what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from search_api.callers import Caller, archive_of, caller_of, policy
from search_api.cookies import clear_session
from search_api.refusals import refuses
from search_api.signing_in import PASSWORD_PATIENCE
from storage.access import Action
from storage.errors import InvalidInput, NameTaken, NotAllowed, NotFound, PasswordRefused, SignInRefused, TooManySignIns
from storage.vault.keeper.protocol import Json

__all__ = ["router"]

router = APIRouter()
Known = Annotated[Caller, Depends(caller_of)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the token, hex: the token itself never leaves its key file")]


class NewPerson(BaseModel):
    """A person and what she may do."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=100)
    office: str
    roles: list[str] = Field(min_length=1)
    clearance: str = "NON_CONFIDENTIAL"
    compartments: list[str] = []
    token_sha256: Hash


class NewSource(BaseModel):
    """A scanner or another machine that deposits for an office; without one named, for the caller's own."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=100)
    office: str | None = None
    token_sha256: Hash


class NewPassword(BaseModel):
    """A password for people's sign-in in a browser."""

    model_config = ConfigDict(extra="forbid")
    password: SecretStr = Field(max_length=1000)
    current: SecretStr | None = Field(default=None, max_length=1000)


class NewGrant(BaseModel):
    """Need-to-know of one record or one case, until a moment."""

    model_config = ConfigDict(extra="forbid")
    person: str
    record: str | None = None
    case: str | None = None
    until: datetime
    reason: str = Field(min_length=1, max_length=1000)


@router.get("/people")
@policy(Action.MANAGE_PEOPLE)
def list_people(request: Request, caller: Known) -> JSONResponse:
    """Every person with what holds of her now; never a credential."""
    return _asked(request, caller, "list_people")


@router.post("/people", status_code=201)
@policy(Action.MANAGE_PEOPLE)
@refuses(NameTaken)
def add_person(request: Request, new: NewPerson, caller: Known) -> JSONResponse:
    """Add a person, who signs in with the token whose hash is given."""
    return _asked(request, caller, "add_person", 201, **new.model_dump())


@router.post("/people/{name:path}/disabling")
@policy(Action.MANAGE_PEOPLE)
def disable_person(request: Request, name: str, caller: Known) -> JSONResponse:
    """Shut a person or a source out, from the next request on."""
    return _asked(request, caller, "disable_person", name=name)


@router.put("/people/{name:path}/password")
@policy(Action.MANAGE_PEOPLE)
@refuses(PasswordRefused, TooManySignIns)
def set_password(request: Request, name: str, new: NewPassword, caller: Known) -> JSONResponse:
    """Give a person a password in the place of hers; whoever signed in with that one is signed out."""
    return _password_set(request, caller, new, name)


@router.put("/password")
@policy(None)
@refuses(NotAllowed, PasswordRefused, SignInRefused, TooManySignIns)
def change_password(request: Request, new: NewPassword, caller: Known) -> JSONResponse:
    """Give oneself a password in the place of the one before, which a browser has to show as `current`; whoever signed in with that is signed out."""
    if caller.session is None:
        raise NotAllowed
    answer = _password_set(request, caller, new, None)
    clear_session(request, answer)
    return answer


@router.post("/grants", status_code=201)
@policy(Action.GRANT)
@refuses(NotFound)
def add_grant(request: Request, new: NewGrant, caller: Known) -> JSONResponse:
    """Let a person know of a record or case, limited in time."""
    if new.until.tzinfo is None:
        raise InvalidInput(what="`until` needs its zone, as in 2026-12-31T00:00:00+07:00.")
    values = new.model_dump() | {"until": new.until.isoformat()}
    return _asked(request, caller, "grant", 201, **values)


@router.delete("/grants/{grant_id}")
@policy(Action.GRANT)
@refuses(NotAllowed)
def revoke_grant(request: Request, grant_id: str, caller: Known) -> JSONResponse:
    """End a grant now."""
    return _asked(request, caller, "revoke_grant", grant=grant_id)


@router.post("/sources", status_code=201)
@policy(Action.MANAGE_SOURCES)
@refuses(NameTaken)
def add_source(request: Request, new: NewSource, caller: Known) -> JSONResponse:
    """Add a source: its key deposits, and sees of its own deposits what became of them."""
    office = new.office or min(caller.subject.offices, default="")
    return _asked(request, caller, "add_source", 201, name=new.name, office=office, token_sha256=new.token_sha256)


def _password_set(request: Request, caller: Caller, new: NewPassword, name: str | None) -> JSONResponse:
    keeper, current = archive_of(request).keeper, None if new.current is None else new.current.get_secret_value()
    values: dict[str, Json] = {"name": name, "password": new.password.get_secret_value(), "current": current}
    given = keeper.ask_within(PASSWORD_PATIENCE, "set_password", session=caller.session, address=caller.actor.address, **values)
    return JSONResponse(given, headers={"Cache-Control": "no-store"})


def _asked(request: Request, caller: Caller, duty: str, status: int = 200, **values: Json) -> JSONResponse:
    given = archive_of(request).keeper.ask(duty, session=caller.session, address=caller.actor.address, **values)
    return JSONResponse(given, status, {"Cache-Control": "no-store"})
