"""As many records in hand at once as the machine has cores, each in a thread of its own; the open index in the thread that asks for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from ingest.desk import Desk
from ingest.working import Hand, Indexing, Worker
from storage.errors import StoreFailed

__all__ = ["work"]

log = structlog.get_logger("worker")


def work(desk: Desk, stop: threading.Event, hands: int) -> None:
    """Work until `stop` is set; when this returns, every record that was in hand is given back.

    hands: records at once. With one, this thread does all by itself. desk: its `is_stopping` is to tell whether `stop` is set.
    Raises SandboxUnreachable (and whatever else it may be) after the other hands have put down what they had. Upon StoreFailed the
    process ends at once, since nothing may be written to a disk that has failed.
    """
    if hands == 1:
        worker = Worker(desk)
        _go_on(worker.turn, stop)
        worker.close()
        return
    index = Indexing(desk)
    with ThreadPoolExecutor(hands, "hand") as threads:
        ends = [threads.submit(_go_on, Hand(desk).turn, stop) for _ in range(hands)]
        _go_on(index.turn, stop)
    for end in ends:
        end.result()
    index.close()


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
