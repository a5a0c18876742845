"""Who calls, and what a route asks of her: every route declares its policy, and one that does not fails when the app is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts

from search_api.cookies import require_same_origin, session_token
from storage.access import Action, Subject, source_subject
from storage.access.loading import load_subject
from storage.archive import Archive
from storage.audit.scribe import Actor
from storage.catalog.audit_rows import add_audit_row
from storage.catalog.names import PersonId
from storage.catalog.people import source_of_token
from storage.catalog.states import AuditOutcome
from storage.errors import KeyNotKnown, NotAllowed, NotFound
from storage.vault.keeper.protocol import Json
from storage.vault.tokens import token_hash

__all__ = [
    "Caller",
    "Policy",
    "address_of",
    "anyone",
    "archive_of",
    "caller_given",
    "caller_of",
    "policy",
    "policy_of",
    "require_policies",
    "second_caller",
    "signed_in",
]

_F = TypeVar("_F", bound=Callable[..., object])
_ATTRIBUTE = "__policy__"
_SECOND = "Vankho-Second"
_DOORS = frozenset({("POST", "/api/v1/sessions")})
"""Routes below /api that ask for no key, because they are how one is known: method and path."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a route asks before it begins. action: one that the caller's role must allow at all, whatever the record; None where
    whoever is known may ask, and what she sees is decided by what is hers. anyone: whether nobody has to be known."""

    action: Action | None
    anyone: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. credential: the id of the fact or source whose token was shown. session: the keeper's handle; None for a source."""

    subject: Subject
    actor: Actor
    credential: str
    session: str | None

    def as_of(self, connection: sa.Connection) -> tuple[Subject, Actor]:
        """The caller as she stands in this transaction. Raises KeyNotKnown if she was shut out since."""
        if self.session is None:
            return self.subject, self.actor
        subject = load_subject(connection, PersonId(self.subject.id.id), self.subject.at)
        if subject is None:
            raise KeyNotKnown
        return subject, self.actor


def policy(action: Action | None) -> Callable[[_F], _F]:
    """Declare what a route asks of its caller."""

    def declare(endpoint: _F) -> _F:
        setattr(endpoint, _ATTRIBUTE, Policy(action))
        return endpoint

    return declare


def anyone(endpoint: _F) -> _F:
    """Declare that a route asks for no key: what it tells is nobody's, and it sees for itself from where it is asked."""
    setattr(endpoint, _ATTRIBUTE, Policy(None, anyone=True))
    return endpoint


def policy_of(endpoint: Callable[..., object]) -> Policy:
    """What a route declared. Raises AttributeError if it declared nothing."""
    declared: Policy = getattr(endpoint, _ATTRIBUTE)
    return declared


def require_policies(app: FastAPI) -> None:
    """Raise RuntimeError for a route without a policy, that it asks for no key included, and for such a one below /api that is no door."""
    for context in iter_route_contexts(app.routes):  # the routes of an included router are not among the app's own
        route, path = context.original_route, str(context.path)
        if not isinstance(route, APIRoute):
            continue
        declared = getattr(route.endpoint, _ATTRIBUTE, None)
        if not isinstance(declared, Policy):
            raise RuntimeError(f"{path} declares no policy")
        is_door = {(method, path) for method in route.methods or ()} <= _DOORS
        if declared.anyone and path.startswith("/api") and not is_door:
            raise RuntimeError(f"{path} asks for no key")


def archive_of(request: Request) -> Archive:
    """The instance that the app serves."""
    archive: Archive = request.app.state.archive
    return archive


def caller_of(request: Request) -> Caller:
    """Who calls, once the route's policy lets her in.

    A role that lacks the act is told so (403) on a route without an id; on one with an id nothing is there for it (404).
    She shows her key in `Authorization`; in its place a browser shows the cookie of a session.
    Raises KeyNotKnown for a token that is nobody's (SessionEnded for a cookie's), CrossSite for an act that another site's page made her browser
    ask for, KeeperUnreachable where people cannot be told apart now.
    """
    archive = archive_of(request)
    caller = _known(archive, request)
    action = _asked_act(request)
    if action is not None and action not in caller.subject.actions:
        asked = next(iter(request.path_params.values()), None)
        denied = archive.scribe.row(caller.actor, action, AuditOutcome.DENIED, right="role", record=None if asked is None else str(asked))
        with archive.catalog.write() as connection:
            add_audit_row(connection, denied)
        raise NotAllowed if asked is None else NotFound
    return caller


def signed_in(request: Request) -> Caller | None:
    """The person who asks, by key or cookie, whatever the route's policy; None where nobody is known, and for a source.

    Raises CrossSite and KeeperUnreachable as `caller_of` does.
    """
    try:
        caller = _known(archive_of(request), request)
    except KeyNotKnown:
        return None
    return None if caller.session is None else caller


def second_caller(request: Request) -> Caller | None:
    """The second person of an act that takes two, known by her own key. Raises KeyNotKnown for a token that is nobody's."""
    token = request.headers.get(_SECOND)
    return None if token is None else _by_key(archive_of(request), token, request)


def caller_given(request: Request, given: dict[str, Json]) -> Caller:
    """The person whom the keeper recognised, out of its answer. Raises KeyNotKnown if she was shut out since."""
    archive = archive_of(request)
    person, session = PersonId(str(given["person"])), str(given["session"])
    with archive.catalog.read() as connection:
        subject = load_subject(connection, person, archive.clock.now())
    if subject is None:
        raise KeyNotKnown
    office = min(subject.offices, default=None)
    actor = Actor(person, str(given["name"]), is_person=True, office=office, session=session, address=address_of(request))
    return Caller(subject, actor, str(given["credential"]), session)


def address_of(request: Request) -> str | None:
    """Where a request comes from, as the log shall have it."""
    return None if request.client is None else request.client.host


def _known(archive: Archive, request: Request) -> Caller:
    cookie = None if "authorization" in request.headers else session_token(request)
    if cookie is None:
        return _by_key(archive, _token(request), request)
    require_same_origin(request)
    return caller_given(request, archive.keeper.ask("resume", token=cookie, act=_asked_act(request)))


def _by_key(archive: Archive, token: str, request: Request) -> Caller:
    now, address = archive.clock.now(), address_of(request)
    with archive.catalog.read() as connection:
        source = source_of_token(connection, token_hash(token), now)
    if source is not None:
        actor = Actor(source.id, source.name, is_person=False, office=source.office, address=address)
        return Caller(source_subject(source.id, source.office, now), actor, source.id, None)
    return caller_given(request, archive.keeper.ask("sign_in", token=token, address=address, act=_asked_act(request)))


def _asked_act(request: Request) -> Action | None:
    action: Action | None = getattr(request.scope["route"].endpoint, _ATTRIBUTE).action
    return action


def _token(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise KeyNotKnown
    return token.strip()
