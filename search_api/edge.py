"""What HTTP itself asks before any route is reached, and what is left to do when a route has failed: the same for all of them.

A host that is not ours, a body that is too large or comes too slowly, a fault that nobody foresaw, a disk that is not to be trusted any more.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest.door import LARGEST
from search_api.problems import problem
from storage.errors import HostNotKnown, RequestTooLarge, RequestTooSlow, StoreFailed, VankhoError

__all__ = ["LIMITS", "ORDINARY", "BodyLimit", "Edge"]

log = structlog.get_logger("api")


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """What the body of a request may take. size: bytes. seconds: from the request's first line to the body's last byte."""

    size: int
    seconds: float


ORDINARY: Final = BodyLimit(1 << 20, 30)
LIMITS: Final[Mapping[tuple[str, str], BodyLimit]] = {
    # A document too large is refused by the door itself, with a receipt; only what is far beyond is cut off here.
    ("POST", "/api/v1/deposits"): BodyLimit(4 * LARGEST, 30 * 60),
    ("POST", "/api/v1/readings"): BodyLimit(4 * LARGEST, 30 * 60),
    ("POST", "/api/v1/classifications"): BodyLimit(4 * LARGEST, 30 * 60),
    ("POST", "/api/v1/sessions"): BodyLimit(1 << 14, 10),
    ("POST", "/sign-in"): BodyLimit(1 << 14, 10),
}
"""The routes that take documents, and those that take anybody's word."""

_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Edge:
    """An app and what stands around it.

    hosts: names that it is served under beside this machine's own; over the instance's Unix socket, which this account alone reaches, any name
    will do. disk_failed: called once an answer is out that had to say StoreFailed. answers: how many were given, by hundreds of their status.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Collection[str] = (),
        disk_failed: Callable[[], None] = lambda: None,
        limits: Mapping[tuple[str, str], BodyLimit] = LIMITS,
        ordinary: BodyLimit = ORDINARY,
    ) -> None:
        self._app, self._hosts, self._disk_failed = app, _HERE | {name.lower() for name in hosts}, disk_failed
        self._limits, self._ordinary = limits, ordinary
        self.answers: Counter[int] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Source: ASGI 3.0, HTTP and WebSocket protocol."""
        exchange = _Exchange(self._limits.get((scope["method"], scope["path"]), self._ordinary), receive, send, self.answers)
        failure: Exception | None = None
        try:
            self._require_ours(scope)
            exchange.require_announced(scope)
            await self._app(scope, exchange.receive, exchange.send)
        except VankhoError as error:
            exchange.refused = error
        except Exception as error:  # noqa: BLE001  the door of a request; what it says could be a document's words, so only the place is logged
            failure = error
            log.error("fault", error=type(error).__name__, at=_places(error), path=scope["path"])
        if exchange.refused is not None:
            await exchange.say(scope)
        is_disk = any(isinstance(error, StoreFailed) for error in (failure, failure and failure.__cause__))
        if is_disk or scope.get("state", {}).get("disk_failed"):
            self._disk_failed()

    def _require_ours(self, scope: Scope) -> None:
        """Refuse a name that is not ours: a page that a browser was lured to may make its own name point at this machine (DNS rebinding)."""
        here, port = scope["server"]
        if port is None:
            return
        named = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "").lower()
        host = named[1:].partition("]")[0] if named.startswith("[") else named.partition(":")[0]
        if host not in self._hosts and host != here:
            raise HostNotKnown


class _Exchange:
    """One request and its answer. refused: what is said in place of what the app says, because the request broke its limits."""

    def __init__(self, limit: BodyLimit, receive: Receive, send: Send, answers: Counter[int]) -> None:
        self._limit, self._receive, self._send, self._answers = limit, receive, send, answers
        self._ends_at = asyncio.get_running_loop().time() + limit.seconds
        self._taken, self._is_whole, self._has_answered = 0, False, False
        self.refused: VankhoError | None = None

    def require_announced(self, scope: Scope) -> None:
        """Refuse at once a body that says itself that it is too large."""
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if int(length) > self._limit.size:
            raise RequestTooLarge(limit=self._limit.size)

    async def receive(self) -> Message:
        """What comes next; to a request that broke its limits, as if its connection had ended."""
        if self._is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._ends_at):
                message = await self._receive()
        except TimeoutError:
            return self._cut(RequestTooSlow(limit=int(self._limit.seconds)))
        self._taken += len(message.get("body", b""))
        if self._taken > self._limit.size:
            return self._cut(RequestTooLarge(limit=self._limit.size))
        self._is_whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Pass on what the app says, unless something else is to be said."""
        if self.refused is not None and not self._has_answered:
            return
        if message["type"] == "http.response.start":
            self._has_answered = True
            self._answers[message["status"] // 100] += 1
        await self._send(message)

    async def say(self, scope: Scope) -> None:
        """Say the refusal and end the connection: what is still to come of the body is nothing that anyone waits for."""
        refused, self.refused = self.refused, None
        if refused is not None and not self._has_answered:
            answer = problem(Request(scope), refused)
            answer.headers["Connection"] = "close"
            await answer(scope, self._receive, self.send)

    def _cut(self, error: VankhoError) -> Message:
        self.refused, self._is_whole = error, True
        return {"type": "http.disconnect"}


def _places(error: BaseException) -> list[str]:
    """Where it happened: file, line and function of each frame, no values."""
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)][-12:]
