"""The worker: takes records through the pipeline, as many at once as there are cores, and keeps the open index up to date.

    python -I -m ingest.worker HOME REPORT_FD KEEPER_FD first|again WORKERS [WORKER_HOST IDENTITY_FD]

`first`: the household has just taken the instance's lock. `again`: other workers of this household work, or one died, and what it had in hand
counts as tried. WORKERS: how many workers of this host share its processors. On a worker host: its name, and a pipe with the identity to which
the keeper seals what it hands over; HOME is then a folder with the settings and `tmp`, and nothing of the archive lies there.
On the report descriptor it writes one line of JSON when it is ready, or the error that kept it from starting.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from ingest.sandbox.sandbox import Sandbox
from storage.errors import ExitCode, VankhoError
from storage.home import SHARED_FOLDERS, Home
from storage.servers import SHARED_PARTS
from storage.settings import Settings, read_settings
from storage.walls.children import Parent, die_with_parent, watch_parent
from storage.walls.landlock import Rights, refuse_cover, runtime_rules, shut_in
from storage.walls.memory import LockedPages, make_undumpable

__all__ = ["main", "raise_walls"]

if TYPE_CHECKING:
    from ingest.desk import Desk

# What the walls do not need is imported behind them: a thread that a library starts at import would stay outside.

_BEHIND: Final = 10
"""Niceness of the worker and its readers: people who search and scanners that hand in go first, documents can wait."""


@dataclass(frozen=True, slots=True)
class _Start:
    """What the process was started with."""

    home: Home
    report: int
    keeper: socket.socket
    is_first: bool
    workers: int
    host: str = ""
    identity: str = field(default="", repr=False)

    @classmethod
    def of(cls, words: list[str]) -> Self:
        keeper = socket.socket(fileno=int(words[2]))
        common = cls(Home(Path(words[0])), int(words[1]), keeper, words[3] == "first", int(words[4]))
        if len(words) == 5:
            return common
        with os.fdopen(int(words[6]), encoding="ascii") as pipe:
            return replace(common, host=words[5], identity=pipe.read())


def main(words: list[str]) -> int:
    """Work until the parent is gone or asks for an end (SIGTERM). Returns a status of storage.errors.ExitCode."""
    parent = Parent.from_env()
    if parent is not None:
        die_with_parent(parent.pid, parent.pipe)
    make_undumpable()
    os.nice(_BEHIND)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    start = _Start.of(words)
    try:
        settings = read_settings(start.home)
        # Started before the walls stand: behind Landlock no process can make the empty root in which documents are read.
        sandbox = Sandbox()
        sandbox.start()
        raise_walls(start.home, settings)
        if parent is not None:
            watch_parent(parent.pipe)
        from ingest.working import take_over

        desk = _desk(start, settings, sandbox, stop)
        take_over(desk, is_first=start.is_first)
    except VankhoError as error:
        return _reported(start.report, error)
    _reported(start.report, None)
    return _work(desk, stop, start.workers)


def raise_walls(home: Home, settings: Settings) -> None:
    """Leave this process the catalog, the store, `tmp` and `run`; no key, no closed index, no audit tree; of a network
    only the servers that the instance lies on."""
    rules = runtime_rules()
    refuse_cover(rules, [home.root, home.kek(settings.instance)])
    rules |= {home.root / name: Rights.READ_WRITE for name in SHARED_FOLDERS if (home.root / name).exists()}
    rules |= {path: Rights.READ for path in (home.configuration, home.trust) if path.exists()}
    os.environ["TMPDIR"] = str(home.tmp)
    # scope=False: the sandbox's processes lie outside of these walls, and one that runs too long must be ended with a signal.
    shut_in(rules, connect_tcp=settings.ports(SHARED_PARTS), bind_tcp=(), scope=False)


def _desk(start: _Start, settings: Settings, sandbox: Sandbox, stop: threading.Event) -> Desk:
    from ingest.desk import Desk
    from ingest.page_readers import PageReaders, share_of
    from storage.archive import decode_key, open_archive
    from storage.clock import SystemClock
    from storage.failpoints import arm_from_environment
    from storage.ids import RandomIds
    from storage.vault.age import HybridIdentity
    from storage.vault.keeper.client import KeeperClient

    opened_by = HybridIdentity.parse(start.identity) if start.host else None
    archive, given = open_archive(start.home, settings, KeeperClient(start.keeper), RandomIds(), SystemClock(), opened_by)
    seed = LockedPages().take()
    seed[:] = decode_key(given.pop("transit"))
    if settings.test:
        arm_from_environment(os.environ)
    return Desk(archive, HybridIdentity(seed), sandbox, is_stopping=stop.is_set, readers=PageReaders(share_of(start.workers)), host=start.host)


def _work(desk: Desk, stop: threading.Event, workers: int) -> int:
    import structlog

    from ingest.crew import work
    from ingest.page_readers import share_of
    from storage.events import events_to_stderr
    from storage.failpoints import VARIABLE

    events_to_stderr()
    log = structlog.get_logger("worker")
    hands = max(share_of(workers), min(workers, 2))  # one that does all would have the index, which is for all of them, wait for its document
    if desk.archive.settings.test and VARIABLE in os.environ:
        hands = 1  # the order of points passed must be one
    try:
        work(desk, stop, hands)
    except VankhoError as error:  # the disk or the sandbox failed: only a new process may go on
        log.error("the worker ends", code=error.code)
        return int(error.exit_code)
    except Exception as error:  # noqa: BLE001  the door of a process: a trace of it could show what a document says
        log.error("the worker ends", error=type(error).__name__)
        return int(ExitCode.FAILED)
    return int(ExitCode.DONE)


def _reported(report: int, error: VankhoError | None) -> int:
    from storage.vault.keeper.protocol import Answer, report_line

    report_line(report, Answer({}, error))
    return int(ExitCode.DONE if error is None else error.exit_code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
