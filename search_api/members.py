"""Processes that belong to a household: started by exec, reported when they are up, started again when they died; and the lock of its folder."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from storage.errors import Busy, KeeperUnreachable, VankhoError
from storage.vault.keeper.protocol import Answer, read_report
from storage.walls import children

__all__ = ["Member", "end_all", "piped", "reported", "sole_holder", "tended"]

_START_PATIENCE = 60.0
"""Seconds a member may take to start: a loaded machine is slow, not broken."""


class Member:
    """One member. begin: starts its process, and raises what keeps it from starting."""

    def __init__(self, begin: Callable[[], children.Child]) -> None:
        self._begin = begin
        self._child: children.Child | None = None

    def start(self) -> None:
        """Start it; from then on it counts as dead whenever it does not run. Raises as `begin` does."""
        self._child = self._begin()

    @property
    def has_begun(self) -> bool:
        """Whether it was ever started, and not ended since."""
        return self._child is not None

    @property
    def status(self) -> int | None:
        """The exit status with which it died; None while it runs, or was never started."""
        return None if self._child is None else self._child.poll()

    @property
    def pid(self) -> int | None:
        """Its process id, while it is known to run."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def ask_to_end(self) -> None:
        """Let it know that it is to end (SIGTERM); `end` waits for it."""
        if self._child is not None:
            self._child.terminate()

    def end(self, patience: float) -> None:
        """Ask it to end, and kill it after `patience` seconds; without patience at once. It is tended no longer."""
        if self._child is None:
            return
        if patience > 0:
            self._child.terminate()
        if patience <= 0 or self._child.wait(patience) is None:
            self._child.kill()
            self._child.wait()
        self._child = None


def tended(members: Iterable[Member], *, all_of_them: bool = False) -> bool:
    """Start again those that have died, and say whether any had. all_of_them: also those that were never started.

    Each is tried, whatever becomes of the others; then what kept the first from starting is raised. It counts as dead until it runs.
    """
    dead = [member for member in members if (member.has_begun or all_of_them) and member.pid is None]
    failed: list[VankhoError] = []
    for member in dead:
        try:
            member.start()
        except VankhoError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return bool(dead)


def end_all(members: Sequence[Member], patience: float) -> None:
    """End them beside each other, each as `Member.end`."""
    for member in members:
        member.ask_to_end()
    for member in members:
        member.end(patience)


@contextmanager
def sole_holder(lock: Path) -> Iterator[None]:
    """Hold a lock, a file that is there, within the context. Raises Busy where another process does."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy from None
        yield
    finally:
        os.close(descriptor)


def piped(text: str) -> socket.socket:
    """An end from which a process reads this secret, which no command line may show."""
    ours, theirs = socket.socketpair()
    with ours:
        ours.sendall(text.encode())
    return theirs


def reported(command: list[str], words: list[str], descriptors: tuple[int, ...]) -> tuple[children.Child, Answer]:
    """Start a process and wait for its report, which it writes on the descriptor named between `command` and `words`.

    Raises what it reports to have kept it from starting, and KeeperUnreachable where it says nothing in time.
    """
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
