"""The process that has the readers' libraries loaded, holds nothing else, and forks one walled child for each request.

It is started by exec with a clean environment, warms the libraries over its own blank page, and never touches a document itself.
"""

from __future__ import annotations

import array
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

from ingest.sandbox.frames import Json, write_frame
from ingest.sandbox.limits import Limits
from ingest.sandbox.walls import Walls, WallsRefused, confine, enter_namespaces, limit_resources
from storage.walls.children import Parent, die_with_parent
from storage.walls.kernel import PR_SET_PDEATHSIG, prctl

__all__ = ["OUT_OF_MEMORY", "REQUEST_MOST", "Send", "Step", "run"]

Send = Callable[..., None]
"""send(header, body=b""): one frame to the parent."""

Step = Callable[[int, dict[str, Json], Limits, Send], None]
"""A child's work: the document's descriptor (read-only, its own offset), what was asked, the limits, where results go."""

REQUEST_MOST: Final = 1 << 16
"""Bytes of a request."""
OUT_OF_MEMORY: Final = "OUT_OF_MEMORY"
_DESCRIPTORS_OF_A_REQUEST: Final = 3  # document, results, fate
_LAST_WORDS: Final = 1 << 13
_RANDOM: Final = ("/dev/urandom", "/dev/random")


@dataclass(frozen=True, slots=True)
class _Request:
    step: str
    values: dict[str, Json]
    limits: Limits
    walls: Walls
    document: int
    results: int
    fate: int


def run(steps: Mapping[str, Step], warm: Callable[[], None]) -> NoReturn:
    """Serve requests on the socket whose descriptor is the first argument, until the parent ends or closes it.

    warm: loads all that the steps will need, since nothing can be opened inside the walls.
    """
    control = socket.socket(fileno=int(sys.argv[1]))
    parent = Parent.from_env()
    if parent is None:
        sys.exit("the zygote is started by Vankho itself")
    die_with_parent(parent.pid, parent.pipe)
    warm()
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        sys.exit("a library started a thread: what a fork copies would be undefined")
    control.send(_strongest_walls().name.encode())
    _serve(control, parent.pipe, steps)


def _serve(control: socket.socket, parent_pipe: int, steps: Mapping[str, Step]) -> NoReturn:
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    events = select.poll()
    for descriptor in (control.fileno(), woken):
        events.register(descriptor, select.POLLIN)
    events.register(parent_pipe, 0)
    while True:
        ready = dict(events.poll())
        if parent_pipe in ready:
            os._exit(0)
        if woken in ready:
            os.read(woken, 4096)
            _reap()
        if control.fileno() in ready:
            request = _receive(control)
            if request is None:
                os._exit(0)
            _fork(request, steps)


def _receive(control: socket.socket) -> _Request | None:
    content, ancillary, _, _ = control.recvmsg(REQUEST_MOST, socket.CMSG_SPACE(_DESCRIPTORS_OF_A_REQUEST * 4), socket.MSG_CMSG_CLOEXEC)
    if not content:
        return None
    descriptors = array.array("i")
    for _level, _kind, data in ancillary:
        descriptors.frombytes(data)
    document, results, fate = descriptors
    asked = json.loads(content)
    return _Request(asked["step"], asked["values"], Limits(**asked["limits"]), Walls[asked["walls"]], document, results, fate)


def _fork(request: _Request, steps: Mapping[str, Step]) -> None:
    zygote = os.getpid()
    child = os.fork()
    if child == 0:
        _end_with(partial(_guard, request, steps, zygote))
    handle = os.pidfd_open(child)  # not reaped yet, so the number is still this child's
    fate = socket.socket(fileno=request.fate)
    with fate:
        try:
            socket.send_fds(fate, [b"P"], [handle])
        except OSError:  # the asking side has gone: nobody waits for this document any more
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    for descriptor in (handle, request.document, request.results):
        os.close(descriptor)


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def _guard(request: _Request, steps: Mapping[str, Step], zygote: int) -> None:
    """The child outside: makes the namespaces, forks their first process, and tells how that ended. It touches no document."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != zygote:
        return
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _close_all_but(request.document, request.results, request.fate)
    Path("/proc/self/oom_score_adj").write_text("1000")  # if the machine itself runs out of memory, this goes first
    memory = _address_space() + os.fstat(request.document).st_size + request.limits.memory
    try:
        enter_namespaces(request.walls)
    except WallsRefused:
        os.write(request.fate, b"WALLS")
        return
    last_words, say = os.pipe2(os.O_NONBLOCK)
    guard_pid = os.getpid()
    reader = os.fork()
    if reader == 0:
        os.dup2(say, 2)
        for descriptor in (last_words, say, request.fate):
            os.close(descriptor)
        _end_with(partial(_read, request, steps[request.step], memory, guard_pid))
    os.write(request.fate, str(reader).encode())
    for descriptor in (request.document, request.results, say):
        os.close(descriptor)
    _, status = os.waitpid(reader, 0)
    os.write(request.fate, _fate(status, last_words))


def _read(request: _Request, step: Step, memory: int, guard_pid: int) -> None:
    """The child inside: raises the rest of the walls, then does the step."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # lost over the fork
    if os.getppid() not in (0, guard_pid):  # 0: the guard is outside this namespace
        return
    limit_resources(memory, int(request.limits.seconds * (_pages_asked(request.values) + 2)))
    confine(request.walls)

    def send(header: dict[str, Json], body: bytes | memoryview = b"") -> None:
        write_frame(request.results, header, body)

    try:
        step(request.document, request.values, request.limits, send)
    except MemoryError:
        send({"failed": OUT_OF_MEMORY})


def _pages_asked(values: dict[str, Json]) -> int:
    first, last = values.get("first"), values.get("last")
    return last - first + 1 if isinstance(first, int) and isinstance(last, int) else 1


def _fate(status: int, last_words: int) -> bytes:
    """How the reader ended. A C++ library that gets no memory aborts, and says so on its standard error."""
    if status == 0:
        return b"DONE"
    try:
        said = os.read(last_words, _LAST_WORDS)
    except BlockingIOError:
        said = b""
    return OUT_OF_MEMORY.encode() if b"bad_alloc" in said or b"MemoryError" in said else b"CRASHED"


def _strongest_walls() -> Walls:
    """What this machine gives, tried with a child that does nothing."""
    for walls in Walls:
        child = os.fork()
        if child == 0:
            _end_with(partial(_try, walls))
        if os.waitpid(child, 0)[1] == 0:
            return walls
    return Walls.LIMITS_ONLY


def _try(walls: Walls) -> None:
    enter_namespaces(walls)
    inner = os.fork()
    if inner == 0:
        _end_with(partial(confine, walls))
    if os.waitpid(inner, 0)[1] != 0:
        raise WallsRefused(0, "not all walls stand")


def _end_with(act: Callable[[], None]) -> NoReturn:
    """Do `act` and end this forked process without its parent's exit handlers; status 1 and a line on standard error if it raised."""
    try:
        act()
    except BaseException as error:  # noqa: BLE001  the door of a process: whatever it was, it must not unwind into the parent's frames
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(1)
    os._exit(0)


def _close_all_but(*kept: int) -> None:
    """Close what is open but the kept, the standard three, and the source of random bytes that a library holds open."""
    for entry in list(Path("/proc/self/fd").iterdir()):
        with suppress(OSError):  # the listing's own descriptor is gone
            if int(entry.name) not in {0, 1, 2, *kept} and str(entry.readlink()) not in _RANDOM:
                os.close(int(entry.name))


def _address_space() -> int:
    """Bytes that this process has mapped. Source: proc_pid_statm(5)."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def main() -> NoReturn:
    """The product's zygote: the steps of reading."""
    from ingest.reading.steps import STEPS, warm

    run(STEPS, warm)


if __name__ == "__main__":
    main()
