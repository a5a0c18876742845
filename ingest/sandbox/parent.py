"""The parent's side of the walls: keeps a zygote running, asks it for children, and learns how each of them ended."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from ingest.reasons import Reason
from ingest.sandbox.document import Document
from ingest.sandbox.frames import Broken, Frame, FrameReader, Json, Late
from ingest.sandbox.limits import Limits
from ingest.sandbox.walls import Walls
from storage.errors import SandboxUnreachable
from storage.walls import children

__all__ = ["Died", "Zygote"]

_START_SECONDS: Final = 60.0
"""Until the zygote has loaded its libraries and tried its walls; a second is usual."""
_END_SECONDS: Final = 5.0
"""From a child's last frame to its end; its guard needs a millisecond."""
_DYING_SECONDS: Final = 0.2
_TOLD_MOST: Final = 64
_ENVIRONMENT: Final = {"LANG": "C.UTF-8", "OMP_THREAD_LIMIT": "1"}
"""All that a zygote gets. Tesseract's threads on one page would only take the cores from other pages."""
_ENTRY: Final = ("-m", "ingest.sandbox.zygote")


class Died(Exception):
    """A child ended before it had answered. reason: TIMED_OUT, OUT_OF_MEMORY or CRASHED."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason


class _NotForked(SandboxUnreachable):
    """The zygote ended before it had forked the child asked for."""


class Zygote:
    """The running zygote, which is started again when it has died. Threads may ask at the same time, each for a child of its own.

    entry: what Python runs; tests have one of their own.
    """

    def __init__(self, limits: Limits, entry: Sequence[str] = _ENTRY) -> None:
        self._limits = limits
        self._entry = entry
        self._guard = threading.Lock()
        self._child: children.Child | None = None
        self._control: socket.socket | None = None
        self._walls = Walls.LIMITS_ONLY

    def start(self) -> None:
        """Start the zygote if it does not run, and wait until it is ready.

        Raises SandboxUnreachable if it does not come up, and children.NotMainThread where a thread would have to start it:
        the kernel ends a child together with the thread that started it.
        """
        with self._guard:
            if self._child is None or self._child.poll() is not None:
                self._stop()
                self._launch()

    @property
    def pid(self) -> int | None:
        """Its process id; None when it does not run."""
        return None if self._child is None or self._child.poll() is not None else self._child.pid

    @property
    def walls(self) -> Walls:
        """What stood around an empty child when the zygote was started."""
        return self._walls

    def ask(self, step: str, values: Mapping[str, Json], document: Document, walls: Walls | None = None) -> Generator[Frame, None, None]:
        """The frames that a new child answers with, each within the limits of time after the one before.

        The child is killed when the iteration is left. walls: weaker ones than the machine has, for tests.
        Raises Died when the child does not come to its end, and SandboxUnreachable if there is no zygote and none can be started,
        or the zygote itself was ended and its children with it: no document is to blame for that.
        """
        try:
            yield from self._ask(step, values, document, walls)
        except _NotForked:
            self._await_end()
            yield from self._ask(step, values, document, walls)
        except Died as died:
            if died.reason is Reason.CRASHED and self._await_end():
                raise SandboxUnreachable from died
            raise

    def close(self) -> None:
        """End the zygote and with it all children."""
        with self._guard:
            self._stop()

    def _ask(self, step: str, values: Mapping[str, Json], document: Document, walls: Walls | None) -> Generator[Frame, None, None]:
        results, send_results = os.pipe2(os.O_CLOEXEC)
        fate, send_fate = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with fate:
            try:
                with send_fate:
                    self._send(step, values, document, walls, send_results, send_fate)
                    os.close(send_results)
                yield from _converse(FrameReader(results), fate, self._limits)
            finally:
                os.close(results)

    def _await_end(self) -> bool:
        """Whether the zygote has ended, or does so at this moment: what it leaves behind may be seen to end before it."""
        with self._guard:
            return self._child is None or self._child.wait(_DYING_SECONDS) is not None

    def _send(
        self, step: str, values: Mapping[str, Json], document: Document, walls: Walls | None, send_results: int, send_fate: socket.socket
    ) -> None:
        asked = {"step": step, "values": values, "limits": asdict(self._limits), "walls": (walls or self._walls).name}
        content = json.dumps(asked).encode()
        opened = document.open()
        try:
            self.start()
            with self._guard:
                if self._control is None:
                    raise SandboxUnreachable
                socket.send_fds(self._control, [content], [opened, send_results, send_fate.fileno()])
        except OSError as error:
            raise SandboxUnreachable from error
        finally:
            os.close(opened)

    def _launch(self) -> None:
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._child = children.start(
                [sys.executable, "-I", *self._entry, str(theirs.fileno())], pass_fds=[theirs.fileno()], env=_ENVIRONMENT
            )
        self._control = mine
        ready = select.poll()
        ready.register(mine, select.POLLIN)
        name = mine.recv(64) if ready.poll(_START_SECONDS * 1000) else b""
        if not name:
            self._stop()
            raise SandboxUnreachable
        self._walls = Walls[name.decode()]

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None


def _converse(frames: FrameReader, fate: socket.socket, limits: Limits) -> Iterator[Frame]:
    handle, reader = _introduced(fate, limits.seconds * limits.patience)
    try:
        while (frame := _next(frames, reader, limits)) is not None:
            yield frame
        ended = _fate_told(fate)
        if ended != b"DONE":
            raise Died(Reason.OUT_OF_MEMORY if ended == b"OUT_OF_MEMORY" else Reason.CRASHED)
    except Late as error:
        raise Died(Reason.TIMED_OUT) from error
    except Broken as error:
        # Cut off in the middle of a frame, it died; anything else is no answer of ours.
        raise Died(Reason.OUT_OF_MEMORY if _fate_told(fate) == b"OUT_OF_MEMORY" else Reason.CRASHED) from error
    finally:
        with suppress(ProcessLookupError):  # it has ended
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        os.close(handle)


def _introduced(fate: socket.socket, seconds: float) -> tuple[int, int]:
    """A descriptor of the guard's process, from the zygote, and the number of the reader's, from the guard, in either order.

    Raises SandboxUnreachable if the zygote ended before it had forked, or the walls do not stand, and Died if the guard ended.
    """
    fate.settimeout(seconds)
    handle = reader = None
    try:
        while handle is None or reader is None:
            told, descriptors, _, _ = socket.recv_fds(fate, _TOLD_MOST, 1)
            if descriptors:
                handle = descriptors[0]
            elif told.isdigit():
                reader = int(told)
            elif told == b"WALLS":
                raise SandboxUnreachable
            else:
                raise _NotForked if handle is None else Died(Reason.CRASHED)
    except TimeoutError:
        raise Died(Reason.TIMED_OUT) from None
    return handle, reader


def _next(frames: FrameReader, reader: int, limits: Limits) -> Frame | None:
    """The next frame, for which the reader may compute `limits.seconds` and the clock run `patience` times as long. Raises Late."""
    started, computed = time.monotonic(), _computed(reader)
    patience = limits.seconds
    while True:
        try:
            return frames.next(patience)
        except Late:
            patience = min(limits.seconds - _computed(reader) + computed, started + limits.patience * limits.seconds - time.monotonic())
            if patience <= 0:
                raise


def _computed(process: int) -> float:
    """Seconds of CPU that a process has used, 0 if it is gone. Source: proc_pid_stat(5), utime and stime."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _fate_told(fate: socket.socket) -> bytes:
    """What the guard said, empty if it was killed."""
    fate.settimeout(_END_SECONDS)
    try:
        return fate.recv(_TOLD_MOST)
    except TimeoutError:
        return b""
