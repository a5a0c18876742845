"""The rules of access, each in two forms that must agree: a test of one record and a clause over the table of records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from itertools import chain, combinations
from typing import Protocol

import sqlalchemy as sa

from classification.levels import Compartment, Level
from storage.access.actions import Action
from storage.access.subject import Subject
from storage.catalog.names import OfficeId
from storage.catalog.record_facts import RecordFacts
from storage.catalog.schema import office
from storage.catalog.states import CLASSIFIED, GONE, DepositorKind, State

__all__ = ["READING", "Denial", "Rule", "ways"]


class Denial(StrEnum):
    """Which rule refused; for the audit log, never for an answer."""

    UNKNOWN = "unknown"
    ROLE = "role"
    GONE = "gone"
    CLEARANCE = "clearance"
    COMPARTMENT = "compartment"
    SCOPE = "scope"
    NEED_TO_KNOW = "need-to-know"
    NOT_DEPOSITOR = "not-depositor"
    NOT_IN_REVIEW = "not-in-review"
    SAME_PERSON = "same-person"


class Rule(Protocol):
    """One condition. denial: what to log where it does not hold. hides: whether the record then does not exist for who asks."""

    denial: Denial
    hides: bool

    def holds(self, subject: Subject, record: RecordFacts) -> bool:
        """Whether the condition holds for this record."""

    def clause(self, subject: Subject, record: sa.FromClause) -> sa.ColumnElement[bool]:
        """The same condition over a table of records."""


class _Role:
    """Her roles allow the act."""

    denial = Denial.ROLE

    def __init__(self, action: Action, *, hides: bool) -> None:
        self._action, self.hides = action, hides

    def holds(self, subject: Subject, record: RecordFacts) -> bool:
        return self._action in subject.actions

    def clause(self, subject: Subject, record: sa.FromClause) -> sa.ColumnElement[bool]:
        return sa.true() if self._action in subject.actions else sa.false()


class _There:
    """It is neither withdrawn nor disposed."""

    denial, hides = Denial.GONE, True

    def holds(self, subject: Subject, record: RecordFacts) -> bool:
        return record.state not in GONE

    def clause(self, subject: Subject, record: sa.FromClause) -> sa.ColumnElement[bool]:
        return record.c.state.not_in(sorted(GONE))


class _Clearance:
    """Her clearance reaches its level, and its office's highest while it is not classified."""

    denial, hides = Denial.CLEARANCE, True

    def holds(self, subject: Subject, record: RecordFacts) -> bool:
        return record.effective_level <= subject.clearance

    def clause(self, subject: Subject, record: sa.FromClause) -> sa.ColumnElement[bool]:
        within = sa.select(office.c.id).where(office.c.highest_level <= subject.clearance)
        return sa.and_(
            sa.or_(record.c.level.is_(None), record.c.level <= subject.clearance),
            sa.or_(record.c.state.in_(sorted(CLASSIFIED)), record.c.office_id.in_(within)),
        )


class _Compartments:
    """She is in each of its compartments."""

    denial, hides = Denial.COMPARTMENT, True

    def holds(self, subject: Subject, record: RecordFacts) -> bool:
        return record.compartments <= subject.compartments

    def clause(self, subject: Subject, record: sa.FromClause) -> sa.ColumnElement[bool]:
        # by the sets that she may read, not by those that she may not: a compartment unknown here stays shut
        return record.c.compartments.in_(list(_subsets(subject.compartments)))


class _Scope:
    """Its office is hers, or below hers, or one whose papers have passed to these."""

    denial, hides = Denial.SCOPE, True

    def holds(self, subject: Subject, record: RecordFacts) -> bool:
        return record.office in subject.scope

    def clause(self, subject: Subject, record: sa.FromClause) -> sa.ColumnElement[bool]:
        return record.c.office_id.in_(_scope_of(subject.offices, subject.at))


class _NeedToKnow:
    """It is open, or she holds one of its tokens: its office's, its case's, its own."""

    denial, hides = Denial.NEED_TO_KNOW, True

    def holds(self, subject: Subject, record: RecordFacts) -> bool:
        return (
            record.is_open
            or (subject.knows_offices and record.office in subject.scope)
            or (record.case is not None and record.case in subject.cases)
            or record.id in subject.records
        )

    def clause(self, subject: Subject, record: sa.FromClause) -> sa.ColumnElement[bool]:
        known = record.c.office_id.in_(_scope_of(subject.offices, subject.at)) if subject.knows_offices else sa.false()
        return sa.or_(
            sa.and_(
                record.c.state.in_(sorted(CLASSIFIED)),
                record.c.level == Level.NON_CONFIDENTIAL,
                record.c.compartments == frozenset[Compartment](),
                sa.not_(record.c.work_secret),
            ),
            known,
            record.c.case_id.in_(sorted(subject.cases)),
            record.c.id.in_(sorted(subject.records)),
        )


class _Depositor:
    """She brought it in."""

    denial, hides = Denial.NOT_DEPOSITOR, True

    def holds(self, subject: Subject, record: RecordFacts) -> bool:
        return record.depositor == subject.id

    def clause(self, subject: Subject, record: sa.FromClause) -> sa.ColumnElement[bool]:
        return sa.and_(record.c.depositor_kind == subject.id.kind, record.c.depositor_id == subject.id.id)


class _PersonsQuarantined:
    """It lies in quarantine, and a person asks."""

    denial, hides = Denial.ROLE, True

    def holds(self, subject: Subject, record: RecordFacts) -> bool:
        return record.state is State.QUARANTINED and subject.id.kind is DepositorKind.PERSON

    def clause(self, subject: Subject, record: sa.FromClause) -> sa.ColumnElement[bool]:
        return record.c.state == State.QUARANTINED if subject.id.kind is DepositorKind.PERSON else sa.false()


class _InReview:
    """It waits for its first classification. Any later change of level is not a review, and may need two persons."""

    denial, hides = Denial.NOT_IN_REVIEW, False

    def holds(self, subject: Subject, record: RecordFacts) -> bool:
        return record.review

    def clause(self, subject: Subject, record: sa.FromClause) -> sa.ColumnElement[bool]:
        return record.c.review.is_(True)


READING: tuple[Rule, ...] = (_Role(Action.READ, hides=True), _There(), _Clearance(), _Compartments(), _Scope(), _NeedToKnow())
"""What must hold, all of it, for a record to exist for who asks."""

_OWN: dict[Action, tuple[Rule, ...]] = {
    Action.UNLOCK: (_Depositor(), _PersonsQuarantined()),
    Action.WITHDRAW: (_Depositor(), _PersonsQuarantined()),
}


def ways(action: Action) -> tuple[tuple[Rule, ...], ...]:
    """The ways to an act on a record, the ordinary one first: an act is allowed if every rule of one way holds."""
    if action is Action.RECEIPT:
        return ((_Depositor(),),)
    ordinary = (*READING, _Role(action, hides=False), *((_InReview(),) if action is Action.REVIEW else ()))
    return (ordinary, _OWN[action]) if action in _OWN else (ordinary,)


def _scope_of(own: frozenset[OfficeId], at: datetime) -> sa.Select[tuple[str]]:
    """The offices of a scope, computed by the database from the few that are her own: no list of ids grows with the tree."""
    scope = sa.select(office.c.id).where(office.c.id.in_(sorted(own))).cte(recursive=True)
    below = sa.select(office.c.id).join(
        scope,
        sa.or_(
            sa.and_(office.c.parent_id == scope.c.id, office.c.valid_from <= at),
            sa.and_(office.c.successor_id == scope.c.id, office.c.valid_to <= at),
        ),
    )
    scope = scope.union(below)
    return sa.select(scope.c.id)


def _subsets(compartments: frozenset[Compartment]) -> Iterator[frozenset[Compartment]]:
    each = sorted(compartments)
    return map(frozenset, chain.from_iterable(combinations(each, size) for size in range(len(each) + 1)))
