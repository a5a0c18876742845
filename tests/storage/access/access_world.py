"""Random small worlds: a tree of offices with its changes, one person's dated facts, records in every state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from hypothesis import strategies as st

from classification.levels import Compartment, Level
from storage.access import RecordFacts, Role
from storage.catalog.facts import NewFact, PersonFact
from storage.catalog.names import CaseId, Depositor, OfficeId, PartitionName, PersonId
from storage.catalog.offices import Office
from storage.catalog.partitions import add_partition_key, newest_key
from storage.catalog.schema import record
from storage.catalog.states import CLASSIFIED, DepositorKind, FactKind, OfficeKind, Reason, State
from storage.ids import RecordId

T0 = datetime(2026, 11, 24, tzinfo=UTC)
WHO = PersonId("lan")
LAN = Depositor(DepositorKind.PERSON, WHO)
NGA = Depositor(DepositorKind.PERSON, "nga")
SCAN = Depositor(DepositorKind.SOURCE, WHO)  # a source with the id of a person is still not that person

OFFICES = tuple(OfficeId(f"o{n}") for n in range(5))
CASES = tuple(CaseId(f"case{n}") for n in range(2))
RECORDS = tuple(RecordId(f"r{n:02}") for n in range(8))

days = st.integers(-3, 3).map(lambda n: T0 + timedelta(days=n))
levels = st.sampled_from(Level)
compartment_sets = st.frozensets(st.sampled_from(Compartment))


class Undo(Exception):
    """Ends a test's transaction without a trace."""


@dataclass(frozen=True, slots=True)
class RandomWorld:
    at: datetime
    offices: tuple[Office, ...]
    facts: tuple[NewFact, ...]
    records: tuple[RecordFacts, ...]


def as_rows(facts: tuple[NewFact, ...]) -> tuple[PersonFact, ...]:
    return tuple(PersonFact(str(n), fact.person, fact.kind, fact.value, fact.valid_from, fact.valid_to) for n, fact in enumerate(facts))


@st.composite
def office_trees(draw: st.DrawFn) -> tuple[Office, ...]:
    """Parents and successors may be any other office, and may even form rings: the rules must bear what people enter."""
    offices = []
    for id in OFFICES:  # noqa: A001
        others = st.sampled_from([other for other in OFFICES if other != id])
        start = draw(days)
        end = draw(st.none() | days.map(lambda day, start=start: max(day, start + timedelta(hours=1))))
        successor = None if end is None else draw(st.none() | others)
        offices.append(Office(id, id, OfficeKind.OTHER, draw(st.none() | others), draw(levels), start, end, successor))
    return tuple(offices)


def _facts_of(kind: FactKind, values: st.SearchStrategy[str], count: int) -> st.SearchStrategy[list[NewFact]]:
    def fact(value: str, start: datetime, lasting: int | None) -> NewFact:
        return NewFact(WHO, kind, value, start, None if lasting is None else start + timedelta(days=lasting))

    return st.lists(st.builds(fact, values, days, st.none() | st.integers(0, 4)), max_size=count)


facts = st.tuples(
    _facts_of(FactKind.ROLE, st.sampled_from(Role).map(str), 3),
    _facts_of(FactKind.CLEARANCE, levels.map(lambda level: level.name), 2),
    _facts_of(FactKind.COMPARTMENT, st.sampled_from(Compartment).map(str), 2),
    _facts_of(FactKind.OFFICE, st.sampled_from(OFFICES), 2),
    _facts_of(FactKind.CASE_MEMBER, st.sampled_from(CASES), 1),
    _facts_of(FactKind.GRANT_CASE, st.sampled_from(CASES), 1),
    _facts_of(FactKind.GRANT_RECORD, st.sampled_from(RECORDS), 3),
).map(lambda lists: tuple(fact for each in lists for fact in each))


@st.composite
def record_facts(draw: st.DrawFn, id: RecordId, offices: tuple[Office, ...]) -> RecordFacts:  # noqa: A002
    office, state, level = draw(st.sampled_from(offices)), draw(st.sampled_from(State)), draw(levels)
    review = draw(st.booleans()) and level > Level.NON_CONFIDENTIAL
    return RecordFacts(
        id=id,
        office=office.id,
        office_highest=office.highest_level,
        level=level if state in CLASSIFIED or review or draw(st.booleans()) else None,
        compartments=draw(compartment_sets),
        work_secret=draw(st.booleans()),
        case=draw(st.none() | st.sampled_from(CASES)),
        state=state,
        review=review,
        depositor=draw(st.sampled_from([LAN, NGA, SCAN])),
    )


@st.composite
def worlds(draw: st.DrawFn, count: int = len(RECORDS)) -> RandomWorld:
    offices = draw(office_trees())
    held = draw(facts)
    if held and draw(st.booleans()):  # most random people may do nothing; half of these may do something
        held = (*held, NewFact(WHO, FactKind.ROLE, draw(st.sampled_from(["archivist", "officer"])), T0 - timedelta(days=9)))
        held = (*held, NewFact(WHO, FactKind.OFFICE, draw(st.sampled_from(OFFICES)), T0 - timedelta(days=9)))
        held = (*held, NewFact(WHO, FactKind.CLEARANCE, Level.TUYET_MAT.name, T0 - timedelta(days=9)))
    return RandomWorld(draw(days), offices, held, tuple(draw(record_facts(name, offices)) for name in RECORDS[:count]))


def insert_record(connection: sa.Connection, facts: RecordFacts) -> None:
    at_rest = facts.state in (State.KEPT, State.QUARANTINED, State.WITHDRAWN)
    wrapped = facts.home if at_rest else None
    if wrapped is not None and newest_key(connection, wrapped) is None:
        add_partition_key(connection, wrapped, f"age1pq1{wrapped}", T0)
    connection.execute(
        record.insert().values(
            id=facts.id,
            office_id=facts.office,
            level=facts.level,
            compartments=facts.compartments,
            work_secret=facts.work_secret,
            case_id=facts.case,
            state=facts.state,
            reason=Reason.DAMAGED if facts.state is State.QUARANTINED else None,
            review=facts.review,
            wrapped_partition=wrapped,
            wrapped_n=1,
            depositor_kind=facts.depositor.kind,
            depositor_id=facts.depositor.id,
            duplicate_tag=facts.id,
            size_shown=1,
            received_at=T0,
            kept_at=T0 if facts.state is State.KEPT else None,
        )
    )


def every_partition() -> frozenset[PartitionName]:
    sets = [frozenset[Compartment](), *(frozenset({c}) for c in Compartment), frozenset(Compartment)]
    closed = {PartitionName(office, level, names) for office in OFFICES for level in Level for names in sets}
    return frozenset(closed | {PartitionName(office) for office in OFFICES})


def within(offices: Iterable[Office], at: datetime) -> Callable[[frozenset[OfficeId]], frozenset[OfficeId]]:
    """What `offices_within` finds in a catalog that holds these offices."""
    below: dict[OfficeId, list[OfficeId]] = {}
    known = set()
    for office in offices:
        known.add(office.id)
        if office.parent is not None and office.valid_from <= at:
            below.setdefault(office.parent, []).append(office.id)
        if office.successor is not None and office.valid_to is not None and office.valid_to <= at:
            below.setdefault(office.successor, []).append(office.id)

    def reached_from(own: frozenset[OfficeId]) -> frozenset[OfficeId]:
        reached: set[OfficeId] = set()
        waiting = list(own & known)
        while waiting:
            office_id = waiting.pop()
            if office_id not in reached:
                reached.add(office_id)
                waiting += below.get(office_id, [])
        return frozenset(reached)

    return reached_from
