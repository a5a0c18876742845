"""The keeper's process: walls first, then the keys, then it answers. Started by exec, with nothing but its descriptors in common.

    python -I -m storage.vault.keeper serve HOME REPORT_FD ROLE=FD...
    python -I -m storage.vault.keeper found REPORT_FD PLAN_FD

From the plan's descriptor comes the JSON of storage.vault.founding.Plan. On the report descriptor it writes one line of JSON: what the
caller waits for, or the error that kept it from starting.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

from storage.errors import VankhoError
from storage.home import SHARED_FOLDERS, SHUT_FOLDERS, Home
from storage.settings import Settings, read_settings
from storage.walls.children import Parent, die_with_parent, watch_parent
from storage.walls.landlock import Rights, refuse_cover, runtime_rules, shut_in
from storage.walls.memory import LockedPages, make_undumpable

# What the walls do not need is imported behind them: a thread that a library starts at import would stay outside.


def main(words: list[str]) -> int:
    """Run until the parent is gone, or until the instance is founded. Returns a status of storage.errors.ExitCode."""
    parent = Parent.from_env()
    if parent is not None:
        die_with_parent(parent.pid, parent.pipe)
    make_undumpable()
    if words[0] == "serve":
        return _serve(Path(words[1]), int(words[2]), words[3:], parent)
    return _found(int(words[1]), int(words[2]))


def _serve(root: Path, report: int, roles: list[str], parent: Parent | None) -> int:
    home = Home(root)
    try:
        settings = read_settings(home)
        kek = home.kek(settings.instance)
        _shut_in(home, settings, kek)
        if parent is not None:
            watch_parent(parent.pipe)
        from storage.clock import SystemClock
        from storage.events import events_to_stderr
        from storage.failpoints import arm_from_environment
        from storage.ids import RandomIds
        from storage.vault.keeper.closed import ClosedIndex
        from storage.vault.keeper.keeper import open_keeper
        from storage.vault.keeper.mending import Mending
        from storage.vault.keeper.protocol import Answer, Role, report_line
        from storage.vault.keeper.serving import serve
        from storage.vault.kek import FileKek
        from storage.vault.keyring import Keyring

        events_to_stderr()
        if settings.test:
            arm_from_environment(os.environ)
        memory = LockedPages()
        keyring = Keyring(home.keys, settings.instance, FileKek(kek, memory), memory)
        keeper = open_keeper(home, settings, keyring, RandomIds(), SystemClock())
        ends = {Role(role): socket.socket(fileno=int(descriptor)) for role, _, descriptor in (word.partition("=") for word in roles)}
    except VankhoError as error:
        return _failed(report, error)
    with suppress(VankhoError):  # it is the sequencer's state from now on, and the answer to every question
        keeper.sequencer.sequence()
    threading.Thread(target=keeper.sequencer.run, name="sequencer", daemon=True).start()
    threading.Thread(target=ClosedIndex(keeper).run, name="closed-index", daemon=True).start()
    threading.Thread(target=Mending(keeper).run, name="mending", daemon=True).start()
    report_line(report, Answer({}))
    serve(keeper, ends)
    return 0


def _found(report: int, plan: int) -> int:
    from storage.clock import SystemClock
    from storage.ids import RandomIds
    from storage.vault.founding import found, read_plan
    from storage.vault.keeper.protocol import Answer, report_line

    try:
        with os.fdopen(plan, encoding="utf-8") as pipe:
            settings = found(read_plan(pipe.read()), RandomIds(), SystemClock())
    except VankhoError as error:
        return _failed(report, error)
    report_line(report, Answer({"instance": settings.instance}))
    return 0


def _failed(report: int, error: VankhoError) -> int:
    from storage.vault.keeper.protocol import Answer, report_line

    report_line(report, Answer({}, error))
    return int(error.exit_code)


def _shut_in(home: Home, settings: Settings, kek: Path) -> None:
    rules = runtime_rules()
    refuse_cover(rules, [home.root, kek])
    rules |= {home.root / name: Rights.READ_WRITE for name in (*SHARED_FOLDERS, *SHUT_FOLDERS)}
    rules |= {path: Rights.READ for path in (home.configuration, home.trust) if path.exists()}
    if kek.exists():
        rules[kek] = Rights.READ
    os.environ["TMPDIR"] = str(home.tmp)
    shut_in(rules, connect_tcp=settings.ports(("catalog", "store", "closed_index")), bind_tcp=(), scope=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
