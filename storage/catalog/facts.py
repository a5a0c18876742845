"""Dated facts about people: added, superseded, never changed; "as of then" is a parameter of every question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.catalog.names import PersonId
from storage.catalog.schema import person_fact
from storage.catalog.states import FactKind
from storage.errors import NotFound
from storage.ids import IdSource

__all__ = ["NewFact", "PersonFact", "add_fact", "end_fact", "facts_at", "in_force"]


@dataclass(frozen=True, slots=True)
class PersonFact:
    """A fact that holds from `valid_from` until just before `valid_to`. value: as FactKind says of its kind."""

    id: str
    person: PersonId
    kind: FactKind
    value: str
    valid_from: datetime
    valid_to: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether it is in force at this moment."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True, slots=True)
class NewFact:
    """A fact to be added. reason: why, in the words of who decided it."""

    person: PersonId
    kind: FactKind
    value: str
    valid_from: datetime
    valid_to: datetime | None = None
    reason: str | None = None


_COLUMNS = (
    person_fact.c.id,
    person_fact.c.person_id,
    person_fact.c.kind,
    person_fact.c.value,
    person_fact.c.valid_from,
    person_fact.c.valid_to,
)


def _not_superseded(facts: sa.FromClause) -> sa.ColumnElement[bool]:
    """The condition that no other row of `facts` supersedes this one."""
    later = facts.alias()
    return ~sa.exists().where(later.c.supersedes == facts.c.id)


def in_force(facts: sa.FromClause, at: datetime | sa.BindParameter[datetime]) -> sa.ColumnElement[bool]:
    """The condition that a row of `facts` holds at `at`, as far as is known today."""
    return sa.and_(
        facts.c.valid_from <= at,
        sa.or_(facts.c.valid_to.is_(None), facts.c.valid_to > at),
        _not_superseded(facts),
    )


_HOLDING = (  # made once: it is asked at every request
    sa.select(*_COLUMNS)
    .where(person_fact.c.person_id == sa.bindparam("person"), in_force(person_fact, sa.bindparam("at", type_=person_fact.c.valid_from.type)))
    .order_by(person_fact.c.valid_from, person_fact.c.id)
)


def facts_at(connection: sa.Connection, person: PersonId, at: datetime) -> tuple[PersonFact, ...]:
    """The facts about a person that hold at `at`, oldest first."""
    return tuple(PersonFact(*row) for row in connection.execute(_HOLDING, {"person": person, "at": at}))


def add_fact(connection: sa.Connection, ids: IdSource, fact: NewFact, act: str) -> PersonFact:
    """Add a fact. act: the id of this act's audit row, written before in the same transaction."""
    return _insert(connection, ids, fact, act, supersedes=None)


def end_fact(connection: sa.Connection, ids: IdSource, fact_id: str, at: datetime, act: str, reason: str | None) -> PersonFact:
    """End a fact at `at` (at its start, where it has not begun) and return the row that says so. act: as for `add_fact`.

    Raises NotFound where there is no such fact that would still hold at `at`.
    """
    row = connection.execute(sa.select(*_COLUMNS).where(person_fact.c.id == fact_id, _not_superseded(person_fact))).one_or_none()
    if row is None:
        raise NotFound
    old = PersonFact(*row)
    if old.valid_to is not None and old.valid_to <= at:
        raise NotFound
    ended = NewFact(old.person, old.kind, old.value, old.valid_from, max(at, old.valid_from), reason)
    return _insert(connection, ids, ended, act, supersedes=old.id)


def _insert(connection: sa.Connection, ids: IdSource, fact: NewFact, act: str, supersedes: str | None) -> PersonFact:
    id = ids.new(f"fact/{fact.person}/{fact.kind}/{fact.value}/{fact.valid_from.isoformat()}/{supersedes or ''}")  # noqa: A001
    connection.execute(
        person_fact.insert().values(
            id=id,
            person_id=fact.person,
            kind=fact.kind,
            value=fact.value,
            valid_from=fact.valid_from,
            valid_to=fact.valid_to,
            reason=fact.reason,
            supersedes=supersedes,
            act_id=act,
        )
    )
    return PersonFact(id, fact.person, fact.kind, fact.value, fact.valid_from, fact.valid_to)
