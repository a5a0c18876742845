"""A new person and the facts that she begins with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from classification.levels import Compartment, Level
from storage.access import Role
from storage.catalog.facts import NewFact, add_fact
from storage.catalog.names import OfficeId, PersonId
from storage.catalog.people import Person, add_person
from storage.catalog.states import FactKind
from storage.ids import IdSource

__all__ = ["Enrolment", "enrol"]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Who she is and what she may do. token_sha256: hex, of the token in her key file."""

    name: str
    office: OfficeId
    roles: tuple[Role, ...]
    clearance: Level
    compartments: tuple[Compartment, ...]
    token_sha256: str

    def facts(self) -> Iterable[tuple[FactKind, str]]:
        """Kind and value of each fact about her."""
        yield FactKind.CREDENTIAL, self.token_sha256
        yield FactKind.OFFICE, self.office
        yield FactKind.CLEARANCE, self.clearance.name
        yield from ((FactKind.ROLE, role.value) for role in self.roles)
        yield from ((FactKind.COMPARTMENT, compartment.value) for compartment in self.compartments)


def enrol(connection: sa.Connection, ids: IdSource, new: Enrolment, at: datetime, act: str) -> PersonId:
    """Add the person in the transaction of the act whose audit row is `act`. Raises NameTaken."""
    person = PersonId(ids.new(f"person/{new.name}"))
    add_person(connection, Person(person, new.name, at))
    for kind, value in new.facts():
        add_fact(connection, ids, NewFact(person, kind, value, at), act)
    return person
