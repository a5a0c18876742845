"""What the API says of itself (OpenAPI 3.1): the routes as the code declares them, each with an exchange that really happened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, TypeAlias, TypedDict

from fastapi import FastAPI

from storage.errors import NotFound

__all__ = ["Described", "Exchange", "exchanges"]

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"

_ROOT: Final = "/api/v1"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request to a route that was answered as it should be. request, response: JSON bodies, where it has such. status: of the answer."""

    method: str
    path: str
    status: int
    request: Value = None
    response: Value = None


@cache
def exchanges() -> tuple[Exchange, ...]:
    """One of each route, as `python -m tests.search_api.exchanges` wrote them down."""
    listed = json.loads(resources.files("search_api").joinpath("exchanges.json").read_text("utf-8"))
    return tuple(Exchange(*name.split(" "), **one) for name, one in listed.items())


class _Content(TypedDict, total=False):
    schema: dict[str, str]
    example: object


class _Body(TypedDict):
    content: dict[str, _Content]


class _Response(TypedDict, total=False):
    description: str
    content: dict[str, _Content]


class _Operation(TypedDict, total=False):
    requestBody: _Body
    responses: dict[str, _Response]


class Described(FastAPI):
    """An app whose document has examples, and the one form of every refusal (RFC 9457)."""

    def openapi(self) -> dict[str, Any]:
        """Made once."""
        if self.openapi_schema is None:
            made = super().openapi()
            paths: dict[str, dict[str, _Operation]] = made["paths"]
            for operation in (operation for path in paths.values() for operation in path.values()):
                operation["responses"].pop("422", None)  # what cannot be understood is refused like anything else
                operation["responses"]["default"] = _refusal()
            for exchange in exchanges():
                _illustrate(paths[_ROOT + exchange.path][exchange.method.lower()], exchange)
            self.openapi_schema = made
        return self.openapi_schema


def _illustrate(operation: _Operation, exchange: Exchange) -> None:
    if exchange.request is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = exchange.request
    answer = operation["responses"][str(exchange.status)]
    if exchange.response is not None:
        answer["content"] = {"application/json": {"schema": {"type": "object"}, "example": exchange.response}}


def _refusal() -> _Response:
    example = NotFound().problem("en", f"{_ROOT}/records/abcdefghijklmnopqrstuvwxyz")
    return {"description": "A refusal", "content": {"application/problem+json": {"schema": {"type": "object"}, "example": example}}}
