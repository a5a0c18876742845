"""Refusals as HTTP: RFC 9457 problem documents, equal for what is hidden and for what never was."""

from __future__ import annotations

import secrets

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from storage.errors import InvalidInput, KeyNotKnown, MethodNotAllowed, NotFound, RangeRefused, StoreFailed, VankhoError

__all__ = ["install", "language", "problem"]

log = structlog.get_logger("api")


def language(request: Request) -> str:
    """`vi` or `en`, by the first language that the request accepts."""
    return "en" if request.headers.get("accept-language", "vi").lower().startswith("en") else "vi"


def problem(request: Request, error: VankhoError) -> JSONResponse:
    """The problem document of a refusal. A fault of ours (5xx) carries an id to quote, and only such a one does."""
    content = error.problem(language(request), request.url.path)
    if error.status == 500:
        content["id"] = secrets.token_hex(8)
        log.error("fault", id=content["id"], code=error.code, path=request.url.path)
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, KeyNotKnown):
        headers["WWW-Authenticate"] = "Bearer"  # RFC 9110 section 15.5.2
    if isinstance(error, RangeRefused):
        headers["Content-Range"] = f"bytes */{error.facts['size']}"  # RFC 9110 section 15.5.17
    return JSONResponse(content, error.status, headers, "application/problem+json")


def install(app: FastAPI) -> None:
    """Answer every refusal and every fault as a problem document."""

    @app.exception_handler(VankhoError)
    async def refused(request: Request, error: VankhoError) -> JSONResponse:
        if isinstance(error, StoreFailed):
            request.state.disk_failed = True  # the edge sees to it that this process ends
        return problem(request, error)

    @app.exception_handler(RequestValidationError)
    async def not_understood(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return problem(request, InvalidInput(what=f"{place}: {first['msg']}"))

    @app.exception_handler(HTTPException)
    async def no_route(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 405:
            answer = problem(request, MethodNotAllowed())
            answer.headers.update(error.headers or {})  # `Allow`: RFC 9110 section 15.5.6
            return answer
        return problem(request, InvalidInput(what="The body of the request could not be read.") if error.status_code == 400 else NotFound())

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> JSONResponse:
        return problem(request, VankhoError())
