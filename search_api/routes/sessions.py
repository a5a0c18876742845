"""Sessions of browsers: a person signs in with name and password, sees who she is here, and signs out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from search_api.callers import Caller, anyone, caller_of, policy
from search_api.cookies import clear_session, give_session
from search_api.refusals import refuses
from search_api.signing_in import described, sign_in, sign_out
from storage.errors import CrossSite, KeyNotKnown, NotAllowed, NotPrivate, SignInRefused, TooManySignIns

__all__ = ["router"]

router = APIRouter()
Known = Annotated[Caller, Depends(caller_of)]

_PRIVATE = {"Cache-Control": "no-store"}


class SignIn(BaseModel):
    """Who she is."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=200)
    password: SecretStr = Field(min_length=1, max_length=1000)


@router.post("/sessions", status_code=201)
@anyone
@refuses(CrossSite, KeyNotKnown, NotPrivate, SignInRefused, TooManySignIns)
def open_session(request: Request, given: SignIn) -> JSONResponse:
    """Sign in with name and password. The answer says who she is and until when; what the browser shows from then on is in its cookie alone."""
    caller, token = sign_in(request, given.name, given.password.get_secret_value())
    answer = JSONResponse(described(request, caller), 201, _PRIVATE)
    give_session(request, answer, token)
    return answer


@router.get("/sessions/current")
@policy(None)
@refuses(NotAllowed)
def current_session(request: Request, caller: Known) -> JSONResponse:
    """Who is signed in, with what rights, and until when."""
    return JSONResponse(described(request, caller), headers=_PRIVATE)


@router.delete("/sessions/current", status_code=204)
@policy(None)
@refuses(NotAllowed)
def close_session(request: Request, caller: Known) -> Response:
    """Sign out."""
    sign_out(request, caller)
    answer = Response(status_code=204, headers=_PRIVATE)
    clear_session(request, answer)
    return answer
