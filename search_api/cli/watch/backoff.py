"""Trying again, ever later."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Backoff"]


@dataclass(slots=True)
class Backoff:
    """When something that failed is tried again. Times and pauses in seconds of a monotonic clock.

    since: when it first failed; None while it does not.
    """

    first: float
    longest: float
    since: float | None = None
    until: float = 0.0
    _pause: float = 0.0

    def failed(self, now: float) -> None:
        """It failed once more. What began before the pause belongs to the failure that made it."""
        if now < self.until:
            return
        self.since = now if self.since is None else self.since
        self._pause = min(max(2 * self._pause, self.first), self.longest)
        self.until = now + self._pause

    def worked(self) -> None:
        """It works."""
        self.since, self.until, self._pause = None, 0.0, 0.0
