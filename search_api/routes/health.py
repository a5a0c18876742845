"""How this machine's own watchers ask after the process: alive, ready, figures. Loopback only, and nothing of any record in it."""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_address

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from search_api.callers import anyone, archive_of
from storage.catalog.audit_rows import oldest_waiting
from storage.catalog.outbox import count_refused, oldest_unapplied
from storage.catalog.work import queue_figures
from storage.errors import KeeperUnreachable, NotFound

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_PRIVATE = {"Cache-Control": "no-store"}
_PATIENCE = 2.0
"""Seconds that the keeper is given to say that it is there."""


@router.get("/healthz")
@anyone
def healthz(request: Request) -> PlainTextResponse:
    """Whether the process answers at all."""
    _require_loopback(request)
    return PlainTextResponse("ok\n", headers=_PRIVATE)


@router.get("/readyz")
@anyone
def readyz(request: Request) -> PlainTextResponse:
    """Whether people can be served: 503 names the part that is missing."""
    _require_loopback(request)
    missing = "" if _keeper_answers(request) else "keeper"
    return PlainTextResponse(f"{missing or 'ok'}\n", 503 if missing else 200, _PRIVATE)


@router.get("/metrics")
@anyone
def metrics(request: Request) -> PlainTextResponse:
    """Counters and gauges in the text form of Prometheus. Source: exposition format 0.0.4."""
    _require_loopback(request)
    archive, answers = archive_of(request), request.app.state.answers
    now = archive.clock.now()
    with archive.catalog.read() as connection:
        queue, (pending, _), (unindexed, _) = queue_figures(connection, now), oldest_waiting(connection), oldest_unapplied(connection)
        refused = count_refused(connection)
    figures = {"queue_waiting": queue.waiting, "queue_in_hand": queue.in_hand, "audit_pending": pending}
    figures |= {"index_waiting": unindexed, "index_refused": refused, "keeper_up": int(_keeper_answers(request))}
    lines = ["# TYPE vankho_answers_total counter", *_classes(answers)]
    for name, value in figures.items():
        lines += [f"# TYPE vankho_{name} gauge", f"vankho_{name} {value}"]
    return PlainTextResponse("\n".join(lines) + "\n", headers=_PRIVATE, media_type="text/plain; version=0.0.4; charset=utf-8")


def _classes(answers: Counter[int]) -> list[str]:
    return [f'vankho_answers_total{{status="{hundred}xx"}} {answers[hundred]}' for hundred in (2, 3, 4, 5)]


def _keeper_answers(request: Request) -> bool:
    try:
        archive_of(request).keeper.ask_within(_PATIENCE, "attend")
    except KeeperUnreachable:
        return False
    return True


def _require_loopback(request: Request) -> None:
    """Nothing is here for anyone else; over the instance's Unix socket, which has no port, this account asks. Raises NotFound."""
    if request.scope["server"][1] is not None and not (request.client and ip_address(request.client.host).is_loopback):
        raise NotFound
