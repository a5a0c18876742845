"""The processes of an instance: who starts whom, and who is started again.

The household belongs to the one process that holds the instance's lock: the supervisor (`vankho serve`), or a command that found
no supervisor running. It starts its members by exec, from the main thread, and they die with it.
"""

from __future__ import annotations

import socket
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from search_api.members import Member, end_all, piped, reported, sole_holder, tended
from storage.home import Home
from storage.settings import Settings, read_settings
from storage.vault.keeper.client import KeeperClient
from storage.vault.keeper.protocol import HELD, Role, rendezvous
from storage.walls import children

if TYPE_CHECKING:
    from storage.vault.founding import Plan

__all__ = ["Household", "found_instance"]

_API = [sys.executable, "-I", "-m", "search_api.serving"]
_GATE = [sys.executable, "-I", "-m", "storage.gate"]
_KEEPER = [sys.executable, "-I", "-m", "storage.vault.keeper"]
_WORKER = [sys.executable, "-I", "-m", "ingest.worker"]

_END_PATIENCE = 10.0
"""Seconds a worker may take to give back what it has in hand, and the api to end the answers under way."""


def found_instance(plan: Plan) -> Settings:
    """Make the instance of `plan`, in a keeper's process of its own. Raises what storage.vault.founding.found raises."""
    from storage.vault.founding import plan_text  # a quarter of a second that no other command is to spend

    with piped(plan_text(plan)) as pipe:  # it may hold passwords
        reported([*_KEEPER, "found"], [str(pipe.fileno())], (pipe.fileno(),))
    return read_settings(plan.home)


class Household:
    """Holds the lock of an instance and keeps its members running. Use it as a context, in the main thread.

    Raises NotInstance, Busy if another process holds the lock, and whatever keeps the keeper from starting (KekMissing ...).
    """

    def __init__(self, home: Home) -> None:
        home.require()
        self._home = home
        self._ends = {role: rendezvous() for role in HELD}
        self._keeper = Member(self._begin_keeper)
        self._api = Member(self._begin_api)
        self._gate = Member(self._begin_gate)
        self._workers: list[Member] = []
        self._crew = 0
        self._address = self._gate_address = ("", 0)
        self.keeper = KeeperClient(self._ends[Role.API][1])

    def __enter__(self) -> Self:
        with ExitStack() as entered:
            entered.enter_context(sole_holder(self._home.lock))
            self._keeper.start()
            self._held = entered.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._gate.end(0.0)  # as the keeper, it holds nothing that is not already on the disk
        self._api.end(_END_PATIENCE)
        self.stop_workers()
        self._keeper.end(0.0)
        for ours, theirs in self._ends.values():
            ours.close()
            theirs.close()
        self._held.close()

    @property
    def ends(self) -> dict[Role, socket.socket]:
        """For each role the end through which its holder reaches the keeper."""
        return {role: theirs for role, (_, theirs) in self._ends.items()}

    @property
    def keeper_pid(self) -> int | None:
        """The keeper's process id, while it is known to run."""
        return self._keeper.pid

    @property
    def api_pid(self) -> int | None:
        """The api's process id, while one is known to run."""
        return self._api.pid

    @property
    def worker_pid(self) -> int | None:
        """The process id of the worker started first, while it is known to run."""
        return self._workers[0].pid if self._workers else None

    def start_workers(self, count: int = 1) -> None:
        """Start this many workers, each by itself tended as the keeper is. Raises what keeps one from starting (SandboxUnreachable ...)."""
        self._crew = count
        for _ in range(count):
            worker = Member(self._begin_worker)
            worker.start()
            self._workers.append(worker)

    def start_api(self, host: str, port: int) -> int:
        """Start the process that listens at `host` (and at the instance's own socket); tended as the others are. Returns the port.

        Raises what keeps it from starting: FileUnusable where the address cannot be had.
        """
        self._address = (host, port)
        self._api.start()
        return self._address[1]

    def start_gate(self, host: str, port: int) -> int:
        """Start the process that listens for worker hosts at `host`; tended as the others are. Returns the port. Raises as `start_api` does."""
        self._gate_address = (host, port)
        self._gate.start()
        return self._gate_address[1]

    def stop_workers(self) -> None:
        """End the workers, if there are any, so that each gives back what it has in hand; they are tended no longer."""
        end_all(self._workers, _END_PATIENCE)
        self._workers.clear()

    def tend(self) -> bool:
        """Start again what has died, and say whether anything had. The rendezvous stay, so whoever waits for the keeper is served by the new one.

        Raises as `members.tended` does.
        """
        return tended((self._keeper, *self._workers, self._api, self._gate))

    def _begin_keeper(self) -> children.Child:
        ends = {role: ours for role, (ours, _) in self._ends.items()}
        words = [f"{role}={end.fileno()}" for role, end in ends.items()]
        return reported([*_KEEPER, "serve", str(self._home.root)], words, tuple(end.fileno() for end in ends.values()))[0]

    def _begin_worker(self) -> children.Child:
        end, age = self._ends[Role.WORKER][1].fileno(), "again" if self._workers else "first"
        return reported([*_WORKER, str(self._home.root)], [str(end), age, str(self._crew)], (end,))[0]

    def _begin_api(self) -> children.Child:
        end, (host, port) = self._ends[Role.API][1].fileno(), self._address
        child, answer = reported([*_API, str(self._home.root)], [str(end), host, str(port)], (end,))
        self._address = (host, int(str(answer.values["port"])))
        return child

    def _begin_gate(self) -> children.Child:
        end, (host, port) = self._ends[Role.GATE][1].fileno(), self._gate_address
        child, answer = reported(_GATE, [str(end), host, str(port)], (end,))
        self._gate_address = (host, int(str(answer.values["port"])))
        return child
