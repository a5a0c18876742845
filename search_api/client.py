"""What the command line speaks: HTTP/1.1 over a Unix socket, with the standard library alone."""

from __future__ import annotations

import http.client
import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import quote, urlencode

from storage.errors import AnswerCut, ArchiveUnreachable, ExitCode, VankhoError
from storage.walls.sockets import connect

__all__ = ["Client", "Refused", "Reply", "segment"]

_CHUNK = 1 << 16
_LOOK_EVERY = 0.5


class _Connection(http.client.HTTPConnection):
    """An HTTP connection to the socket at a path of any length."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("vankho", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock: socket.socket = connect(self._path)
        self.sock.settimeout(self.timeout)


class Refused(VankhoError):
    """What the archive refused, as it said it: the problem document of its answer."""

    def __init__(self, document: Mapping[str, str | int]) -> None:
        self._document = dict(document)
        self.code, self.status = str(document.get("code", self.code)), int(document.get("status", self.status))
        self.exit_code = _EXIT_CODES.get(self.status, ExitCode.FAILED)
        super().__init__()

    def title(self, lang: str) -> str:
        """As the archive said it, in the language of the request."""
        return str(self._document.get("title", super().title(lang)))

    def detail(self, lang: str) -> str:
        """As the archive said it, in the language of the request."""
        return str(self._document.get("detail", super().detail(lang)))

    def problem(self, lang: str, instance: str) -> dict[str, str | int]:
        """The document itself: `instance` is the path that was asked, not the command's."""
        return self._document or super().problem(lang, instance)


_EXIT_CODES = {
    400: ExitCode.USAGE,
    401: ExitCode.POLICY,
    403: ExitCode.POLICY,
    404: ExitCode.NOT_FOUND,
    405: ExitCode.USAGE,
    408: ExitCode.NOT_REACHABLE,
    409: ExitCode.USAGE,
    413: ExitCode.NOT_REACHABLE,
    416: ExitCode.USAGE,
    422: ExitCode.USAGE,
    428: ExitCode.SECOND_PERSON,
    429: ExitCode.NOT_REACHABLE,
    503: ExitCode.NOT_REACHABLE,
    507: ExitCode.NOT_REACHABLE,
}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer whose body has not been read yet."""

    status: int
    headers: Mapping[str, str]
    _response: http.client.HTTPResponse

    def parts(self) -> Iterator[bytes]:
        """The body, as it comes. Raises AnswerCut if it ends before it is whole."""
        while part := self._read():
            yield part
        if self._response.length:
            raise AnswerCut

    def json(self) -> dict[str, object]:
        """The body as a JSON object. Raises AnswerCut if it is none."""
        try:
            content: dict[str, object] = json.loads(b"".join(self.parts()))
        except ValueError:
            raise AnswerCut from None
        return content

    def _read(self) -> bytes:
        try:
            return self._response.read(_CHUNK)
        except (OSError, http.client.HTTPException) as error:
            raise AnswerCut from error


class Client:
    """One person's way to the archive. token: of the key file that she acts with.

    tend: starts again what has died of a household that is this command's own. It is called while an answer is awaited in the main thread,
    and to be called every second by whoever waits there for other threads: members die with the thread that started them.
    """

    def __init__(self, path: Path, token: str | None, lang: str, tend: Callable[[], object] = lambda: None, timeout: float = 600.0) -> None:
        self._path, self._token, self._lang, self._timeout = path, token, lang, timeout
        self.tend = tend

    def acting_with(self, token: str) -> Client:
        """The same way for whom another key belongs to."""
        return Client(self._path, token, self._lang, self.tend, self._timeout)

    @contextmanager
    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | Sequence[str]] | None = None,
        content: Mapping[str, object] | None = None,
        body: Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[Reply]:
        """Send one request; `path` below /api/v1, already quoted.

        Raises Refused, which carries the problem document, for 4xx and 5xx; ArchiveUnreachable where no answer came.
        """
        sent = {"Accept-Language": self._lang, **(headers or {})}
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        data: Iterable[bytes] | bytes | None = body
        if body is not None:
            sent["Transfer-Encoding"] = "chunked"
        if content is not None:
            data = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
            sent["Content-Type"] = "application/json"
        connection = _Connection(self._path, self._timeout)
        try:
            target = f"/api/v1/{path}" + (f"?{urlencode(query, doseq=True, errors='replace')}" if query else "")
            response = self._sent(connection, method, target, data, sent)
            reply = Reply(response.status, dict(response.getheaders()), response)
            if response.status >= 400:
                raise Refused(cast(dict[str, str | int], reply.json()))
            yield reply
        finally:
            connection.close()

    def json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | Sequence[str]] | None = None,
        content: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, object]:
        """Send one request and read the answer as a JSON object. Raises what `ask` raises."""
        with self.ask(method, path, query=query, content=content, headers=headers) as reply:
            return reply.json()

    def _sent(
        self, connection: _Connection, method: str, target: str, data: Iterable[bytes] | bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        """The answer to a request, which may come before all of the body was taken."""
        try:
            try:
                connection.request(method, target, data, headers, encode_chunked="Transfer-Encoding" in headers)
            except ConnectionError:
                if connection.sock is None:
                    raise
            self._await(connection.sock)
            return connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise ArchiveUnreachable from error

    def _await(self, answer: socket.socket) -> None:
        end = time.monotonic() + self._timeout
        while threading.current_thread() is threading.main_thread() and time.monotonic() < end:
            if select.select([answer], [], [], _LOOK_EVERY)[0]:
                break
            self.tend()


def segment(text: str) -> str:
    """An id as one segment of a path, whatever is in it."""
    return quote(text.encode("utf-8", "surrogateescape"), safe="")
