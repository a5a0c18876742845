"""`serve`: the supervisor. It starts keeper, workers and api, starts again what dies, opens no port and reads no key itself."""

from __future__ import annotations

import signal
import threading
from argparse import Namespace

from search_api.cli.context import Context
from search_api.household import Household
from storage.errors import ExitCode, InvalidInput, VankhoError

__all__ = ["serve"]

_LOOK_EVERY = 0.25
_LONGEST_PAUSE = 8.0
_DEFAULT_PORT = 8787
_MOST_WORKERS = 64


def serve(context: Context, arguments: Namespace) -> ExitCode:
    """Run until SIGTERM or SIGINT. Raises Busy if another process works on the instance."""
    host = arguments.host or "127.0.0.1"
    port, workers = _number(arguments.port, _DEFAULT_PORT), _number(arguments.workers, 1)
    if not 0 <= port <= 65535:
        raise InvalidInput(what=context.say("Cổng là một số từ 0 đến 65535.", "A port is a number from 0 to 65535."))
    if not 0 <= workers <= _MOST_WORKERS:
        raise InvalidInput(what=context.say("Số tiến trình xử lý là từ 0 đến 64.", "The number of workers is from 0 to 64."))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Household(context.home()) as household:
        household.start_workers(workers)
        port = household.start_api(host, port)
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        context.show({"address": address}, context.say(f"Đang phục vụ tại {address}/api/v1", f"Serving at {address}/api/v1"))
        pause = _LOOK_EVERY
        while not stop.wait(pause):
            pause = _tended(context, household, pause)
    return ExitCode.DONE


def _number(text: str | None, default: int) -> int:
    """The number that was given; -1 for what is none."""
    return default if text is None else int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else -1


def _tended(context: Context, household: Household, pause: float) -> float:
    """Start again what has died, and say when to look next: ever later while something keeps dying or does not come up."""
    try:
        has_died = household.tend()
    except VankhoError as error:  # deposits may go on without a keeper, reading without a worker: the others are not ended for it
        context.complain(error, "serve")
        has_died = True
    return min(pause * 2, _LONGEST_PAUSE) if has_died else max(pause / 2, _LOOK_EVERY)
