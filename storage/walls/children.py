"""Children that are started by exec and die with their parent, however it dies: by a signal of the kernel's and by a pipe."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from subprocess import DEVNULL, Popen
from typing import Self

from storage.walls.environment import PARENT, clean_env
from storage.walls.kernel import PR_SET_PDEATHSIG, prctl

__all__ = ["Child", "NotMainThread", "Parent", "die_with_parent", "start", "watch_parent"]

_ORPHANED = 1


class NotMainThread(RuntimeError):
    """A child was to be started from a thread that may end before the process: the kernel would kill the child with that thread."""


class Child:
    """A running child and the write end of its pipe, which nobody else holds."""

    def __init__(self, process: Popen[bytes], pipe: int) -> None:
        self._process = process
        self._pipe: int | None = pipe

    @property
    def pid(self) -> int:
        """Its process id, its own until `poll` or `wait` has given a status."""
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit status, negative for the signal that ended it; None while it runs."""
        return self._noted(self._process.poll())

    def wait(self, timeout: float | None = None) -> int | None:
        """Its exit status as in `poll`, once it ends; None if it still runs after `timeout` seconds."""
        try:
            return self._noted(self._process.wait(timeout))
        except subprocess.TimeoutExpired:
            return None

    def terminate(self) -> None:
        """Ask it to end (SIGTERM); nothing if it has ended."""
        self._process.terminate()

    def kill(self) -> None:
        """End it (SIGKILL); nothing if it has ended."""
        self._process.kill()

    def _noted(self, status: int | None) -> int | None:
        if status is not None and self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
        return status


def start(argv: Sequence[str], *, pass_fds: Sequence[int] = (), env: Mapping[str, str] | None = None) -> Child:
    """Start `argv` by exec, in the process group of its parent; it is to call `die_with_parent` first of all.

    pass_fds: descriptors that it gets under their own numbers; it gets no others, its input and output are /dev/null, and its
        standard error is the parent's. env: its whole environment, `clean_env()` if not given; VANKHO_PARENT is added.
    The descriptor of the pipe and the pid of the parent travel in VANKHO_PARENT: `Parent.from_env` reads it.
    Raises NotMainThread, and OSError if there is no such program.
    """
    if threading.get_native_id() != os.getpid():
        raise NotMainThread("children are started from the main thread only")
    read_end, write_end = os.pipe()
    # A person's Ctrl-C goes to the whole group, but is for the parent, who ends its children in order: they inherit that it is blocked.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process = Popen(
            list(argv),
            stdin=DEVNULL,
            stdout=DEVNULL,
            pass_fds=(read_end, *pass_fds),
            env={**(clean_env() if env is None else env), PARENT: f"{os.getpid()}:{read_end}"},
        )
    except OSError:
        os.close(write_end)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(read_end)
    return Child(process, write_end)


@dataclass(frozen=True, slots=True)
class Parent:
    """Who started this process: its pid, and the pipe that ends when it does."""

    pid: int
    pipe: int

    @classmethod
    def from_env(cls) -> Self | None:
        """What `start` left in the environment, taken out of it; None in a process that was started by hand."""
        value = os.environ.pop(PARENT, None)
        if value is None:
            return None
        pid, pipe = value.split(":")
        return cls(int(pid), int(pipe))


def die_with_parent(parent_pid: int, pipe_fd: int) -> None:
    """In the child, first of all: have the kernel kill this process when its parent dies, and end now if that has happened already.

    Source: prctl(2) PR_SET_PDEATHSIG. It follows the thread that started us (hence NotMainThread), and is lost over fork and
    over a change of user: call it again after either.
    """
    os.set_inheritable(pipe_fd, False)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid or _has_ended(pipe_fd):
        os._exit(_ORPHANED)


def watch_parent(pipe_fd: int) -> None:
    """In the child, after Landlock, which no thread may precede: end this process as soon as the parent's end of the pipe closes.

    The second wall beside the signal: it knows no threads, users or pid namespaces, but needs the interpreter to run.
    """
    threading.Thread(target=_end_with, args=(pipe_fd,), name="watch-parent", daemon=True).start()


def _has_ended(pipe_fd: int) -> bool:
    pipe = select.poll()
    pipe.register(pipe_fd, 0)  # POLLHUP and POLLNVAL are always told
    return bool(pipe.poll(0))


def _end_with(pipe_fd: int) -> None:
    try:
        os.read(pipe_fd, 1)
    finally:
        os._exit(_ORPHANED)
