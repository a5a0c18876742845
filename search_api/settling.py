"""Waiting for the indexes: an answer may be held back until what was done can be found, if its request prefers that (RFC 7240)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import sqlalchemy as sa
from anyio import sleep
from anyio.to_thread import run_sync
from fastapi import Request

from search_api.callers import archive_of
from storage.catalog.outbox import is_settled
from storage.catalog.schema import record

__all__ = ["held_until", "indexed", "is_known", "settled"]

_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])", re.IGNORECASE)
_LONGEST = 30
_FIRST_LOOK, _SLOWEST_LOOK = 0.02, 0.25


async def settled(request: Request, record_id: str) -> bool:
    """Whether every index has learnt what there is to know of a record; waits for that as long as the request prefers."""

    def look() -> bool:
        with archive_of(request).catalog.read() as connection:
            return is_known(connection, record_id)

    return await held_until(request, look)


async def held_until(request: Request, condition: Callable[[], bool]) -> bool:
    """Whether `condition`, asked in a thread, holds; asked again for the seconds of the request's `Prefer: wait=N`, at most 30.

    Source: RFC 7240 section 4.3.
    """
    wanted = _WAIT.search(request.headers.get("prefer", ""))
    end = time.monotonic() + min(int(wanted[1]) if wanted else 0, _LONGEST)
    pause = _FIRST_LOOK
    while not (holds := await run_sync(condition)) and time.monotonic() < end:
        await sleep(pause)
        pause = min(pause * 1.5, _SLOWEST_LOOK)
    return holds


def is_known(connection: sa.Connection, record_id: str) -> bool:
    """Whether no index is yet to learn about a record: it is in all of them as it is now, or in none."""
    return connection.execute(sa.select(record.c.id).where(record.c.id == record_id, is_settled(record))).one_or_none() is not None


def indexed(connection: sa.Connection, record_id: str) -> bool:
    """Whether a record can be found as it is now."""
    found = sa.select(record.c.id).where(record.c.id == record_id, record.c.indexed_at.is_not(None), is_settled(record))
    return connection.execute(found).one_or_none() is not None
