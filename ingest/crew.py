"""As many records in hand at once as the machine has cores, each in a thread of its own; the open index in the thread that asks for it,
and in another one those of its parts that are built anew."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from ingest.desk import Desk
from ingest.reindexing import Reindexing
from ingest.working import Hand, Indexing, Worker
from storage.errors import StoreFailed

__all__ = ["work"]

log = structlog.get_logger("worker")


def work(desk: Desk, stop: threading.Event, hands: int) -> None:
    """Work until `stop` is set; when this returns, every record that was in hand is given back.

    hands: records at once. With one, this thread does all of this by itself. desk: its `is_stopping` is to tell whether `stop` is set.
    Raises SandboxUnreachable (and whatever else it may be) after the other hands have put down what they had. Upon StoreFailed the
    process ends at once, since nothing may be written to a disk that has failed.
    """
    turns = [Reindexing(desk).turn]
    own: Worker | Indexing = Worker(desk) if hands == 1 else Indexing(desk)
    if hands > 1:
        turns += [Hand(desk).turn for _ in range(hands)]
    with ThreadPoolExecutor(len(turns), "hand") as threads:
        ends = [threads.submit(_go_on, turn, stop) for turn in turns]
        _go_on(own.turn, stop)
    for end in ends:
        end.result()
    own.close()


def _go_on(turn: Callable[[], float], stop: threading.Event) -> None:
    """One turn after another. Whoever ends, for whatever reason, ends all."""
    try:
        while not stop.is_set():
            stop.wait(turn())
    except StoreFailed as error:
        log.error("the worker ends", code=error.code)
        os._exit(error.exit_code)
    finally:
        stop.set()
