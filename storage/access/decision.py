"""The decision on one act: allowed by which right, or refused by which rule, and whether the refusal may be seen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from storage.access.actions import TWO_PERSONS, Action
from storage.access.rules import Denial, Rule, ways
from storage.access.subject import Subject
from storage.catalog.record_facts import RecordFacts

__all__ = ["Decision", "Right", "clause_for", "confirms", "decide", "decide_unwrap", "may"]


class Right(StrEnum):
    """By which right an act is allowed; for the audit log."""

    ROLE = "role"
    OPEN = "open"
    OFFICE = "office"
    CASE = "case"
    GRANT = "grant"
    DEPOSITOR = "depositor"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules say.

    reason: the right that allows, or the rule that refuses. hidden: refused, and the record does not exist for who asked
    (404); a refusal that is not hidden may be told (403). second_person_needed: allowed once a second person confirms.
    """

    allowed: bool
    reason: Right | Denial
    hidden: bool = False
    second_person_needed: bool = False


def decide(subject: Subject, action: Action, record: RecordFacts | None) -> Decision:
    """Whether `subject` may do `action` to `record`; None is a record that is not there.

    Source: docs/access.md; Law 117/2025/QH15 art. 11-15 for who handles secrets.
    """
    if record is None:
        return Decision(allowed=False, reason=Denial.UNKNOWN, hidden=True)
    ordinary, *others = ways(action)
    refusing = _refusing(ordinary, subject, record)
    if refusing is None:
        return Decision(allowed=True, reason=_right(subject, action, record), second_person_needed=action in TWO_PERSONS)
    if any(_refusing(way, subject, record) is None for way in others):
        return Decision(allowed=True, reason=Right.DEPOSITOR, second_person_needed=action in TWO_PERSONS)
    return Decision(allowed=False, reason=refusing.denial, hidden=refusing.hides)


def decide_unwrap(subject: Subject, action: Action, record: RecordFacts | None) -> Decision:
    """What the keeper of the keys decides by: both what the row says and what the parts are sealed to must allow the act.

    So a row that somebody lowered, or moved to another office, opens nothing.
    """
    decision = decide(subject, action, record)
    if record is None or not decision.allowed:
        return decision
    sealed = decide(subject, action, record.as_wrapped())
    return decision if sealed.allowed else sealed


def may(subject: Subject, action: Action) -> Decision:
    """Whether her roles allow an act that is not on a record, or on a list of which each record is then decided."""
    if action in subject.actions:
        return Decision(allowed=True, reason=Right.ROLE, second_person_needed=action in TWO_PERSONS)
    return Decision(allowed=False, reason=Denial.ROLE)


def confirms(first: Subject, second: Subject, action: Action, record: RecordFacts | None) -> Decision:
    """Whether `second` may confirm what `first` asked for: another person, who may do the act herself.

    record: None for an act that is not on a record.
    """
    if first.id == second.id:
        return Decision(allowed=False, reason=Denial.SAME_PERSON)
    return may(second, action) if record is None else decide(second, action, record)


def clause_for(subject: Subject, action: Action, record: sa.FromClause) -> sa.ColumnElement[bool]:
    """The condition, over a table or alias of records, that `decide` allows the act; from the same rules."""
    return sa.or_(*(sa.and_(*(rule.clause(subject, record) for rule in way)) for way in ways(action)))


def _refusing(way: tuple[Rule, ...], subject: Subject, record: RecordFacts) -> Rule | None:
    return next((rule for rule in way if not rule.holds(subject, record)), None)


def _right(subject: Subject, action: Action, record: RecordFacts) -> Right:
    if action is Action.RECEIPT:
        return Right.DEPOSITOR
    if record.is_open:
        return Right.OPEN
    if subject.knows_offices and record.office in subject.scope:
        return Right.OFFICE
    return Right.CASE if record.case in subject.cases else Right.GRANT
