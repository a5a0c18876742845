"""A machine that works for an instance from elsewhere: a relay to the main host's gate, and workers as they are at home."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from search_api.members import Member, end_all, piped, reported, sole_holder, tended
from storage.errors import HostRefused, InvalidInput, VankhoError
from storage.gate.certificates import gate_name
from storage.gate.joining import Joining, write_settings
from storage.gate.relay import Way, dial
from storage.home import Home
from storage.settings import Settings, read_settings_text
from storage.vault.keeper.protocol import rendezvous
from storage.walls import children

__all__ = ["Place", "WorkerHost"]

_RELAY = [sys.executable, "-I", "-m", "storage.gate.relay"]
_WORKER = [sys.executable, "-I", "-m", "ingest.worker"]
_END_PATIENCE = 10.0
_LOOK_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """Something that this host's workers need. why: what keeps it from being reached; empty where it is."""

    part: str
    address: str
    why: str


class WorkerHost:
    """Holds the lock of this host's folder, and keeps its members running. Use it as a context, in the main thread.

    home: a folder of its own, made where there is none; what lies in its `tmp` is of an earlier run, and goes. workers: how many.
    Raises InvalidInput for a folder that is an instance's, or settings that are none, NotOnServers, and Busy where another works in that folder.
    """

    def __init__(self, home: Home, joining: Joining, workers: int) -> None:
        self._home, self._joining = home, joining
        self._settings = read_settings_text(home, joining.settings)
        self._settings.require_on_servers()
        if home.keys.exists():
            raise InvalidInput(what=f"{home.root} is an instance's home. Name a folder for the work of this host, which may be empty, with --home.")
        host, port = joining.gate_address
        self._way = Way(host, port, gate_name(self._settings.instance), joining.authority, joining.certificate, joining.key)
        self._relays_end, self._workers_end = rendezvous()
        self._relay = Member(self._begin_relay)
        self._workers = [Member(self._begin_worker) for _ in range(workers)]

    def __enter__(self) -> Self:
        self._home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._home.lock.touch(0o600)
        with ExitStack() as entered:
            entered.enter_context(sole_holder(self._home.lock))
            shutil.rmtree(self._home.tmp, ignore_errors=True)
            self._home.tmp.mkdir(mode=0o700)
            write_settings(self._joining, self._home)
            self._relay.start()
            self._held = entered.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        end_all(self._workers, _END_PATIENCE)
        self._relay.end(0.0)
        for end in (self._relays_end, self._workers_end):
            end.close()
        self._held.close()

    @property
    def settings(self) -> Settings:
        """Of the instance that this host works for."""
        return self._settings

    def places(self) -> list[Place]:
        """What the workers need, and whether it is reached from here now: the gate, which has to let this host in, and the servers."""
        found = [Place("gate", self._joining.gate, asyncio.run(_hindrance(self._way)))]
        for part, server in sorted(self._settings.servers.items()):
            found += [Place(part, f"{name}:{port}", _unreached(name, port)) for name, port in server.hosts]
        return found

    def tend(self) -> bool:
        """Start what does not run yet, or no more, and say whether there was any.

        Raises HostRefused once the main host has refused this one, and as `members.tended` does.
        """
        if self._relay.status == HostRefused.exit_code:
            raise HostRefused
        return tended((self._relay, *self._workers), all_of_them=True)

    def _begin_relay(self) -> children.Child:
        with piped(self._way.text) as pipe:
            return reported(_RELAY, [str(self._relays_end.fileno()), str(pipe.fileno())], (self._relays_end.fileno(), pipe.fileno()))[0]

    def _begin_worker(self) -> children.Child:
        age = "again" if any(worker.has_begun for worker in self._workers) else "first"
        end = self._workers_end.fileno()
        with piped(self._joining.identity) as pipe:
            words = [str(end), age, str(len(self._workers)), self._joining.host, str(pipe.fileno())]
            return reported([*_WORKER, str(self._home.root)], words, (end, pipe.fileno()))[0]


async def _hindrance(way: Way) -> str:
    try:
        line = await dial(way, way.context())
    except VankhoError as error:
        return error.code
    await line.close()
    return ""


def _unreached(name: str, port: int) -> str:
    try:
        socket.create_connection((name, port), _LOOK_PATIENCE).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""
