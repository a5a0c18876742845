"""Calling the app as its server does, without a socket in between: what goes into ASGI and what comes out of it is all there is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from fastapi import FastAPI

__all__ = ["Reply", "call"]


@dataclass(frozen=True)
class Reply:
    """A whole answer. headers: in their order, names in lower case, without `date`."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


async def call(app: FastAPI, method: str, target: bytes, headers: Mapping[str, str], body: bytes) -> Reply:
    """One request. target: path and query as they stand in the request line. What the app raises beside its answer is raised here."""
    raw_path, _, query = target.partition(b"?")
    sent = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in {"host": "vankho", **headers}.items()]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(raw_path).decode("utf-8", "replace"),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [*sent, (b"content-length", str(len(body)).encode())],
        "client": None,
        "server": ("vankho", 80),
        "state": {},
    }
    given = [{"type": "http.request", "body": body, "more_body": False}]
    answer: list[Mapping[str, object]] = []

    async def receive() -> Mapping[str, object]:
        if given:
            return given.pop()
        await asyncio.Event().wait()  # the client stays until it has its answer
        raise AssertionError

    async def send(message: Mapping[str, object]) -> None:
        answer.append(message)

    await app(scope, receive, send)  # type: ignore[arg-type]
    start, *pieces = answer
    named = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]  # type: ignore[attr-defined]
    content = b"".join(piece.get("body", b"") for piece in pieces)  # type: ignore[misc]
    return Reply(int(str(start["status"])), tuple(pair for pair in named if pair[0] != "date"), content)
