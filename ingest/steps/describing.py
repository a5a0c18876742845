"""Described and classified: what the text says of itself, and the level that follows, with its reasons."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from classification import Classification, HandlingMark, Level
from ingest.desk import Desk
from ingest.papers import Papers
from storage.audit.leaf import Json
from storage.audit.scribe import process
from storage.catalog.audit_rows import add_audit_row
from storage.catalog.names import compartments_text
from storage.catalog.record_facts import Change, RecordFacts
from storage.catalog.records import Classified, advance
from storage.catalog.records import classify as note_level
from storage.catalog.states import State
from storage.catalog.work import Job
from storage.settings import NetworkClass

__all__ = ["classify", "decide_level", "describe", "note_decision"]


def describe(desk: Desk, papers: Papers, job: Job) -> Job | None:
    """Read the header. What it says stands in memory alone until the level is decided; the state says that it can be read."""
    papers.classification()
    return papers.put_off(job, lambda connection: advance(connection, job.record, State.DESCRIBED))


def classify(desk: Desk, papers: Papers, job: Job) -> Job | None:
    """Decide the level. On an instance that may hold no secrets, what looks like one is closed at once and reported."""
    facts = papers.facts()
    decided = decide_level(facts, papers.classification())
    after = replace(
        facts,
        state=State.CLASSIFIED,
        level=decided.level,
        compartments=decided.compartments,
        work_secret=decided.work_secret,
        review=decided.review,
    )
    return papers.put_off(job, lambda connection: note_decision(connection, desk, job, decided, again=False), after)


def note_decision(connection: sa.Connection, desk: Desk, job: Job, decided: Classified, *, again: bool) -> None:
    """Write down what was decided, as an act. again: of a record that is kept."""
    archive = desk.archive
    details: dict[str, Json] = {
        "level": decided.level.name,
        "proposed": None if decided.proposed is None else decided.proposed.name,
        "compartments": compartments_text(decided.compartments),
        "work_secret": decided.work_secret,
        "review": decided.review,
    }
    act = add_audit_row(connection, archive.scribe.row(process("worker"), "classify", record=job.record, details=details))
    if archive.settings.network_class is NetworkClass.CONNECTED and decided.proposed is not None and decided.proposed.confidential:
        add_audit_row(connection, archive.scribe.row(process("worker"), "secret-on-connected", record=job.record, details=details))
    note_level(connection, archive.ids, job.record, decided, Change(archive.clock.now(), act), again=again)


def decide_level(facts: RecordFacts, found: Classification | None) -> Classified:
    """The level of a record. found: None for a type that is not read; it waits for a person at the highest level of its office.

    A record that had a level before keeps at least that: only people lower one. Source: Law 117/2025/QH15 art. 10.
    """
    if found is None:
        decided = Classified(max(facts.office_highest, Level.MAT), None, frozenset(), work_secret=False, review=True)
    else:
        work_secret = HandlingMark.WORK_SECRET in found.marks
        decided = Classified(found.level, found.proposed_level, found.compartments, work_secret, found.review)
    if facts.level is None:
        return decided
    return Classified(
        max(facts.level, decided.level),
        decided.proposed,
        facts.compartments | decided.compartments,
        facts.work_secret or decided.work_secret,
        # review closes at MAT; one that was decided higher by a person is not asked about again for less
        (decided.review and decided.level >= facts.level) or facts.review,
    )
