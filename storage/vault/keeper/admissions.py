"""The connections of worker hosts that are open now, so that a host that is shut out loses them at once."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

__all__ = ["Admissions"]


class Admissions:
    """By host. Threads may share it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._open: dict[str, set[socket.socket]] = {}

    def enter(self, host: str, connection: socket.socket) -> None:
        """Note a connection, before it is judged: whoever is shut out meanwhile loses it too."""
        with self._guard:
            self._open.setdefault(host, set()).add(connection)

    def leave(self, host: str, connection: socket.socket) -> None:
        """Forget a connection, before it is closed."""
        with self._guard:
            self._open.get(host, set()).discard(connection)

    def cut(self, host: str) -> None:
        """End all connections of a host."""
        with self._guard:
            for connection in self._open.get(host, ()):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def count(self, host: str) -> int:
        """How many a host has."""
        with self._guard:
            return len(self._open.get(host, ()))
