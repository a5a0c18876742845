"""Who keeps the open index on a server up to date: one of all workers, on whatever host, for as long as it asks for it.

It is remembered by the keeper alone. After a restart of the keeper two may have it for a moment: each change bears its version, so nothing is
carried out twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

__all__ = ["Turn"]

_LASTS: Final = 6.0
"""Seconds after which a holder that did not ask again loses it."""


class Turn:
    """One holder at a time. clock: seconds that only go forward."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._guard = clock, threading.Lock()
        self._owner, self._until = "", 0.0

    def take(self, owner: str) -> bool:
        """Whether it is this one's from now on."""
        with self._guard:
            now = self._clock()
            if owner != self._owner and now < self._until:
                return False
            self._owner, self._until = owner, now + _LASTS
            return True
