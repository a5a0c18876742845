"""`serve`: the supervisor. It starts keeper, workers and api, starts again what dies, opens no port and reads no key itself."""

from __future__ import annotations

from argparse import Namespace

from search_api.cli.context import Context
from search_api.cli.tending import stop_when_asked, tend
from search_api.household import Household
from storage.errors import ExitCode, InvalidInput
from storage.settings import read_settings

__all__ = ["number_of_workers", "serve"]

_DEFAULT_PORT = 8787
_MOST_WORKERS = 64


def serve(context: Context, arguments: Namespace) -> ExitCode:
    """Run until SIGTERM or SIGINT. Raises Busy if another process works on the instance, NotOnServers where worker hosts could do nothing."""
    host, port = arguments.host or "127.0.0.1", _port(context, arguments.port or str(_DEFAULT_PORT))
    gate = None if arguments.worker_port is None else _gate_address(context, arguments.worker_port)
    workers, home = number_of_workers(context, arguments), context.home()
    if gate is not None:
        read_settings(home).require_on_servers()
    stop = stop_when_asked()
    with Household(home) as household:
        household.start_workers(workers)
        told: dict[str, object] = {"address": _shown("http://", host, household.start_api(host, port))}
        text = context.say(f"Đang phục vụ tại {told['address']}/api/v1", f"Serving at {told['address']}/api/v1")
        if gate is not None:
            told["gate"] = _shown("", gate[0], household.start_gate(*gate))
            text += context.say(f"; máy xử lý nối tới {told['gate']}", f"; worker hosts at {told['gate']}")
        context.show(told, text)
        tend(context, "serve", stop, household.tend)
    return ExitCode.DONE


def number_of_workers(context: Context, arguments: Namespace) -> int:
    """What --workers says, by default one. Raises InvalidInput."""
    count = _number(arguments.workers or "1")
    if not 0 <= count <= _MOST_WORKERS:
        raise InvalidInput(what=context.say("Số tiến trình xử lý là từ 0 đến 64.", "The number of workers is from 0 to 64."))
    return count


def _port(context: Context, text: str) -> int:
    port = _number(text)
    if not 0 <= port <= 65535:
        raise InvalidInput(what=context.say("Cổng là một số từ 0 đến 65535.", "A port is a number from 0 to 65535."))
    return port


def _gate_address(context: Context, text: str) -> tuple[str, int]:
    """Worker hosts are other machines: without an address of its own the gate listens at all of this one's."""
    host, _, port = text.rpartition(":")
    return host.removeprefix("[").removesuffix("]") or "0.0.0.0", _port(context, port)  # noqa: S104


def _number(text: str) -> int:
    """The number that was given; -1 for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else -1


def _shown(scheme: str, host: str, port: int) -> str:
    return f"{scheme}{f'[{host}]' if ':' in host else host}:{port}"
