"""`watch`: the folders of scanners, unattended: each file is taken once it is whole, and moved once its outcome is final."""

from __future__ import annotations

import signal
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Final

from search_api.cli.context import Context
from search_api.cli.session import API_SOCKET, connected
from search_api.cli.watch.intake import Intake
from search_api.cli.watch.journal import Journal
from search_api.cli.watch.scanners import read_scanners
from search_api.client import Client
from storage.errors import ExitCode
from storage.settings import read_settings
from storage.vault.tokens import read_key_file

__all__ = ["watch"]

_LOOK_EVERY: Final = 0.25
_GRACE: Final = 5.0
"""Seconds for what is in hand at the end; an upload that takes longer is cut off, and comes again with the next start."""


def watch(context: Context, arguments: Namespace) -> ExitCode:
    """Serve the scanners of the folder until SIGTERM or SIGINT; with --once until their folders are empty."""
    root, once, stop = Path(arguments.folder).absolute(), bool(arguments.once), Event()
    scanners = read_scanners(root, Path(arguments.profiles) if arguments.profiles else None)
    home, journal = context.home(), Journal(context)
    officer = home.officer_key(read_settings(home).instance)
    keys = [scanner.key or context.key or officer for scanner in scanners]
    tokens = [read_key_file(key) for key in keys]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with _reached(replace(context, key=keys[0]), once=once) as client:
        intakes = [
            Intake(scanner, root, client.acting_with(token), journal, stop, once=once) for scanner, token in zip(scanners, tokens, strict=True)
        ]
        context.note(context.say(f"Đang theo dõi {root}", f"Watching {root}"))
        _run(intakes, client, stop)
    return ExitCode.DONE


@contextmanager
def _reached(context: Context, *, once: bool) -> Iterator[Client]:
    """A way to the archive. Unattended it is the supervisor's, there or not: to hold the instance oneself would keep the supervisor out."""
    if not once:
        yield Client(context.home().run / API_SOCKET, None, context.lang)
        return
    with connected(context, works=True) as client:
        yield client


def _run(intakes: list[Intake], client: Client, stop: Event) -> None:
    """Run every intake on a thread, until all have ended or they are to stop. Raises what one of them ended with."""
    ended = SimpleQueue[BaseException | None]()
    # Daemons: what does not end within its grace is cut off, as it would be by a kill, after which everything is resumed as well.
    threads = [Thread(target=_ended, args=(intake, ended), daemon=True) for intake in intakes]
    for thread in threads:
        thread.start()
    running = len(threads)
    try:
        while running and not stop.is_set():
            client.tend()
            try:
                failure = ended.get(timeout=_LOOK_EVERY)
            except Empty:
                continue
            if failure is not None:
                raise failure
            running -= 1
    finally:
        stop.set()
        end = time.monotonic() + _GRACE
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))


def _ended(intake: Intake, ended: SimpleQueue[BaseException | None]) -> None:
    try:
        intake.run()
    except BaseException as error:  # noqa: BLE001  raised again by the thread that can end the command
        ended.put(error)
    else:
        ended.put(None)
