"""The processes of an instance: who starts whom, and who is started again.

The household belongs to the one process that holds the instance's lock: the supervisor (`vankho serve`), or a command that found
no supervisor running. It starts its members by exec, from the main thread, and they die with it.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sys
from collections.abc import Callable
from typing import Self

from storage.errors import Busy, KeeperUnreachable, VankhoError
from storage.home import Home
from storage.settings import Settings, read_settings
from storage.vault.founding import Plan, plan_text
from storage.vault.keeper.client import KeeperClient
from storage.vault.keeper.protocol import Answer, Role, read_report, rendezvous
from storage.walls import children

__all__ = ["Household", "found_instance"]

_START_PATIENCE = 60.0
"""Seconds a member may take to start: a loaded machine is slow, not broken."""

_API = [sys.executable, "-I", "-m", "search_api.serving"]
_KEEPER = [sys.executable, "-I", "-m", "storage.vault.keeper"]
_WORKER = [sys.executable, "-I", "-m", "ingest.worker"]

_END_PATIENCE = 10.0
"""Seconds a worker may take to give back what it has in hand, and the api to end the answers under way."""


def found_instance(plan: Plan) -> Settings:
    """Make the instance of `plan`, in a keeper's process of its own. Raises what storage.vault.founding.found raises."""
    read_end, write_end = os.pipe()  # the plan may hold passwords, which no command line may show
    with os.fdopen(read_end), os.fdopen(write_end, "w", encoding="utf-8") as pipe:
        pipe.write(plan_text(plan))
        pipe.close()
        _reported([*_KEEPER, "found"], [str(read_end)], (read_end,))
    return read_settings(plan.home)


class Household:
    """Holds the lock of an instance and keeps its members running. Use it as a context, in the main thread.

    Raises NotInstance, Busy if another process holds the lock, and whatever keeps the keeper from starting (KekMissing ...).
    """

    def __init__(self, home: Home) -> None:
        home.require()
        self._home = home
        self._ends = {role: rendezvous() for role in Role}
        self._keeper: children.Child | None = None
        self._worker: children.Child | None = None
        self._api: children.Child | None = None
        self._address = ("", 0)
        self.keeper = KeeperClient(self._ends[Role.API][1])

    def __enter__(self) -> Self:
        self._lock = os.open(self._home.lock, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._start_keeper()
        except BlockingIOError:
            os.close(self._lock)
            raise Busy from None
        except BaseException:
            os.close(self._lock)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._api is not None:
            self._api.terminate()
            if self._api.wait(_END_PATIENCE) is None:
                self._api.kill()
                self._api.wait()
        self.stop_worker()
        if self._keeper is not None:
            self._keeper.kill()  # it holds nothing that is not already on the disk
            self._keeper.wait()
        for ours, theirs in self._ends.values():
            ours.close()
            theirs.close()
        os.close(self._lock)

    @property
    def ends(self) -> dict[Role, socket.socket]:
        """For each role the end through which its holder reaches the keeper."""
        return {role: theirs for role, (_, theirs) in self._ends.items()}

    @property
    def keeper_pid(self) -> int | None:
        """The keeper's process id, while it is known to run."""
        return self._keeper.pid if self._keeper is not None and self._keeper.poll() is None else None

    @property
    def api_pid(self) -> int | None:
        """The api's process id, while one is known to run."""
        return self._api.pid if self._api is not None and self._api.poll() is None else None

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id, while one is known to run."""
        return self._worker.pid if self._worker is not None and self._worker.poll() is None else None

    def start_worker(self) -> None:
        """Start the worker; from then on it is tended as the keeper is. Raises what keeps it from starting (SandboxUnreachable ...)."""
        end, age = self._ends[Role.WORKER][1].fileno(), "first" if self._worker is None else "again"
        self._worker, _ = _reported([*_WORKER, str(self._home.root)], [str(end), age], (end,))

    def start_api(self, host: str, port: int) -> int:
        """Start the process that listens at `host` (and at the instance's own socket); tended as the others are. Returns the port.

        Raises what keeps it from starting: FileUnusable where the address cannot be had.
        """
        end = self._ends[Role.API][1].fileno()
        self._api, answer = _reported([*_API, str(self._home.root)], [str(end), host, str(port)], (end,))
        self._address = (host, int(str(answer.values["port"])))
        return self._address[1]

    def stop_worker(self) -> None:
        """End the worker, if there is one, so that it gives back what it has in hand; it is tended no longer."""
        if self._worker is not None:
            self._worker.terminate()
            if self._worker.wait(_END_PATIENCE) is None:
                self._worker.kill()
                self._worker.wait()
            self._worker = None

    def tend(self) -> bool:
        """Start again what has died, and say whether anything had. The rendezvous stay, so whoever waits for the keeper is served by the new one.

        Each is tried, whatever becomes of the others; then what kept the first from starting is raised. It counts as dead until it runs.
        """
        failed: list[VankhoError] = []
        dead = [start for member, start in self._members() if member is not None and member.poll() is not None]
        for start in dead:
            try:
                start()
            except VankhoError as error:
                failed.append(error)
        if failed:
            raise failed[0]
        return bool(dead)

    def _members(self) -> tuple[tuple[children.Child | None, Callable[[], object]], ...]:
        return (self._keeper, self._start_keeper), (self._worker, self.start_worker), (self._api, lambda: self.start_api(*self._address))

    def _start_keeper(self) -> None:
        ends = {role: ours for role, (ours, _) in self._ends.items()}
        words = [f"{role}={end.fileno()}" for role, end in ends.items()]
        self._keeper, _ = _reported([*_KEEPER, "serve", str(self._home.root)], words, tuple(end.fileno() for end in ends.values()))


def _reported(command: list[str], words: list[str], descriptors: tuple[int, ...]) -> tuple[children.Child, Answer]:
    """Start a member and wait for its report, which it writes on the descriptor named between `command` and `words`."""
    read_end, write_end = os.pipe()
    try:
        try:
            child = children.start([*command, str(write_end), *words], pass_fds=(write_end, *descriptors))
        finally:
            os.close(write_end)
        answer = read_report(read_end, _START_PATIENCE)
    finally:
        os.close(read_end)
    if answer is None:
        child.kill()
        child.wait()
        raise KeeperUnreachable
    if answer.error is not None:
        child.wait()
        raise answer.error
    return child, answer
