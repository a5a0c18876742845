"""Sign-ins that failed of late: how many more a name and an address have before they wait."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network

__all__ = ["WINDOW", "Attempts", "Refusal"]

WINDOW = timedelta(minutes=15)
"""What is older counts no more; also how long a name waits."""

_MOST_OF_NAME = 5
_MOST_OF_ADDRESS, _MINUTE = 30, timedelta(minutes=1)
_MOST_REMEMBERED = 100_000


class Refusal(StrEnum):
    """Why a sign-in was refused; for the audit log, never for an answer."""

    PASSWORD = "password"  # noqa: S105
    NAME_WAITS = "name-waits"
    ADDRESS_WAITS = "address-waits"


class Attempts:
    """Counted in memory, by name and by address; the audit log's rows of the last quarter of an hour bring the names back after a restart.

    A name waits whether or not it is anybody's, so waiting tells nothing. It locks nobody out who is signed in, or has her key.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._by_name = _Failures(_MOST_OF_NAME, WINDOW)
        self._by_address = _Failures(_MOST_OF_ADDRESS, _MINUTE)
        self._is_recalled = False

    @property
    def remembered(self) -> int:
        """How many names are remembered."""
        return len(self._by_name)

    def begin(self, name: str, address: str | None, now: datetime) -> Refusal | None:
        """Take one attempt, which counts as failed until `succeeded`, so that many at once are no way around; or why it is not to be made."""
        place = _place(address)
        with self._guard:
            if self._by_address.are_exhausted(place, now):
                return Refusal.ADDRESS_WAITS
            if self._by_name.are_exhausted(name, now):
                return Refusal.NAME_WAITS
            self._by_name.add(name, now)
            self._by_address.add(place, now)
            return None

    def succeeded(self, name: str, address: str | None, at: datetime) -> None:
        """Give back the attempt that began at `at`."""
        with self._guard:
            self._by_name.remove(name, at)
            self._by_address.remove(_place(address), at)

    def recall(self, failed: Callable[[], Iterable[tuple[str, datetime]]]) -> None:
        """Count failures that another process of the keeper saw: name and moment, oldest first. They are asked for once."""
        with self._guard:
            if not self._is_recalled:
                for name, at in failed():
                    self._by_name.add(name, at)
                self._is_recalled = True


class _Failures:
    """The last moments of each of many names."""

    def __init__(self, most: int, window: timedelta) -> None:
        self._most, self._window = most, window
        self._moments: OrderedDict[str, deque[datetime]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._moments)

    def are_exhausted(self, name: str, now: datetime) -> bool:
        """Whether so many failed within a window that it waits for another: from the last of them on, since none is counted meanwhile."""
        moments = self._moments.get(name, deque[datetime]())
        return len(moments) == self._most and moments[-1] - moments[0] < self._window and now - moments[-1] < self._window

    def add(self, name: str, at: datetime) -> None:
        moments = self._moments.setdefault(name, deque(maxlen=self._most))
        moments.append(at)
        self._moments.move_to_end(name)
        while len(self._moments) > _MOST_REMEMBERED or at - next(iter(self._moments.values()))[-1] >= self._window:
            self._moments.popitem(last=False)

    def remove(self, name: str, at: datetime) -> None:
        moments = self._moments.get(name)
        if moments is not None and at in moments:
            moments.remove(at)
            if not moments:
                del self._moments[name]


def _place(address: str | None) -> str:
    """What one machine can speak from: of IPv6 the whole /64, in which it can choose."""
    try:
        parsed = ip_address(address or "")
    except ValueError:  # none: the instance's own socket
        return ""
    return str(ip_network(f"{parsed}/64", strict=False)) if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None else str(parsed)
