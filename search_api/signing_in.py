"""Signing in and out, for the routes and for the pages."""

from __future__ import annotations

from fastapi import Request

from search_api.callers import Caller, address_of, archive_of, caller_given
from search_api.cookies import require_private
from storage.errors import NotAllowed
from storage.vault.keeper.protocol import Json

__all__ = ["PASSWORD_PATIENCE", "described", "sign_in", "sign_out"]

PASSWORD_PATIENCE = 20.0
"""Seconds that the keeper is given to judge a password: they take turns."""


def sign_in(request: Request, name: str, password: str) -> tuple[Caller, str]:
    """The person of this name and password, and the token that her browser is to show from now on (`cookies.give_session`).

    Raises SignInRefused, TooManySignIns; CrossSite, NotPrivate for a page that must not ask for a password; KeeperUnreachable.
    """
    require_private(request)
    given = archive_of(request).keeper.ask_within(PASSWORD_PATIENCE, "sign_in_by_password", name=name, password=password, address=address_of(request))
    return caller_given(request, given), str(given["token"])


def sign_out(request: Request, caller: Caller) -> None:
    """End her session, at once. Raises NotAllowed for a source, which has none."""
    archive_of(request).keeper.ask("sign_out", session=_session(caller), address=caller.actor.address)


def described(request: Request, caller: Caller) -> dict[str, Json]:
    """A person as she is signed in, in JSON; expires: when that ends if she does nothing more, null for a key. Raises NotAllowed for a source."""
    expires = archive_of(request).keeper.ask("session_end", session=_session(caller))["expires"]
    return {
        "person": caller.subject.id.id,
        "name": caller.actor.name,
        "roles": [*sorted(caller.subject.roles)],
        "offices": [*sorted(caller.subject.offices)],
        "clearance": caller.subject.clearance.name,
        "expires": expires,
    }


def _session(caller: Caller) -> str:
    if caller.session is None:
        raise NotAllowed
    return caller.session
