"""Who is signed in. Sessions live in the keeper's memory: a keeper that starts anew knows nobody until she asks, or signs in, again."""

from __future__ import annotations

import base64
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from classification.levels import Level
from storage.catalog.people import Credential
from storage.clock import Clock
from storage.errors import KeeperUnreachable, SessionEnded, TooManyOpenings
from storage.ids import IdSource
from storage.vault.keeper.attempts import Attempts
from storage.vault.tokens import token_hash

__all__ = ["Session", "Sessions"]

_LIFETIME = timedelta(hours=12)
_IDLE = timedelta(minutes=30)
"""How long a browser may be silent. Source: NIST SP 800-63B-4 section 2.2.3 asks for an hour at most, and for an end within a day."""
_MOST_BROWSERS = 10
"""Browsers that one person is signed in with: what one session may open is limited, so must be how many she has."""
_WINDOW = timedelta(minutes=1)
_MOST_IN_WINDOW = 1000
"""Parts that one session may have opened of one level in a minute: more than a person reads, less than a leak takes."""
_MOST_REMEMBERED = 100_000


@dataclass(slots=True)
class Session:
    """A person's session. handle: what each later call carries. shown: the hash of what her browser shows; None where she shows her key each time."""

    handle: str
    credential: Credential
    opened_at: datetime
    used_at: datetime
    shown: str | None = None
    openings: dict[Level, deque[datetime]] = field(default_factory=dict)

    @property
    def ends_at(self) -> datetime:
        """When it ends if nobody uses it any more."""
        end = self.opened_at + _LIFETIME
        return end if self.shown is None else min(end, self.used_at + _IDLE)


class Sessions:
    """The sessions of this keeper, the sign-ins that failed, and the audit rows that were already spent on an opening."""

    def __init__(self, ids: IdSource, clock: Clock) -> None:
        self.attempts = Attempts()
        self._ids, self._clock = ids, clock
        self._guard = threading.Lock()
        self._by_handle: dict[str, Session] = {}
        self._by_credential: dict[str, str] = {}
        self._by_token: dict[str, str] = {}
        self._spent: dict[str, None] = {}

    def open(self, credential: Credential) -> tuple[Session, bool]:
        """The session of a key, and whether it was opened just now. The same key has one session at a time."""
        now = self._clock.now()
        with self._guard:
            handle = self._by_credential.get(credential.fact)
            session = self._by_handle.get(handle) if handle else None
            if session is not None and now < session.ends_at:
                return session, False
            if session is not None:
                self._drop(session)
            session = Session(self._ids.new(f"session/{credential.fact}/{now.isoformat()}"), credential, now, now)
            self._by_handle[session.handle], self._by_credential[credential.fact] = session, session.handle
            return session, True

    def open_browser(self, credential: Credential) -> tuple[Session, str]:
        """A new session of someone whose password was right, and the token (256 bits) that her browser is to show; its hash alone stays here."""
        now = self._clock.now()
        with self._guard:
            for ended in [session for session in self._by_handle.values() if session.ends_at <= now]:
                self._drop(ended)
            hers = [session for session in self._by_handle.values() if session.shown and session.credential.person == credential.person]
            if len(hers) >= _MOST_BROWSERS:
                self._drop(min(hers, key=lambda session: session.used_at))
            name = f"session/{credential.fact}/{now.isoformat()}/{len(hers)}"
            token = base64.urlsafe_b64encode(self._ids.salt(name)).decode("ascii").rstrip("=")
            session = Session(self._ids.new(name), credential, now, now, token_hash(token))
            self._by_handle[session.handle], self._by_token[token_hash(token)] = session, session.handle
            return session, token

    def of(self, handle: str) -> Session:
        """The session of a handle, used now. Raises KeeperUnreachable if it is no session, or no longer one.

        A request is given its handle as it begins: one that is not known was given by a keeper that has died since, or ended since, so that
        she is to ask once more.
        """
        with self._guard:
            session = self._used(handle)
        if session is None:
            raise KeeperUnreachable
        return session

    def of_token(self, token: str) -> Session:
        """The session for which a browser shows this token, used now. Raises SessionEnded if there is none, or no longer."""
        with self._guard:
            session = self._used(self._by_token.get(token_hash(token), ""))
        if session is None:
            raise SessionEnded
        return session

    def end(self, which: Callable[[Session], bool]) -> None:
        """End the sessions of which `which` is true, at once."""
        with self._guard:
            for session in [session for session in self._by_handle.values() if which(session)]:
                self._drop(session)

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

    def _used(self, handle: str) -> Session | None:
        now, session = self._clock.now(), self._by_handle.get(handle)
        if session is None or session.ends_at <= now:
            return None
        session.used_at = now
        return session

    def _drop(self, session: Session) -> None:
        del self._by_handle[session.handle]
        if session.shown is not None:
            self._by_token.pop(session.shown, None)
        elif self._by_credential.get(session.credential.fact) == session.handle:
            del self._by_credential[session.credential.fact]
