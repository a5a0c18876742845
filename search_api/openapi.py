"""What the API says of itself (OpenAPI 3.1): the routes as the code declares them, with an exchange that really happened and all refusals of each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import groupby
from typing import Any, Final, TypeAlias, TypedDict

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from search_api.refusals import Kind, refusals_of
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
    schema: dict[str, Value]
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
    """An app whose document has examples, the one form of every refusal (RFC 9457), and for each route those that it answers with."""

    def openapi(self) -> dict[str, Any]:
        """Made once."""
        if self.openapi_schema is None:
            made = super().openapi()
            paths: dict[str, dict[str, _Operation]] = made["paths"]
            for context in iter_route_contexts(self.routes):
                route = context.original_route
                if isinstance(route, APIRoute) and (path := f"{_ROOT}{route.path_format}") in paths and str(context.path).startswith(_ROOT):
                    for method in route.methods or ():
                        responses = paths[path][method.lower()]["responses"]
                        responses.pop("422", None)  # what cannot be understood is refused like anything else
                        responses.update(_refusals(refusals_of(route)))
                        responses["default"] = _refusal()
            made.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM
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


_PROBLEM: Final[dict[str, Value]] = {
    "type": "object",
    "description": "A refusal. Source: RFC 9457.",
    "required": ["type", "title", "status", "detail", "code", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what happened and what to do, in the language of `Accept-Language`"},
        "code": {"type": "string"},
        "instance": {"type": "string", "description": "the path of the request"},
        "id": {"type": "string", "description": "of a fault of ours: to be quoted"},
    },
}
_FORM: Final[dict[str, Value]] = {"$ref": "#/components/schemas/Problem"}


def _refusals(kinds: list[Kind]) -> dict[str, _Response]:
    """By status: which codes there are, each with its title. kinds: in the order of their status."""
    told: dict[str, _Response] = {}
    for status, same in groupby(kinds, key=lambda kind: kind.status):
        titles = {kind.code: kind.title_en for kind in same}
        schema: dict[str, Value] = {"allOf": [_FORM, {"properties": {"code": {"enum": [*titles]}}}]}
        description = "; ".join(f"{code}: {title}" for code, title in titles.items())
        told[str(status)] = {"description": description, "content": {"application/problem+json": {"schema": schema}}}
    return told


def _refusal() -> _Response:
    example = NotFound().problem("en", f"{_ROOT}/records/abcdefghijklmnopqrstuvwxyz")
    return {"description": "A refusal", "content": {"application/problem+json": {"schema": _FORM, "example": example}}}
