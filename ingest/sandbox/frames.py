"""How a walled child answers: frames of a JSON header and raw bytes over a pipe, read as what they are, a stranger's."""

from __future__ import annotations

import json
import os
import select
import struct
import time
from dataclasses import dataclass

__all__ = ["BODY_MOST", "Broken", "Frame", "FrameReader", "Json", "Late", "write_frame"]

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_LENGTHS = struct.Struct("!II")
_HEADER_MOST = 64 << 20
"""Bytes of a header: a page's words at their limits, each character written as \\uXXXX, stay below."""
BODY_MOST = 1 << 20
"""Bytes of a body; what is longer goes in several frames."""


@dataclass(frozen=True, slots=True)
class Frame:
    """header: a JSON object, nothing in it checked yet. body: at most BODY_MOST bytes."""

    header: dict[str, Json]
    body: bytes


class Broken(ValueError):
    """What came is no frame: the other side is not what it was."""


class Late(TimeoutError):
    """The next frame did not come in time."""


def write_frame(fd: int, header: dict[str, Json], body: bytes | memoryview = b"") -> None:
    """Send one frame, whole. By write(2) alone: inside the walls there is no other way."""
    raw = json.dumps(header, separators=(",", ":")).encode("ascii")
    _write_all(fd, _LENGTHS.pack(len(raw), len(body)) + raw)
    _write_all(fd, body)


class FrameReader:
    """The parent's end of a child's pipe."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._held = bytearray()
        self._ready = select.poll()  # select(2) would know no descriptor above 1,023
        self._ready.register(fd, select.POLLIN)

    def next(self, seconds: float) -> Frame | None:
        """The next frame, or None when the child has closed its end.

        Raises Late if it is not whole within `seconds` (what came of it is kept: ask again to wait longer), Broken if it is none,
        or the pipe ended in the middle of it.
        """
        deadline = time.monotonic() + seconds
        if not self._hold(_LENGTHS.size, deadline):
            return None
        header_size, body_size = _LENGTHS.unpack_from(self._held)
        if header_size > _HEADER_MOST or body_size > BODY_MOST:
            raise Broken("frame too large")
        end = _LENGTHS.size + header_size
        self._hold(end + body_size, deadline)
        raw, body = bytes(self._held[_LENGTHS.size : end]), bytes(self._held[end:])
        self._held.clear()
        try:
            header = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise Broken("header is no JSON") from error
        if not isinstance(header, dict):
            raise Broken("header is no object")
        return Frame(header, body)

    def _hold(self, size: int, deadline: float) -> bool:
        """Read until `size` bytes of this frame are held; False if the pipe ends before its first."""
        while len(self._held) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not self._ready.poll(left * 1000):
                raise Late
            part = os.read(self._fd, min(size - len(self._held), 1 << 20))
            if not part and self._held:
                raise Broken("the pipe ended inside a frame")
            if not part:
                return False
            self._held += part
        return True


def _write_all(fd: int, content: bytes | memoryview) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]
