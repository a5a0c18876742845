"""Who is signed in. Sessions live in the keeper's memory: a keeper that starts anew knows nobody until she asks again."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from classification.levels import Level
from storage.catalog.people import Credential
from storage.clock import Clock
from storage.errors import KeyNotKnown, TooManyOpenings
from storage.ids import IdSource

__all__ = ["Session", "Sessions"]

_LIFETIME = timedelta(hours=12)
_WINDOW = timedelta(minutes=1)
_MOST_IN_WINDOW = 1000
"""Parts that one session may have opened of one level in a minute: more than a person reads, less than a leak takes."""
_MOST_REMEMBERED = 100_000


@dataclass(slots=True)
class Session:
    """A person's session. handle: what each later call carries."""

    handle: str
    credential: Credential
    opened_at: datetime
    openings: dict[Level, deque[datetime]] = field(default_factory=dict)


class Sessions:
    """The sessions of this keeper, and the audit rows that were already spent on an opening."""

    def __init__(self, ids: IdSource, clock: Clock) -> None:
        self._ids, self._clock = ids, clock
        self._guard = threading.Lock()
        self._by_handle: dict[str, Session] = {}
        self._by_credential: dict[str, str] = {}
        self._spent: dict[str, None] = {}

    def open(self, credential: Credential) -> tuple[Session, bool]:
        """The session of a credential, and whether it was opened just now. The same credential has one session at a time."""
        now = self._clock.now()
        with self._guard:
            handle = self._by_credential.get(credential.fact)
            session = self._by_handle.get(handle) if handle else None
            if session is not None and now - session.opened_at < _LIFETIME:
                return session, False
            if handle is not None:
                self._by_handle.pop(handle, None)
            session = Session(self._ids.new(f"session/{credential.fact}/{now.isoformat()}"), credential, now)
            self._by_handle[session.handle], self._by_credential[credential.fact] = session, session.handle
            return session, True

    def of(self, handle: str) -> Session:
        """The session of a handle. Raises KeyNotKnown if it is no session, or no longer one."""
        with self._guard:
            session = self._by_handle.get(handle)
        if session is None or self._clock.now() - session.opened_at >= _LIFETIME:
            raise KeyNotKnown
        return session

    def spend(self, audit_id: str) -> bool:
        """Use up an audit row: False if an opening was already given for it."""
        with self._guard:
            if audit_id in self._spent:
                return False
            self._spent[audit_id] = None
            if len(self._spent) > _MOST_REMEMBERED:  # the oldest are refused by their age anyway
                del self._spent[next(iter(self._spent))]
            return True

    def count_opening(self, session: Session, level: Level) -> None:
        """Raises TooManyOpenings if the session opens more of this level than a person reads."""
        now = self._clock.now()
        with self._guard:
            recent = session.openings.setdefault(level, deque())
            while recent and now - recent[0] >= _WINDOW:
                recent.popleft()
            if len(recent) >= _MOST_IN_WINDOW:
                raise TooManyOpenings
            recent.append(now)
