"""One act in one transaction, its audit row first: allowed or refused, it is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from storage.access.actions import Action
from storage.access.decision import Decision, decide, may
from storage.access.subject import Subject
from storage.audit.leaf import Json
from storage.audit.scribe import Actor, Scribe
from storage.catalog.audit_rows import add_audit_row
from storage.catalog.engine import Catalog
from storage.catalog.record_facts import RecordFacts, facts_of
from storage.catalog.states import AuditOutcome
from storage.errors import NotAllowed, NotFound

__all__ = ["Deed", "deed"]


@dataclass(frozen=True, slots=True)
class Deed:
    """An allowed act in its transaction. act: the id of its audit row. facts: of the record, or None for an act that is not on one."""

    connection: sa.Connection
    subject: Subject
    actor: Actor
    act: str
    facts: RecordFacts | None

    @property
    def record(self) -> RecordFacts:
        """The record that the act is on."""
        if self.facts is None:
            raise RuntimeError("this act is not on a record")
        return self.facts


@contextmanager
def deed(
    catalog: Catalog,
    scribe: Scribe,
    who: Callable[[sa.Connection], tuple[Subject, Actor]],
    action: Action,
    record: str | None = None,
    details: Mapping[str, Json] | None = None,
    *,
    judge: Callable[[Decision, Subject, RecordFacts | None], Decision] | None = None,
) -> Iterator[Deed]:
    """Decide an act, write its row, and run the block in the same transaction; an error in the block undoes both.

    who: tells who asks, as she stands in this transaction. record: the id as it was asked for, None for an act on no record.
    judge: may turn an allowed act into a refused one, where more than the rules is asked (a second person).
    A refusal is committed before it is raised: NotFound where the record does not exist for her, NotAllowed otherwise.
    """
    with catalog.write() as connection:
        subject, actor = who(connection)
        facts = None if record is None else facts_of(connection, record)
        decision = may(subject, action) if record is None else decide(subject, action, facts)
        if decision.allowed and judge is not None:
            decision = judge(decision, subject, facts)
        outcome = AuditOutcome.DONE if decision.allowed else AuditOutcome.DENIED
        row = scribe.row(actor, action, outcome, right=str(decision.reason), record=record, details=details)
        act = add_audit_row(connection, row)
        if decision.allowed:
            yield Deed(connection, subject, actor, act, facts)
    if not decision.allowed:
        raise NotFound if decision.hidden else NotAllowed
