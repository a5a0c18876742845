"""The gate's process: it listens for worker hosts and carries what each says to the keeper, who alone judges it. It holds no key of the archive.

    python -I -m storage.gate REPORT_FD GATE_FD HOST PORT

On the report descriptor it writes one line of JSON when it listens, with the port, or the error that kept it from starting. Its own TLS key is made
here, lives in its memory, and is certified by the keeper, anew each day.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from base64 import b64encode
from contextlib import suppress
from typing import Final

from storage.errors import KeeperUnreachable, VankhoError
from storage.walls.children import Parent, die_with_parent, watch_parent
from storage.walls.landlock import runtime_rules, shut_in
from storage.walls.memory import make_undumpable

# What the walls do not need is imported behind them: a thread that a library starts at import would stay outside.

_START_PATIENCE: Final = 60.0
_ANEW_AFTER: Final = 24 * 3600.0
_TRY_AGAIN: Final = 60.0
_ADMISSION_PATIENCE: Final = 5.0
_MOST: Final = 512
"""Worker hosts' connections at a time; each costs the keeper a thread."""


def main(words: list[str]) -> int:
    """Carry until the parent is gone or asks for an end (SIGTERM). Returns a status of storage.errors.ExitCode."""
    parent = Parent.from_env()
    if parent is not None:
        die_with_parent(parent.pid, parent.pipe)
    make_undumpable()
    report, rendezvous, host, port = int(words[0]), socket.socket(fileno=int(words[1])), words[2], int(words[3])
    raise_walls(port)
    if parent is not None:
        watch_parent(parent.pipe)
    from storage.events import events_to_stderr
    from storage.vault.keeper.protocol import Answer, report_line
    from storage.walls.sockets import listen

    events_to_stderr()
    try:
        listener = listen(host, port)
        gate = _Gate(rendezvous)
    except VankhoError as error:
        report_line(report, Answer({}, error))
        return int(error.exit_code)
    report_line(report, Answer({"port": listener.getsockname()[1]}))
    asyncio.run(gate.serve(listener))
    return 0


def raise_walls(port: int) -> None:
    """Leave this process no file but the system's, and of the network one port to listen at; 0 for any that the kernel picks."""
    shut_in(runtime_rules(), connect_tcp=(), bind_tcp=(port,), scope=True)


class _Gate:
    """Raises KeeperUnreachable where the keeper certifies it not."""

    def __init__(self, rendezvous: socket.socket) -> None:
        import structlog

        from storage.gate.tls import server_context
        from storage.vault.keeper.client import KeeperClient

        self._log = structlog.get_logger("gate")
        self._rendezvous, self._keeper = rendezvous, KeeperClient(rendezvous)
        key, certificate, authority = self._certified(_START_PATIENCE)
        self._context = server_context(authority, certificate, key)
        self._open = 0
        self._refused = ""

    async def serve(self, listener: socket.socket) -> None:
        from storage.gate.tls import CONNECT_PATIENCE

        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)  # of who is no worker host, a port scanner's connection say, nothing is told
        renewing = asyncio.create_task(self._renew())
        server = await asyncio.start_server(self._met, sock=listener, ssl=self._context, ssl_handshake_timeout=CONNECT_PATIENCE)
        async with server:
            await asyncio.gather(server.serve_forever(), renewing)

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, by a certificate of the authority's as TLS has seen; whether it is admitted is the keeper's to say."""
        from storage.gate.carrying import ADMITTED, REFUSED, Line, carry
        from storage.gate.tls import keep_alive

        line, shown = Line(reader, writer), writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        if self._open >= _MOST or shown is None:
            await line.close()
            return
        self._open += 1
        try:
            keep_alive(line)
            admitted, code = await asyncio.to_thread(self._admitted, shown)
            if admitted is None:
                self._note_refused(code)
                if code != KeeperUnreachable.code:  # of one that is away nothing is known: the host is to try again
                    writer.write(REFUSED)
                await line.close()
                return
            writer.write(ADMITTED)
            await carry(line, Line(*await asyncio.open_unix_connection(sock=admitted)))
        finally:
            self._open -= 1

    def _admitted(self, certificate: bytes) -> tuple[socket.socket | None, str]:
        """A connection to the keeper that speaks for the host of this certificate; else the code of what is against it."""
        from storage.vault.keeper.protocol import Answer, Ask, connect, read_frame, write_frame

        connection = connect(self._rendezvous)
        try:
            connection.settimeout(_ADMISSION_PATIENCE)
            write_frame(connection, Ask("admit", {"certificate": b64encode(certificate).decode("ascii")}))
            told = read_frame(connection)
        except (OSError, ValueError):
            told = None
        if isinstance(told, Answer) and told.error is None:
            connection.settimeout(None)
            return connection, ""
        connection.close()
        return None, told.error.code if isinstance(told, Answer) and told.error is not None else KeeperUnreachable.code

    def _note_refused(self, code: str) -> None:
        if code != self._refused:
            self._log.warning("a worker host is not admitted", code=code)
        self._refused = code

    async def _renew(self) -> None:
        from storage.gate.tls import show

        wait = _ANEW_AFTER
        while True:
            await asyncio.sleep(wait)
            wait = _TRY_AGAIN
            with suppress(VankhoError, ssl.SSLError):
                key, certificate, _ = await asyncio.to_thread(self._certified, _START_PATIENCE)
                show(self._context, certificate, key)
                wait = _ANEW_AFTER

    def _certified(self, patience: float) -> tuple[bytes, str, str]:
        """A new key (PKCS #8, PEM), its certificate, and that of the authority (PEM)."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        key = Ed25519PrivateKey.generate()
        given = self._keeper.ask_within(patience, "certify", public_key=key.public_key().public_bytes_raw().hex())
        raw = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return raw, str(given["certificate"]), str(given["authority"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
