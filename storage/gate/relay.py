"""The relay of a worker host: what its workers say to the keeper it carries to the main host's gate, over TLS.

    python -I -m storage.gate.relay REPORT_FD RENDEZVOUS_FD CONTENT_FD

From the content's descriptor comes the JSON of `Way`. A worker opens a connection here as it does at home, by sending one end of a fresh socket pair
through its rendezvous. While the main host is away its connections end at once, and it is tried again after times that grow. Where the main host
refuses this one the relay ends with the status of that refusal: nothing is to be worked on here any more.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import sys
import time
from dataclasses import asdict, dataclass
from typing import Final

from storage.errors import ExitCode, GateForeign, HostRefused, KeeperUnreachable, VankhoError
from storage.gate.carrying import ADMITTED, REFUSED, Line, carry
from storage.gate.tls import CONNECT_PATIENCE, client_context, keep_alive
from storage.walls.children import Parent, die_with_parent, watch_parent
from storage.walls.landlock import runtime_rules, shut_in
from storage.walls.memory import make_undumpable

__all__ = ["Way", "dial", "raise_walls"]

_FIRST_WAIT: Final = 0.5
_LONGEST_WAIT: Final = 15.0


@dataclass(frozen=True, slots=True)
class Way:
    """How to the gate: where it listens, the name that it has to prove, and what proves this host's (PEM)."""

    host: str
    port: int
    name: str
    authority: str
    certificate: str
    key: str

    def __repr__(self) -> str:
        return f"Way({self.host!r}, {self.port})"

    @property
    def text(self) -> str:
        """As JSON, to hand it to the relay's process."""
        return json.dumps(asdict(self))

    def context(self) -> ssl.SSLContext:
        """This host's side of TLS."""
        return client_context(self.authority, self.certificate, self.key.encode("ascii"))


async def dial(way: Way, context: ssl.SSLContext) -> Line:
    """A connection to the keeper. Raises KeeperUnreachable, GateForeign, and HostRefused where it does not let this host in."""
    try:
        opening = asyncio.open_connection(way.host, way.port, ssl=context, server_hostname=way.name, ssl_handshake_timeout=CONNECT_PATIENCE)
        line = Line(*await asyncio.wait_for(opening, 2 * CONNECT_PATIENCE))
    except ssl.SSLCertVerificationError as error:  # whoever listens there is not the gate of this instance
        raise GateForeign from error
    except OSError as error:
        raise KeeperUnreachable from error
    try:
        keep_alive(line)
        said = await asyncio.wait_for(line.reader.read(1), CONNECT_PATIENCE)
    except OSError:
        said = b""
    if said != ADMITTED:
        await line.close()
        raise HostRefused if said == REFUSED else KeeperUnreachable
    return line


def main(words: list[str]) -> int:
    """Carry until the parent is gone, or this host is refused. Returns a status of storage.errors.ExitCode."""
    parent = Parent.from_env()
    if parent is not None:
        die_with_parent(parent.pid, parent.pipe)
    make_undumpable()
    report, rendezvous = int(words[0]), socket.socket(fileno=int(words[1]))
    with os.fdopen(int(words[2]), encoding="utf-8") as pipe:
        way = Way(**json.loads(pipe.read()))
    raise_walls(way)
    if parent is not None:
        watch_parent(parent.pipe)
    from storage.events import events_to_stderr
    from storage.vault.keeper.protocol import Answer, report_line

    events_to_stderr()
    relay = _Relay(way, rendezvous)
    report_line(report, Answer({}))
    return asyncio.run(relay.serve())


def raise_walls(way: Way) -> None:
    """Leave this process no file but the system's, and of the network one port to connect to."""
    shut_in(runtime_rules(), connect_tcp=(way.port,), bind_tcp=(), scope=True)


class _Relay:
    def __init__(self, way: Way, rendezvous: socket.socket) -> None:
        import structlog

        self._log = structlog.get_logger("relay")
        self._way, self._context, self._rendezvous = way, way.context(), rendezvous
        self._wait, self._not_before = 0.0, 0.0
        self._hindrance = ""
        self._carrying = set[asyncio.Task[None]]()
        self._end = asyncio.Event()
        self._status = ExitCode.DONE

    async def serve(self) -> int:
        """Until this host is refused, or every worker's end of the rendezvous is gone, which is when the supervisor is."""
        loop, end = asyncio.get_running_loop(), self._end

        def met() -> None:
            from storage.vault.keeper.protocol import meet

            connection = meet(self._rendezvous)
            if connection is None:
                end.set()
                return
            task = loop.create_task(self._carry(connection))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

        loop.add_reader(self._rendezvous.fileno(), met)
        await end.wait()
        return int(self._status)

    async def _carry(self, connection: socket.socket) -> None:
        near = Line(*await asyncio.open_unix_connection(sock=connection))
        if time.monotonic() < self._not_before:
            await near.close()
            return
        try:
            far = await dial(self._way, self._context)
        except VankhoError as error:
            self._note(error.code)
            if isinstance(error, HostRefused):
                self._status = error.exit_code
                self._end.set()
            self._wait = min(max(2 * self._wait, _FIRST_WAIT), _LONGEST_WAIT)
            self._not_before = time.monotonic() + self._wait
            await near.close()
            return
        self._note("")
        self._wait = self._not_before = 0.0
        await carry(near, far)

    def _note(self, hindrance: str) -> None:
        """Each change is said once."""
        if hindrance != self._hindrance:
            self._log.warning(f"the main host {'is not to be had' if hindrance else 'answers again'}", code=hindrance or None)
        self._hindrance = hindrance


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
