"""Who asks: a person or source with the rights that are in force at one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from classification.levels import Compartment, Level
from storage.access.actions import Action, Role, actions_of
from storage.catalog.facts import PersonFact
from storage.catalog.names import CaseId, Depositor, OfficeId, PersonId, SourceId
from storage.catalog.states import DepositorKind, FactKind
from storage.errors import TooManyGrants
from storage.ids import RecordId

__all__ = ["MAX_TOKENS", "Subject", "case_token", "office_token", "record_token", "source_subject", "subject_at"]

MAX_TOKENS = 1024
"""The most need-to-know tokens that a question to one partition carries: its office's, and those of cases and grants."""

_OFFICE_READERS = frozenset({Role.ARCHIVIST, Role.REGISTRAR})
"""Roles that need to know whatever their office and those below it hold. All others need a case or a grant."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks, at the moment `at`.

    offices: her own; scope: these, all below them, and those whose papers have passed to one of them.
    cases, records: what she is a member of or was granted, in force at `at`.
    """

    id: Depositor
    at: datetime
    roles: frozenset[Role] = frozenset()
    clearance: Level = Level.NON_CONFIDENTIAL
    compartments: frozenset[Compartment] = frozenset()
    offices: frozenset[OfficeId] = frozenset()
    scope: frozenset[OfficeId] = frozenset()
    cases: frozenset[CaseId] = frozenset()
    records: frozenset[RecordId] = frozenset()

    @property
    def actions(self) -> frozenset[Action]:
        """What her roles let her do. A source deposits and sees its own receipts, nothing else."""
        if self.id.kind is DepositorKind.SOURCE:
            return frozenset({Action.DEPOSIT})
        return frozenset[Action]().union(*(actions_of(role) for role in self.roles))

    @property
    def knows_offices(self) -> bool:
        """Whether she needs to know all closed records of the offices in her scope."""
        return bool(self.roles & _OFFICE_READERS)

    @property
    def tokens(self) -> frozenset[str]:
        """Her need-to-know tokens: `office:<id>`, `case:<id>`, `record:<id>`."""
        offices = self.scope if self.knows_offices else frozenset[OfficeId]()
        return frozenset({*map(office_token, offices), *map(case_token, self.cases), *map(record_token, self.records)})


def office_token(office: OfficeId) -> str:
    """The token of all records of an office."""
    return f"office:{office}"


def case_token(case: CaseId) -> str:
    """The token of all records of a case."""
    return f"case:{case}"


def record_token(record: RecordId) -> str:
    """The token of one record."""
    return f"record:{record}"


def subject_at(
    person: PersonId, facts: Iterable[PersonFact], within: Callable[[frozenset[OfficeId]], frozenset[OfficeId]], at: datetime
) -> Subject | None:
    """The person as she stands at `at`, or None if she is disabled then.

    facts: rows about her that nothing supersedes; those not in force at `at` do not count. within: as `offices_within`, at that moment.
    Facts that contradict each other add up, so that ending a fact never adds a right.
    Raises TooManyGrants if her cases and grants leave no room for an office's token.
    """
    held: dict[FactKind, set[str]] = {kind: set() for kind in FactKind}
    for fact in facts:
        if fact.person == person and fact.holds(at):
            held[fact.kind].add(fact.value)
    if held[FactKind.DISABLED]:
        return None
    cases = held[FactKind.CASE_MEMBER] | held[FactKind.GRANT_CASE]
    if len(cases) + len(held[FactKind.GRANT_RECORD]) >= MAX_TOKENS:
        raise TooManyGrants(limit=MAX_TOKENS - 1)
    own = frozenset(map(OfficeId, held[FactKind.OFFICE]))
    return Subject(
        id=Depositor(DepositorKind.PERSON, person),
        at=at,
        roles=frozenset(map(Role, held[FactKind.ROLE])),
        clearance=max((Level[name] for name in held[FactKind.CLEARANCE]), default=Level.NON_CONFIDENTIAL),
        compartments=frozenset(map(Compartment, held[FactKind.COMPARTMENT])),
        offices=own,
        scope=within(own),
        cases=frozenset(map(CaseId, cases)),
        records=frozenset(map(RecordId, held[FactKind.GRANT_RECORD])),
    )


def source_subject(source: SourceId, office: OfficeId, at: datetime) -> Subject:
    """A scanner or another machine that deposits for an office."""
    return Subject(id=Depositor(DepositorKind.SOURCE, source), at=at, offices=frozenset({office}))
