"""`ingest`: files and folders in, a line for each as soon as its outcome is final, then the figures."""

from __future__ import annotations

import time
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from search_api.cli.context import Context
from search_api.cli.depositing import Depositor, Line
from search_api.cli.files import password_of
from search_api.cli.inputs import Input, inputs
from search_api.cli.outcomes import OUTCOMES, outcome_line, outcome_word
from search_api.cli.progress import Progress
from search_api.cli.session import connected
from storage.errors import ExitCode, VankhoError

__all__ = ["ingest"]

_AHEAD = 8
"""Documents that are on their way at once: enough that the worker never waits for the next one."""

_LOOK_EVERY = 0.5


def ingest(context: Context, arguments: Namespace) -> ExitCode:
    """Take in every file of the paths; exit 0 when each has its outcome, with --strict 3 if one was quarantined or refused."""
    start, found = time.monotonic(), list(inputs(arguments.path))
    password = None if arguments.password_file is None else password_of(Path(arguments.password_file))
    progress, counted = Progress(context, len(found)), Counter[str]()
    with connected(context, works=True) as client:
        batch = str(client.json("POST", "batches")["batch"])
        for line in _lines(Depositor(client, batch, arguments.batch, context.lang, password), found):
            counted[str(line["outcome"])] += 1
            progress.clear()
            context.show(line, outcome_line(context, str(line["path"]), line))
            progress.advance()
    progress.clear()
    figures: dict[str, object] = {outcome: counted[outcome] for outcome in OUTCOMES}
    seconds = round(time.monotonic() - start, 1)
    told = ", ".join(f"{outcome_word(context, outcome)} {counted[outcome]}" for outcome in OUTCOMES)
    text = context.say(f"Đã nhận {len(found)} tệp trong {seconds} giây: {told}.", f"{len(found)} files in {seconds} s: {told}.")
    context.show({"batch": batch, "received": len(found), **figures, "seconds": seconds}, text)
    failed = counted["quarantined"] + counted["refused"]
    return ExitCode.STRICT if arguments.strict and failed else ExitCode.DONE


def _lines(depositor: Depositor, found: list[Input]) -> Iterator[Line]:
    """The lines in the order in which they are ready."""
    arriving, ready = SimpleQueue[Input](), SimpleQueue[Line | BaseException]()
    for one in found:
        arriving.put(one)
    for _ in range(min(_AHEAD, len(found))):
        # Daemons: a command that is broken off must not wait for documents that are read for an hour.
        Thread(target=_bring, args=(depositor, arriving, ready), daemon=True).start()
    waiting = len(found)
    while waiting:
        depositor.client.tend()
        with suppress(Empty):
            line = ready.get(timeout=_LOOK_EVERY)
            if isinstance(line, BaseException):
                raise line
            waiting -= 1
            yield line


def _bring(depositor: Depositor, arriving: SimpleQueue[Input], ready: SimpleQueue[Line | BaseException]) -> None:
    with suppress(Empty):
        while True:
            try:
                ready.put(depositor.deposit(arriving.get_nowait()))
            except VankhoError as error:
                ready.put(error)
                return
