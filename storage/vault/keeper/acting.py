"""An act of whoever holds a session: decided by the keeper, by the facts of this moment, and written down."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

import sqlalchemy as sa

from storage.access import Action, Subject
from storage.access.deeds import Deed, deed
from storage.access.loading import load_subject
from storage.audit.leaf import Json as Detail
from storage.audit.scribe import Actor, person_actor
from storage.errors import KeyNotKnown
from storage.vault.keeper.keeper import Keeper
from storage.vault.keeper.protocol import Json

__all__ = ["deed_of", "who_of"]


def deed_of(
    keeper: Keeper, values: dict[str, Json], action: Action, details: Mapping[str, Detail], record: str | None = None
) -> AbstractContextManager[Deed]:
    """One act in one transaction. values: the duty's, with `session`, and `address` for the log.

    Raises KeyNotKnown if she is disabled by now, and what storage.access.deeds.deed raises.
    """
    return deed(keeper.catalog, keeper.scribe, lambda connection: who_of(keeper, values, connection), action, record, details)


def who_of(keeper: Keeper, values: dict[str, Json], connection: sa.Connection) -> tuple[Subject, Actor]:
    """Whoever holds the session, as she stands now. Raises KeyNotKnown if she is disabled by now."""
    session, address = keeper.sessions.of(str(values["session"])), values.get("address")
    person = session.credential.person
    subject = load_subject(connection, person.id, keeper.clock.now())
    if subject is None:
        raise KeyNotKnown
    office = min(subject.offices, default=None)
    return subject, person_actor(person, office, session.handle, None if address is None else str(address))
