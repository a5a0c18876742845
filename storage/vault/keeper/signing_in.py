"""Duties on who asks: by her key, by her password, by what her browser shows; and the end of that."""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Iterator
from datetime import datetime

from storage.audit.rows import leaf_of, open_details
from storage.audit.scribe import Actor
from storage.catalog import people
from storage.catalog.audit_rows import AuditFilter, add_audit_row, audit_rows
from storage.catalog.states import AuditOutcome
from storage.clock import instant
from storage.errors import KeyNotKnown, SessionEnded, SignInRefused, TooManySignIns
from storage.vault.keeper.acting import who_of
from storage.vault.keeper.attempts import WINDOW, Refusal
from storage.vault.keeper.keeper import FIRST, Keeper
from storage.vault.keeper.passwords import Password, Pepper
from storage.vault.keeper.protocol import Json
from storage.vault.keeper.sessions import Session
from storage.vault.keyring import KeyKind
from storage.vault.tokens import token_hash

__all__ = ["SIGN_IN", "pepper_of", "require_password", "resume", "session_end", "sign_in", "sign_in_by_password", "sign_out"]

SIGN_IN, _SIGN_OUT = "sign-in", "sign-out"
_BY_PASSWORD = "password"  # noqa: S105
_MOST_NAMED = 500
"""Characters looked at of what may be a name: more than any has, so that what is cut is nobody's too."""
_MOST_RECALLED = 2000


def sign_in(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Whose token this is. token: as her key file holds it. address: where she asks from, for the log. act: what for, where
    the log is at fault and only some acts are still answered. Answer: session, person, name, credential.

    Raises KeyNotKnown, and writes down that somebody tried.
    """
    now, address = keeper.clock.now(), _text(values.get("address"))
    with keeper.catalog.read() as connection:
        credential = people.person_of_token(connection, token_hash(str(values["token"])), now)
    if credential is None:
        with keeper.catalog.write() as connection:
            add_audit_row(connection, keeper.scribe.row(_nobody(address), SIGN_IN, AuditOutcome.DENIED))
        raise KeyNotKnown
    session, is_new = keeper.sessions.open(credential)
    if is_new:
        with keeper.catalog.write() as connection:
            add_audit_row(connection, keeper.scribe.row(_actor(session, address), SIGN_IN))
    return _told(session)


def sign_in_by_password(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """A new session of the person whose name and password these are. name, password; address: for the log and for its limit.

    Answer: as of `sign_in`, and the `token` that her browser is to show. A name that is nobody's is refused as a wrong password is, after the same
    work. Raises SignInRefused, TooManySignIns, and writes down that somebody tried.
    """
    name, address = unicodedata.normalize("NFC", str(values["name"])[:_MOST_NAMED]).strip(), _text(values.get("address"))
    credential = require_password(keeper, name, Password(str(values.pop("password"))), address)
    session, token = keeper.sessions.open_browser(credential)
    try:
        with keeper.catalog.write() as connection:
            add_audit_row(connection, keeper.scribe.row(_actor(session, address), SIGN_IN, right=_BY_PASSWORD))
    except BaseException:
        keeper.sessions.end(lambda one: one is session)  # no row, no session
        raise
    return _told(session) | {"token": token}


def require_password(keeper: Keeper, name: str, password: Password, address: str | None) -> people.Credential:
    """The person of this name, if this is her password. A wrong one is written down and counts against the name and the address.

    Raises SignInRefused, TooManySignIns.
    """
    attempts, now = keeper.sessions.attempts, keeper.clock.now()
    attempts.recall(lambda: _failed_before(keeper, now))
    refusal, found = attempts.begin(name, address, now), None
    if refusal is None:
        with keeper.catalog.read() as connection:
            found = people.password_of(connection, name, now)
        try:
            is_hers = pepper_of(keeper).matches(password, None if found is None else found[1])
        except TooManySignIns:
            attempts.succeeded(name, address, now)  # nothing was tried
            raise
        if found is not None and is_hers:
            attempts.succeeded(name, address, now)
            return found[0]
        refusal = Refusal.PASSWORD
    denied = keeper.scribe.row(_nobody(address), SIGN_IN, AuditOutcome.DENIED, right=refusal, details={"tried": name})
    with keeper.catalog.write() as connection:
        add_audit_row(connection, denied)
    raise TooManySignIns if refusal is Refusal.ADDRESS_WAITS else SignInRefused


def resume(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Whose session a browser shows. token: as it was given to it. act: as for `sign_in`. Answer: as of `sign_in`.

    Raises SessionEnded: it was silent for too long, she signed out, has another password since, or is disabled.
    """
    session = keeper.sessions.of_token(str(values["token"]))
    with keeper.catalog.read() as connection:
        is_hers = people.holds_still(connection, session.credential, keeper.clock.now())
    if not is_hers:
        keeper.sessions.end(lambda one: one is session)
        raise SessionEnded
    return _told(session)


def session_end(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """When a browser's session ends if nobody uses it. session: its handle. Answer: expires, RFC 3339; null for a key, which opens another."""
    session = keeper.sessions.of(str(values["session"]))
    return {"expires": None if session.shown is None else instant(session.ends_at)}


def sign_out(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """End a session. session: its handle. Raises as `Sessions.of` for one that is none."""
    with keeper.catalog.write() as connection:
        _, actor = who_of(keeper, values, connection)
        add_audit_row(connection, keeper.scribe.row(actor, _SIGN_OUT))
    keeper.sessions.end(lambda session: session.handle == values["session"])
    return {}


def pepper_of(keeper: Keeper) -> Pepper:
    """What hashes passwords in this instance, under a key that no other process has."""
    return Pepper(hmac.digest(bytes(keeper.keyring.secret(KeyKind.CREDENTIALS, FIRST)), b"vankho passwords of people", "sha256"))


def _failed_before(keeper: Keeper, now: datetime) -> Iterator[tuple[str, datetime]]:
    """Names and moments of wrong passwords of late, oldest first, as the log's own rows have them."""
    auditors = keeper.keyring.identity(KeyKind.AUDITORS, FIRST)
    wanted = AuditFilter(action=SIGN_IN, outcome=AuditOutcome.DENIED, since=now - WINDOW)
    with keeper.catalog.read() as connection:
        rows = audit_rows(connection, wanted, _MOST_RECALLED)
    for row in reversed(rows):
        leaf = leaf_of(row) if row.right == Refusal.PASSWORD else None
        details = None if leaf is None else open_details(row, leaf, auditors)
        if details is not None:
            yield str(details.content["tried"]), row.time


def _told(session: Session) -> dict[str, Json]:
    person = session.credential.person
    return {"session": session.handle, "person": person.id, "name": person.name, "credential": session.credential.fact}


def _actor(session: Session, address: str | None) -> Actor:
    person = session.credential.person
    return Actor(person.id, person.name, is_person=True, session=session.handle, address=address)


def _nobody(address: str | None) -> Actor:
    return Actor(None, None, is_person=True, address=address)


def _text(value: Json) -> str | None:
    return None if value is None else str(value)
