"""When a file in the hot folder may be taken."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from ingest.hot_folder.wholeness import Wholeness

__all__ = ["Patience", "Sighting", "Watched"]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a file is watched before it is taken.

    polls: how often it must be seen unchanged, however whole it looks. quiet: seconds without a change after which a file is taken whose format
    has no end of its own. deadline: seconds without a change after which one is taken that never became whole: it gets its outcome and a reason.
    """

    polls: int = 2
    quiet: float = 30.0
    deadline: float = 600.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file as it was seen; two that are equal are of the same bytes. size: bytes; times: ns since 1970.

    The time of change tells what writes in place and puts the time of modification back, and one file from another in its place. An inode
    number does not stand here: some network shares invent a new one at every look.
    """

    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, found: os.stat_result) -> Sighting:
        """What stat says."""
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class Watched:
    """A file that is watched until it may be taken. now, everywhere: seconds of a monotonic clock."""

    def __init__(self, sighting: Sighting, now: float) -> None:
        self._sighting, self._since, self._polls = sighting, now, 0
        self._wholeness: Wholeness | None = None

    def see(self, sighting: Sighting, now: float) -> None:
        """It was seen again; a change begins its waiting anew."""
        if sighting == self._sighting:
            self._polls += 1
        else:
            self._sighting, self._since, self._polls, self._wholeness = sighting, now, 0, None

    def is_ready(self, now: float, patience: Patience, look: Callable[[], Wholeness]) -> bool:
        """Whether it may be taken. look: looks into the file, once for each state of it. Raises what `look` raises."""
        if self._polls < patience.polls:
            return False
        if self._wholeness is None:
            self._wholeness = look()
        if self._wholeness is Wholeness.WHOLE:
            return True
        return now - self._since >= (patience.quiet if self._wholeness is Wholeness.UNKNOWN else patience.deadline)
