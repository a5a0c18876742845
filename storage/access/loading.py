"""The subject of a request, from the catalog's rows."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from storage.access.subject import Subject, subject_at
from storage.catalog.facts import facts_at
from storage.catalog.names import PersonId
from storage.catalog.offices import offices_within

__all__ = ["load_subject"]


def load_subject(connection: sa.Connection, person: PersonId, at: datetime) -> Subject | None:
    """The person as she stands at `at`, or None if she is disabled then. Asked at every request: a fact that ended counts no more.

    Raises TooManyGrants as `subject_at` does.
    """
    return subject_at(person, facts_at(connection, person, at), lambda own: offices_within(connection, own, at), at)
