"""The lease of what is in hand is lengthened while the work goes on, so that only a dead worker loses it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa
import structlog

from ingest.desk import Desk
from storage.errors import CatalogBusy, LeaseLost, StoreFailed, StoreFull

__all__ = ["kept_in_hand"]

Lengthen = Callable[[sa.Connection, datetime], None]
"""Writes until when a lease now runs. Raises LeaseLost."""

log = structlog.get_logger("worker")


@contextmanager
def kept_in_hand(desk: Desk, lengthen: Lengthen) -> Iterator[None]:
    """Lengthen the lease three times in its life until the block ends. Losing it shows at the next write, which is fenced."""
    done = threading.Event()
    beat = threading.Thread(target=_beat, args=(desk, lengthen, done), name="heartbeat", daemon=True)
    beat.start()
    try:
        yield
    finally:
        done.set()
        beat.join()


def _beat(desk: Desk, lengthen: Lengthen, done: threading.Event) -> None:
    while not done.wait(desk.lease.total_seconds() / 3):
        try:
            with desk.archive.catalog.write() as connection:
                lengthen(connection, desk.lease_until())
        except LeaseLost:
            return
        except (CatalogBusy, StoreFull) as error:
            log.warning("a lease was not lengthened", code=error.code)
        except StoreFailed as error:  # whoever meets a failed disk ends, and takes the process along
            log.error("the worker ends", code=error.code)
            os._exit(error.exit_code)
