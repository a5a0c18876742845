"""People and sources: their names, and whose token this is. What people may do are facts (`facts`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.catalog.facts import in_force
from storage.catalog.names import OfficeId, PersonId, SourceId
from storage.catalog.schema import person, person_fact, source
from storage.catalog.states import FactKind
from storage.errors import NameTaken, NotFound

__all__ = [
    "Credential",
    "Person",
    "Source",
    "add_person",
    "add_source",
    "all_people",
    "all_sources",
    "disable_source",
    "holds_still",
    "password_of",
    "person_by_name",
    "person_of_token",
    "source_of_token",
]


@dataclass(frozen=True, slots=True)
class Person:
    """A person who may sign in. Her name is hers for good."""

    id: PersonId
    name: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Credential:
    """The person whose token or password was shown. fact: the id of the fact that says so."""

    person: Person
    fact: str


@dataclass(frozen=True, slots=True)
class Source:
    """A scanner or another machine that deposits for an office."""

    id: SourceId
    name: str
    office: OfficeId


_PERSON = (person.c.id, person.c.name, person.c.made_at)


def _in_force_of_the_enabled() -> sa.Select[str, str, datetime, str, str]:
    at, shut = sa.bindparam("at", type_=person_fact.c.valid_from.type), person_fact.alias()
    disabled = sa.exists().where(shut.c.person_id == person.c.id, shut.c.kind == FactKind.DISABLED, in_force(shut, at))
    told = sa.select(*_PERSON, person_fact.c.id, person_fact.c.value).join_from(person, person_fact)
    return told.where(in_force(person_fact, at), ~disabled)


_CREDENTIALS = _in_force_of_the_enabled()
"""Facts in force at a moment with their people, but of those who are disabled then. What is asked at every request is made once."""

_OF_TOKEN = _CREDENTIALS.where(person_fact.c.kind == FactKind.CREDENTIAL, person_fact.c.value == sa.bindparam("token"))
_SOURCE_OF_TOKEN = sa.select(source.c.id, source.c.name, source.c.office_id).where(
    source.c.token_hash == sa.bindparam("token"),
    sa.or_(source.c.disabled_at.is_(None), source.c.disabled_at > sa.bindparam("at", type_=source.c.disabled_at.type)),
)


def add_person(connection: sa.Connection, new: Person) -> None:
    """Add a person, who may do nothing until facts say so. Raises NameTaken, also for the name of a source: the log names both."""
    _require_free(connection, new.name)
    connection.execute(person.insert().values(id=new.id, name=new.name, made_at=new.made_at))


def all_people(connection: sa.Connection) -> tuple[Person, ...]:
    """Every person there is or was, by name."""
    return tuple(Person(*row) for row in connection.execute(sa.select(*_PERSON).order_by(person.c.name)))


def person_by_name(connection: sa.Connection, name: str) -> Person | None:
    """The person of this name."""
    row = connection.execute(sa.select(*_PERSON).where(person.c.name == name)).one_or_none()
    return None if row is None else Person(*row)


def person_of_token(connection: sa.Connection, token_hash: str, at: datetime) -> Credential | None:
    """Whose token has this hash (hex), at `at`; None for a token that is nobody's then, or of a person who is disabled then."""
    row = connection.execute(_OF_TOKEN, {"token": token_hash, "at": at}).one_or_none()
    return None if row is None else _credential(*row)[0]


def password_of(connection: sa.Connection, name: str, at: datetime) -> tuple[Credential, str] | None:
    """The hash of the password that the person of this name has at `at`; None where she has none, is disabled then, or there is no such person."""
    found = _CREDENTIALS.where(person_fact.c.kind == FactKind.PASSWORD, person.c.name == name)
    row = connection.execute(found.order_by(person_fact.c.valid_from.desc(), person_fact.c.id).limit(1), {"at": at}).one_or_none()
    return None if row is None else _credential(*row)


def holds_still(connection: sa.Connection, credential: Credential, at: datetime) -> bool:
    """Whether a credential is still hers at `at`, and she not disabled."""
    return connection.execute(_CREDENTIALS.where(person_fact.c.id == credential.fact), {"at": at}).one_or_none() is not None


def _credential(person: str, name: str, made_at: datetime, fact: str, value: str) -> tuple[Credential, str]:
    return Credential(Person(PersonId(person), name, made_at), fact), value


def add_source(connection: sa.Connection, new: Source, token_hash: str, at: datetime) -> None:
    """Add a source. token_hash: hex. Raises NameTaken, also for the name of a person."""
    _require_free(connection, new.name)
    values = {"id": new.id, "name": new.name, "office_id": new.office, "token_hash": token_hash, "made_at": at}
    connection.execute(source.insert().values(values))


def all_sources(connection: sa.Connection) -> tuple[Source, ...]:
    """Every source there is or was, by name."""
    return tuple(Source(*row) for row in connection.execute(sa.select(source.c.id, source.c.name, source.c.office_id).order_by(source.c.name)))


def disable_source(connection: sa.Connection, name: str, at: datetime) -> None:
    """Shut a source out from `at` on. Raises NotFound where there is none of this name that is not shut out already."""
    enabled = sa.and_(source.c.name == name, source.c.disabled_at.is_(None))
    if connection.execute(source.update().where(enabled).values(disabled_at=at)).rowcount != 1:
        raise NotFound


def source_of_token(connection: sa.Connection, token_hash: str, at: datetime) -> Source | None:
    """The source whose token has this hash (hex), unless it is shut out at `at`."""
    row = connection.execute(_SOURCE_OF_TOKEN, {"token": token_hash, "at": at}).one_or_none()
    return None if row is None else Source(*row)


def _require_free(connection: sa.Connection, name: str) -> None:
    for names in (person.c.name, source.c.name):
        if connection.execute(sa.select(names).where(names == name)).first() is not None:
            raise NameTaken(name=name)
