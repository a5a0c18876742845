"""How the keeper is asked: frames of JSON over a private socket whose role was fixed when it was made.

A role is not claimed but held: the supervisor makes one rendezvous (a pair of sockets) for each role and hands one end to
the keeper, the other to the process that has the role. Whoever holds a rendezvous opens a connection by sending one end of
a fresh socket pair through it. There is no path that another process could connect to, a connection survives neither side's
death, and a keeper that is started again finds the same rendezvous.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import time
from dataclasses import dataclass
from enum import StrEnum

from storage import errors
from storage.errors import VankhoError
from storage.walls.sockets import pair, recv_fd, send_fd

__all__ = ["HELD", "Answer", "Ask", "Json", "Role", "connect", "meet", "read_frame", "read_report", "rendezvous", "report_line", "write_frame"]

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

_LENGTH = struct.Struct("!I")
_MOST = 8 << 20
"""Bytes of the largest frame: a list of headers to re-wrap stays far below."""


class Role(StrEnum):
    """Who asks. A duty of the keeper names the roles that it serves."""

    API = "api"
    WORKER = "worker"
    GATE = "gate"
    HOST = "host"
    """A worker of another host. Nobody holds it: a connection of the gate's gets it when the keeper admits a host by its certificate."""


HELD = (Role.API, Role.WORKER, Role.GATE)
"""The roles that have a rendezvous."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: the duty's name and what it needs."""

    duty: str
    values: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a duty gave, or the error that it raised."""

    values: dict[str, Json]
    error: VankhoError | None = None


def rendezvous() -> tuple[socket.socket, socket.socket]:
    """The keeper's end and the asking side's end of one role."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def connect(rendezvous_end: socket.socket) -> socket.socket:
    """A new connection to the keeper. It is made even while the keeper is being started again, and answered once it is up."""
    mine, theirs = pair()
    with theirs:
        send_fd(rendezvous_end, theirs.fileno())
    return mine


def meet(rendezvous_end: socket.socket) -> socket.socket | None:
    """The keeper's side of `connect`: the next connection, or None when every holder of the other end is gone."""
    try:
        return socket.socket(fileno=recv_fd(rendezvous_end))
    except EOFError:
        return None


def write_frame(connection: socket.socket, message: Ask | Answer) -> None:
    """Send one message."""
    raw = _encode(message)
    connection.sendall(_LENGTH.pack(len(raw)) + raw)


def report_line(descriptor: int, answer: Answer) -> None:
    """Write how the start went, once, and close the descriptor."""
    with os.fdopen(descriptor, "wb") as report:
        report.write(_encode(answer) + b"\n")


def read_report(descriptor: int, patience: float) -> Answer | None:
    """What the starting process reported; None if it ended without a word or said none within `patience` seconds."""
    raw = bytearray()
    deadline = time.monotonic() + patience
    while not raw.endswith(b"\n"):
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        part = os.read(descriptor, 65536) if ready else b""
        if not part:
            return None
        raw += part
    answer = _decode(bytes(raw))
    return answer if isinstance(answer, Answer) else None


def _encode(message: Ask | Answer) -> bytes:
    if isinstance(message, Ask):
        content: dict[str, Json] = {"duty": message.duty, "values": message.values}
    elif message.error is None:
        content = {"values": message.values}
    else:
        content = {"error": type(message.error).__name__, "facts": dict(message.error.facts)}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def read_frame(connection: socket.socket) -> Ask | Answer | None:
    """The next message, or None when the other side is gone. Raises ValueError for what is no frame of this protocol."""
    prefix = _read_exactly(connection, _LENGTH.size)
    if prefix is None:
        return None
    (size,) = _LENGTH.unpack(prefix)
    if size > _MOST:
        raise ValueError("frame too large")
    raw = _read_exactly(connection, size)
    return None if raw is None else _decode(raw)


def _decode(raw: bytes) -> Ask | Answer:
    try:
        content = json.loads(raw)
        if "duty" in content:
            return Ask(str(content["duty"]), {**content["values"]})
        if "error" in content:
            return Answer({}, _error(content["error"], content["facts"]))
        return Answer({**content["values"]})
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("no frame of this protocol") from error


def _error(name: str, facts: dict[str, str | int]) -> VankhoError:
    kind = getattr(errors, name, VankhoError)
    return kind(**facts) if isinstance(kind, type) and issubclass(kind, VankhoError) else VankhoError()


def _read_exactly(connection: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)
