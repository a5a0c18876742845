"""Named points where a test kills or fails this process, counted as SQLite's harness counts: off by default and free."""

from __future__ import annotations

import errno
import os
import re
import signal
import threading
from collections.abc import Mapping

from storage.errors import InvalidInput

__all__ = ["VARIABLE", "arm", "arm_from_environment", "disarm", "failpoint"]

VARIABLE = "VANKHO_FAILPOINT"

_SPEC = re.compile(r"(kill|eio|enospc)@(.+)|count")


class _Armed:
    """What strikes at which point, and the points passed so far."""

    def __init__(self, act: str, where: str) -> None:
        self._act = act
        self._where = where
        self._has_struck = False
        self._lock = threading.Lock()
        self.passed: list[str] = []

    def reach(self, name: str) -> None:
        with self._lock:
            self.passed.append(name)
            step = name.partition(" ")[0]
            strikes = self._where in (str(len(self.passed)), name, step) and not self._has_struck
            self._has_struck |= strikes
        if strikes:
            self._strike()

    def _strike(self) -> None:
        match self._act:
            case "kill":
                # This process alone: what its supervisor and its siblings do about the death is what is to be seen.
                os.kill(os.getpid(), signal.SIGKILL)
            case "eio":
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            case "enospc":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


_armed: _Armed | None = None


def failpoint(name: str) -> None:
    """Pass the point `name`: the step's own name, a space, and what comes next in words ("store.4 fsync payload").

    Does nothing in a process that is not armed. Armed, it may kill this process or raise the OSError that the kernel would.
    """
    if _armed is not None:
        _armed.reach(name)


def arm(spec: str) -> None:
    """Strike once, at one point: `kill@7`, `eio@7` or `enospc@7` at the seventh point passed from now on, of whatever name;
    `kill@store.6` at the first point of that step; `kill@store.6 link payload` at the first of that very name. `count` strikes nowhere.

    Raises InvalidInput if `spec` is none of these.
    """
    global _armed
    match = _SPEC.fullmatch(spec)
    if match is None:
        raise InvalidInput(what=f"A failpoint is kill@, eio@ or enospc@ with a number or a step, or count; not {spec!r}.")
    _armed = _Armed(match[1] or "count", match[2] or "")


def disarm() -> tuple[str, ...]:
    """Make every point free again; returns the names passed since `arm`, in order."""
    global _armed
    passed = () if _armed is None else tuple(_armed.passed)
    _armed = None
    return passed


def arm_from_environment(environment: Mapping[str, str]) -> None:
    """Arm as the variable VANKHO_FAILPOINT says, if it is set: for entry points of instances made for tests, and no others."""
    if spec := environment.get(VARIABLE):
        arm(spec)
