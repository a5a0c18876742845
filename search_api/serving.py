"""The api's process: walls first, then the handover, then it listens. It never holds a private key.

    python -I -m search_api.serving HOME REPORT_FD KEEPER_FD HOST PORT

On the report descriptor it writes one line of JSON when it listens, with the port, or the error that kept it from starting.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
from pathlib import Path

from ingest.sandbox.sandbox import Sandbox
from storage.errors import ExitCode, VankhoError
from storage.home import SHARED_FOLDERS, Home
from storage.servers import SHARED_PARTS
from storage.settings import Settings, read_settings
from storage.walls.children import Parent, die_with_parent, watch_parent
from storage.walls.landlock import Rights, refuse_cover, runtime_rules, shut_in
from storage.walls.memory import make_undumpable

# What the walls do not need is imported behind them: a thread that a library starts at import would stay outside.


def main(words: list[str]) -> int:
    """Serve until the parent is gone or asks for an end (SIGTERM). Returns a status of storage.errors.ExitCode."""
    parent = Parent.from_env()
    if parent is not None:
        die_with_parent(parent.pid, parent.pipe)
    make_undumpable()
    home, report, host, port = Home(Path(words[0])), int(words[1]), words[3], int(words[4])
    try:
        settings = read_settings(home)
        # Started before the walls stand: behind Landlock no process can make the empty root in which documents are read.
        sandbox = Sandbox()
        sandbox.start()
        shut_in_api(home, settings, port)
        if parent is not None:
            watch_parent(parent.pipe)
        return _serve(home, settings, sandbox, report, socket.socket(fileno=int(words[2])), host, port)
    except VankhoError as error:
        from storage.vault.keeper.protocol import Answer, report_line

        report_line(report, Answer({}, error))
        return int(error.exit_code)


def shut_in_api(home: Home, settings: Settings, port: int) -> None:
    """Raise the walls of the api: the KEK, keys, closed partitions and the audit tree are out of reach from here on, for good.

    port: the one that may be listened at; 0 for any that the kernel picks. Raises PlaceExposed, ThreadsExist.
    """
    rules = runtime_rules()
    refuse_cover(rules, [home.root, home.kek(settings.instance)])
    rules |= {home.root / name: Rights.READ_WRITE for name in SHARED_FOLDERS}
    rules |= {path: Rights.READ for path in (home.configuration, home.trust) if path.exists()}
    os.environ["TMPDIR"] = str(home.tmp)
    # scope=False: the sandbox's processes lie outside of these walls, and one that runs too long must be ended with a signal.
    shut_in(rules, connect_tcp=settings.ports(SHARED_PARTS), bind_tcp=(port,), scope=False)


def _serve(home: Home, settings: Settings, sandbox: Sandbox, report: int, keeper_end: socket.socket, host: str, port: int) -> int:
    from search_api.app import create_app
    from search_api.callers import require_policies
    from search_api.cli.session import API_SOCKET
    from search_api.routes import health
    from search_api.server import Server
    from storage.archive import open_archive
    from storage.clock import SystemClock
    from storage.events import events_to_stderr
    from storage.failpoints import arm_from_environment
    from storage.ids import RandomIds
    from storage.vault.keeper.client import KeeperClient
    from storage.vault.keeper.protocol import Answer, report_line
    from storage.walls.sockets import bind, listen

    archive, _ = open_archive(home, settings, KeeperClient(keeper_end), RandomIds(), SystemClock())
    if settings.test:
        arm_from_environment(os.environ)
    listener = listen(host, port)
    own = bind(home.run / API_SOCKET)
    app = create_app(archive, sandbox)
    app.include_router(health.router)
    require_policies(app)
    events_to_stderr()
    server = Server(app, [host], is_sound=lambda: sandbox.zygote_pid is not None)
    gc.collect()
    gc.freeze()  # what the app is made of is no garbage: to look through all of it time and again stops every thread for some 50 ms
    report_line(report, Answer({"port": listener.getsockname()[1]}))
    server.run(sockets=[listener, own])
    return int(ExitCode.FAILED if server.failed else ExitCode.DONE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
