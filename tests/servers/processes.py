"""How the tests run a server: without root's rights, in a folder and a group of its own, and never longer than the tests themselves."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from storage.walls.kernel import PR_SET_PDEATHSIG, prctl

__all__ = ["PATIENCE", "LocalServer", "Process", "answers", "free_port", "running"]

PATIENCE = 240.0
"""Seconds that a server may take to be ready, on a machine with much other work."""

_BASE = Path("/var/tmp")
_PAUSE = 0.02
_PORTS = range(20_000, 32_000)
_given: set[int] = set()
_NOBODY = pwd.getpwnam("nobody")


class LocalServer(ABC):
    """A server of one process, with a folder that it alone may read: on a disk, and with a path short enough for a socket's."""

    stops_by = signal.SIGTERM

    def __init__(self, name: str) -> None:
        _remove_what_killed_tests_left()
        self.folder = Path(tempfile.mkdtemp(prefix=f"vankho-{os.getpid()}-{name}-", dir=_BASE))
        self.process: Process | None = None

    @abstractmethod
    def start(self) -> None:
        """Start it, with the data that it has, and wait until it answers."""

    def kill(self) -> None:
        """kill -9 of all its processes."""
        assert self.process is not None, "it does not run"
        self.process.kill()
        self.process = None

    def stop(self) -> None:
        """Stop it in order, if it runs."""
        if self.process is not None:
            self.process.stop(self.stops_by)
            self.process = None

    def remove(self) -> None:
        """End it, and remove all that it kept."""
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.folder)

    def hand_over(self, top: Path) -> None:
        """Give `top`, and all that lies in it, to the user that the server runs as."""
        if os.geteuid() == 0:
            for path in (top, *top.rglob("*")):
                os.chown(path, _NOBODY.pw_uid, _NOBODY.pw_gid)

    def __enter__(self) -> Self:
        with ExitStack() as failed:
            failed.callback(self.remove)
            self.start()
            failed.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class Process:
    """A server's process and those that it starts: `nobody`'s where the tests run as root, since some servers refuse root."""

    def __init__(self, argv: Sequence[str | Path], folder: Path, env: Mapping[str, str] | None = None) -> None:
        """Start `argv` in `folder`; what it prints is appended to `folder/output`.

        env: its whole environment but for PATH, LANG, and HOME, which is the folder.
        The kernel kills it when the thread that started it ends, however that happens, so only the main thread may.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("a server is started by the main thread, since it ends with the thread that started it")
        tests = os.getpid()

        def end_with_the_tests() -> None:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != tests:
                os._exit(1)

        root = os.geteuid() == 0
        self.argv = [str(word) for word in argv]
        self._output = folder / "output"
        with self._output.open("ab") as output:
            self._popen = subprocess.Popen(
                self.argv,
                cwd=folder,
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(folder), **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=_NOBODY.pw_uid if root else None,
                group=_NOBODY.pw_gid if root else None,
                extra_groups=[] if root else None,
                preexec_fn=end_with_the_tests,
            )

    @property
    def pid(self) -> int:
        """Its process id, which is that of its group."""
        return self._popen.pid

    def wait_until(self, is_ready: Callable[[], bool]) -> None:
        """Wait until `is_ready`. Raises RuntimeError with what it printed if it ends before, or after PATIENCE."""
        end = time.monotonic() + PATIENCE
        while not is_ready():
            status = self._popen.poll()
            if status is not None or time.monotonic() > end:
                raise RuntimeError(f"{self.argv[0]} {'is not ready' if status is None else f'ended with {status}'}:\n{self.said()}")
            time.sleep(_PAUSE)

    def wait(self) -> None:
        """Wait until it ends by itself. Raises RuntimeError with what it printed if it ends with another status than 0."""
        if status := self._popen.wait(PATIENCE):
            raise RuntimeError(f"{self.argv[0]} ended with {status}:\n{self.said()}")

    def said(self) -> str:
        """The end of what it printed."""
        return self._output.read_text("utf-8", "replace")[-4000:]

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end, and wait until it and all of its group have."""
        self._popen.send_signal(by)
        try:
            self._popen.wait(30)
        finally:
            self.kill()

    def kill(self) -> None:
        """kill -9 of it and all of its group, and wait until they are gone. Nothing if they are."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()
        while running(self.pid):
            time.sleep(_PAUSE)


def _remove_what_killed_tests_left() -> None:
    for folder in _BASE.glob("vankho-[0-9]*-*"):
        if not Path("/proc", folder.name.split("-")[1]).exists():
            shutil.rmtree(folder, ignore_errors=True)  # another user's, or removed by another process just now


def running(group: int) -> list[int]:
    """The pids of a process group, less those that have ended and only wait for their parent to notice."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # gone since it was listed
            state, _, its_group = stat.read_text("utf-8", "replace").rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                found.append(int(stat.parent.name))
    return found


def free_port() -> int:
    """A TCP port of loopback that nobody has, and that was not given out before; none of those that the kernel gives to clients.

    One of the latter a client could have while a server is down.
    """
    while (port := secrets.choice(_PORTS)) in _given or not _is_free(port):
        pass
    _given.add(port)
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether something listens on that port of loopback."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
