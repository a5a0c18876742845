"""The app behind a socket: in the api's own process for `serve`, in a thread of the command's process otherwise."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from search_api.edge import Edge
from storage.events import events_to_stderr

__all__ = ["Server", "in_background"]

_START_PATIENCE = 30.0


class Server(uvicorn.Server):
    """One app behind its edge. No access log (paths hold ids), no name of the server, no trust in headers of proxies.

    hosts: see Edge. is_sound: asked every second; what is not sound ends, to be started anew by its supervisor.
    failed: whether it ended because the disk failed or something was not sound; what asks it then finds nobody.
    """

    def __init__(self, app: FastAPI, hosts: Collection[str] = (), is_sound: Callable[[], bool] = lambda: True) -> None:
        edge = Edge(app, hosts, self._fail)
        app.state.answers = edge.answers
        super().__init__(
            uvicorn.Config(
                edge,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=5,
            )
        )
        self._is_sound = is_sound
        self.up = threading.Event()
        self.failed = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self.up.set()

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second; whether to end."""
        if counter % 10 == 0 and not self._is_sound():
            self._fail()
        return await super().on_tick(counter)

    def _fail(self) -> None:
        self.failed = self.should_exit = True


@contextmanager
def in_background(app: FastAPI, listener: socket.socket) -> Iterator[None]:
    """Serve `app` on a listening socket while the block runs; the signals are left to the main thread."""
    events_to_stderr()
    server = Server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="api", daemon=True)
    thread.start()
    if not server.up.wait(_START_PATIENCE):
        raise RuntimeError("the server did not start")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
