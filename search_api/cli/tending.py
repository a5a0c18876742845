"""Looking after a household until it is to end: started again is what has died, ever later while something keeps dying."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

from search_api.cli.context import Context
from storage.errors import HostRefused, VankhoError

__all__ = ["stop_when_asked", "tend"]

_LOOK_EVERY = 0.25
_LONGEST_PAUSE = 8.0


def stop_when_asked() -> threading.Event:
    """Set by SIGTERM and SIGINT from now on."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def tend(context: Context, command: str, stop: threading.Event, look: Callable[[], bool]) -> None:
    """Until `stop` is set. look: starts again what has died, and says whether anything had; what keeps something from starting is said once.

    Raises HostRefused, after which nothing is left to be looked after.
    """
    pause, said = _LOOK_EVERY, ""
    while not stop.wait(pause):
        try:
            has_died, failed = look(), ""
        except HostRefused:
            raise
        except VankhoError as error:  # deposits may go on without a keeper, reading without a worker: the others are not ended for it
            has_died, failed = True, f"{error.code} {error.facts}"
            if failed != said:
                context.complain(error, command)
        said = failed or ("" if not has_died else said)
        pause = min(pause * 2, _LONGEST_PAUSE) if has_died else max(pause / 2, _LOOK_EVERY)
