"""Signing in and out, and the page where one begins."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import parse_qs, urlsplit

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Request, Response

from search_api.callers import Caller, anyone, policy, signed_in
from search_api.cookies import clear_session, give_session
from search_api.signing_in import sign_in, sign_out
from search_api.web.showing import moved, page, visitor
from storage.access import Action
from storage.errors import CrossSite, InvalidInput, NotPrivate, SignInRefused, TooManySignIns

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
Visitor = Annotated[Caller, Depends(visitor)]

_MOST: Final = 8
"""Fields of a form."""
_SAID: Final = {"out": "sign_in.signed_out", "ended": "sign_in.ended"}
"""Why somebody is asked for her password."""


@router.get("/")
@policy(None)
def home(request: Request, caller: Visitor) -> Response:
    """To what she is here for."""
    for action, path in ((Action.SEARCH, "/search"), (Action.AUDIT_READ, "/audit")):
        if action in caller.subject.actions:
            return moved(request, path)
    return page(request, "home.html")


@router.get("/sign-in")
@anyone
def ask_who(request: Request, next: str = "/", said: str = "") -> Response:  # noqa: A002
    """The form; whoever is signed in already goes on."""
    if signed_in(request) is not None:
        return moved(request, _own(next))
    return page(request, "sign_in.html", next=_own(next), name="", error=None, said=_SAID.get(said))


@router.post("/sign-in")
@anyone
async def take_in(request: Request) -> Response:
    """Sign in, and go to where one wanted to. A refusal is said in the form, with the name as it was typed."""
    given = _form(await request.body())
    name, there = given.get("name", ""), _own(given.get("next", "/"))
    try:
        _, token = await run_sync(sign_in, request, name, given.get("password", ""))
    except (CrossSite, NotPrivate, SignInRefused, TooManySignIns) as error:
        return page(request, "sign_in.html", error.status, next=there, name=name, error=error, said=None)
    answer = moved(request, there)
    give_session(request, answer, token)
    return answer


@router.post("/sign-out")
@policy(None)
def let_go(request: Request, caller: Visitor) -> Response:
    """End the session, and say so on the sign-in page."""
    sign_out(request, caller)
    answer = moved(request, "/sign-in?said=out")
    clear_session(request, answer)
    return answer


def _form(body: bytes) -> dict[str, str]:
    """The fields of a form. Source: URL Standard, application/x-www-form-urlencoded. Raises InvalidInput."""
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST)
    except ValueError:
        raise InvalidInput(what="The form could not be read / Không đọc được biểu mẫu") from None
    return {name: values[0] for name, values in fields.items()}


def _own(address: str) -> str:
    """The address if it is a path of ours, `/` for anything else: nobody is sent to another site from here."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    is_path = not parts.scheme and not parts.netloc and address.startswith("/") and not address.startswith("//")
    return address if is_path and "\\" not in address and address.isprintable() else "/"
