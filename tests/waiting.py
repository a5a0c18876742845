"""Waiting for what other processes and threads do in their own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

__all__ = ["until"]

_PATIENCE: Final = 60.0
"""Seconds; far more than anything takes on a loaded machine."""

_LOOK_EVERY: Final = 0.02


def until(condition: Callable[[], object], seconds: float = _PATIENCE, what: str = "it did not come to be") -> float:
    """Wait until the condition holds; how many seconds that took. Fails after `seconds`."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, f"not within {seconds} s: {what}"
        time.sleep(_LOOK_EVERY)
    return time.monotonic() - start
