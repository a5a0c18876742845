"""The decision, the clause over the table and the partitions with their tokens name the same records, in any world."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa
from access_world import T0, WHO, RandomWorld, Undo, as_rows, every_partition, insert_record, levels, within, worlds
from hypothesis import given, settings

from classification.levels import Compartment, Level
from storage.access import Action, RecordFacts, Subject, clause_for, decide, partitions_for, subject_at, tokens_in, tokens_of
from storage.access.loading import load_subject
from storage.catalog.audit_rows import AuditRow, add_audit_row
from storage.catalog.engine import Catalog
from storage.catalog.facts import add_fact
from storage.catalog.record_facts import facts_of
from storage.catalog.schema import office, record
from storage.catalog.states import CLASSIFIED, GONE, AuditOutcome, State
from storage.ids import RandomIds


def fill(connection: sa.Connection, world: RandomWorld) -> None:
    for each in world.offices:
        values = {"id": each.id, "name": each.name, "kind": each.kind, "highest_level": each.highest_level}
        connection.execute(office.insert().values(**values, valid_from=each.valid_from, valid_to=each.valid_to))
    for each in world.offices:
        connection.execute(office.update().where(office.c.id == each.id).values(parent_id=each.parent, successor_id=each.successor))
    act = add_audit_row(connection, AuditRow("act", T0, "test", AuditOutcome.DONE, "{}"))
    for fact in world.facts:
        add_fact(connection, RandomIds(), fact, act)
    for each_record in world.records:
        insert_record(connection, each_record)


@settings(max_examples=40, deadline=None)
@given(worlds())
def test_decision_clause_and_partitions_agree(catalog: Catalog, world: RandomWorld) -> None:
    try:
        with catalog.write() as connection:
            fill(connection, world)
            subject = load_subject(connection, WHO, world.at)
            assert subject == subject_at(WHO, as_rows(world.facts), within(world.offices, world.at), world.at)
            assert subject is not None
            for action in Action:
                decided = {each.id for each in world.records if decide(subject, action, each).allowed}
                found = connection.execute(sa.select(record.c.id).where(clause_for(subject, action, record))).scalars()
                assert set(found) == decided
            readable = {each.id for each in world.records if decide(subject, Action.READ, each).allowed}
            assert asked(subject, world.records) == readable
            for each in world.records:
                loaded = facts_of(connection, each.id)
                assert loaded is not None
                assert replace(loaded, wrapped=None) == each
            raise Undo
    except Undo:
        pass


def asked(subject: Subject, records: tuple[RecordFacts, ...]) -> set[str]:
    """What a search finds: all of the open partitions asked, and of the closed ones what bears a token; nothing withdrawn is in an index."""
    partitions = partitions_for(subject, every_partition())
    return {
        each.id
        for each in records
        if each.state not in GONE and each.home in partitions and (each.home.is_open or tokens_of(each) & tokens_in(subject, each.home))
    }


def subject_of(world: RandomWorld) -> Subject:
    subject = subject_at(WHO, as_rows(world.facts), within(world.offices, world.at), world.at)
    assert subject is not None
    return subject


def allowed(subject: Subject, record: RecordFacts) -> set[Action]:
    return {action for action in Action if decide(subject, action, record).allowed}


@settings(max_examples=100, deadline=None)
@given(worlds(count=1), levels)
def test_a_higher_level_or_another_compartment_never_adds_a_right(world: RandomWorld, level: Level) -> None:
    subject, (record,) = subject_of(world), world.records
    raised = replace(record, level=max(level, record.level or Level.NON_CONFIDENTIAL))
    assert allowed(subject, raised) <= allowed(subject, record)
    for compartment in Compartment:
        assert allowed(subject, replace(record, compartments=record.compartments | {compartment})) <= allowed(subject, record)
    assert allowed(subject, replace(record, work_secret=True)) <= allowed(subject, record)
    if record.state in CLASSIFIED:
        assert allowed(subject, replace(record, state=State.RECEIVED)) <= allowed(subject, record)


@settings(max_examples=100, deadline=None)
@given(worlds(count=1))
def test_a_fact_that_ends_never_adds_a_right(world: RandomWorld) -> None:
    before, (record,) = subject_of(world), world.records
    for ended in range(len(world.facts)):
        after = subject_of(replace(world, facts=world.facts[:ended] + world.facts[ended + 1 :]))
        assert allowed(after, record) <= allowed(before, record)
    lower = replace(before, clearance=Level.NON_CONFIDENTIAL)
    assert allowed(lower, record) <= allowed(before, record)
    assert allowed(replace(before, compartments=frozenset()), record) <= allowed(before, record)


@settings(max_examples=100, deadline=None)
@given(worlds(count=0))
def test_only_facts_of_that_moment_count(world: RandomWorld) -> None:
    in_force = tuple(fact for fact in as_rows(world.facts) if fact.holds(world.at))
    reach = within(world.offices, world.at)
    assert subject_at(WHO, as_rows(world.facts), reach, world.at) == subject_at(WHO, in_force, reach, world.at)
    expired = tuple(fact for fact in as_rows(world.facts) if fact.valid_to is not None and fact.valid_to <= world.at)
    nobody = subject_at(WHO, expired, reach, world.at)
    assert nobody is not None
    assert (nobody.actions, nobody.tokens, nobody.scope) == (frozenset(), frozenset(), frozenset())
