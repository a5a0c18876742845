"""`work`: the supervisor of a worker host. It starts a relay and workers, and starts again what dies; the archive itself is elsewhere."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from search_api.cli.context import Context
from search_api.cli.serving import number_of_workers
from search_api.cli.tending import stop_when_asked, tend
from search_api.worker_host import Place, WorkerHost
from storage.errors import ExitCode
from storage.gate.joining import read_joining
from storage.walls.memory import make_undumpable

__all__ = ["work"]


def work(context: Context, arguments: Namespace) -> ExitCode:
    """Run until SIGTERM or SIGINT; what is not to be reached is waited for. Raises HostRefused, and as `read_joining` and `WorkerHost` do."""
    home, workers = context.home(), number_of_workers(context, arguments)
    make_undumpable()
    joining = read_joining(Path(arguments.join))
    stop = stop_when_asked()
    with WorkerHost(home, joining, workers) as host:
        places = host.places()
        told = [{"part": place.part, "address": place.address, "reached": not place.why, "why": place.why or None} for place in places]
        first = context.say(f"Máy xử lý {joining.host} của kho", f"Worker host {joining.host} of the instance")
        lines = [f"{first} {host.settings.instance}:", *(_line(context, place) for place in places)]
        context.show({"host": joining.host, "instance": host.settings.instance, "places": told}, "\n".join(lines))
        tend(context, "work", stop, host.tend)
    return ExitCode.DONE


def _line(context: Context, place: Place) -> str:
    state = f"{context.say('không tới được', 'not reached')} ({place.why})" if place.why else context.say("tới được", "reached")
    return f"  {place.part:<8} {place.address:<30} {state}"
