"""Refusals as HTTP: RFC 9457 problem documents, equal for what is hidden and for what never was."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TypeAlias

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from storage.errors import InvalidInput, KeyNotKnown, MethodNotAllowed, NotFound, RangeRefused, StoreFailed, VankhoError

__all__ = ["Answer", "install", "language", "problem", "quotable"]

log = structlog.get_logger("api")

Answer: TypeAlias = Callable[[Request, VankhoError], Response]
"""What makes an answer of a refusal."""


def language(request: Request) -> str:
    """`vi` or `en`, by the first language that the request accepts."""
    return "en" if request.headers.get("accept-language", "vi").lower().startswith("en") else "vi"


def problem(request: Request, error: VankhoError) -> JSONResponse:
    """The problem document of a refusal. A fault of ours (5xx) carries an id to quote, and only such a one does."""
    content = error.problem(language(request), request.url.path)
    if (quoted := quotable(request, error)) is not None:
        content["id"] = quoted
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, KeyNotKnown):
        headers["WWW-Authenticate"] = "Bearer"  # RFC 9110 section 15.5.2
    if isinstance(error, RangeRefused):
        headers["Content-Range"] = f"bytes */{error.facts['size']}"  # RFC 9110 section 15.5.17
    return JSONResponse(content, error.status, headers, "application/problem+json")


def quotable(request: Request, error: VankhoError) -> str | None:
    """A new id for a fault of ours, which stands in the events as well; None for anything else."""
    if error.status != 500:
        return None
    quoted = secrets.token_hex(8)
    log.error("fault", id=quoted, code=error.code, path=request.url.path)
    return quoted


def install(app: FastAPI, answered: Answer = problem) -> None:
    """Answer every refusal and every fault, as problem documents if nothing else is given."""

    @app.exception_handler(VankhoError)
    async def refused(request: Request, error: VankhoError) -> Response:
        if isinstance(error, StoreFailed):
            request.state.disk_failed = True  # the edge sees to it that this process ends
        return answered(request, error)

    @app.exception_handler(RequestValidationError)
    async def not_understood(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return answered(request, InvalidInput(what=f"{place}: {first['msg']}"))

    @app.exception_handler(HTTPException)
    async def no_route(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            answer = answered(request, MethodNotAllowed())
            answer.headers.update(error.headers or {})  # `Allow`: RFC 9110 section 15.5.6
            return answer
        return answered(request, InvalidInput(what="The body of the request could not be read.") if error.status_code == 400 else NotFound())

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> Response:
        return answered(request, VankhoError())
