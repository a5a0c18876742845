"""Dated facts: what holds at a moment, and that ending one changes nothing about before."""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa
from catalog_world import LAN, OFFICE, T0, World, later

from classification.levels import Compartment, Level
from storage.catalog import schema
from storage.catalog.facts import NewFact, PersonFact, add_fact, end_fact, facts_at
from storage.catalog.names import OfficeId, PartitionName, PersonId, SourceId, parse_compartments
from storage.catalog.offices import Office, add_office, all_offices, end_office, offices_within
from storage.catalog.partitions import add_partition_key
from storage.catalog.people import (
    Person,
    Source,
    add_person,
    add_source,
    all_people,
    disable_source,
    holds_still,
    password_of,
    person_by_name,
    person_of_token,
    source_of_token,
)
from storage.catalog.record_facts import Change, facts_of, facts_then
from storage.catalog.records import Classified, classify, keep, withdraw
from storage.catalog.states import FactKind, OfficeKind
from storage.errors import NameTaken, NotFound

WHO = PersonId(LAN.id)


def add(world: World, kind: FactKind, value: str, start: datetime = T0, end: datetime | None = None) -> PersonFact:
    with world.catalog.write() as connection:
        act = world.act(connection, f"{kind}/{value}/{start}")
        return add_fact(connection, world.ids, NewFact(WHO, kind, value, start, end), act)


def end(world: World, fact: PersonFact, at: datetime) -> PersonFact:
    with world.catalog.write() as connection:
        return end_fact(connection, world.ids, fact.id, at, world.act(connection, f"end/{fact.id}/{at}"), "task is done")


def values(world: World, at: datetime) -> list[str]:
    with world.catalog.read() as connection:
        return [fact.value for fact in facts_at(connection, WHO, at)]


def test_a_fact_holds_from_its_start_until_just_before_its_end(world: World) -> None:
    add(world, FactKind.ROLE, "officer", later(10), later(20))
    assert [values(world, later(seconds)) for seconds in (9, 10, 19, 20)] == [[], ["officer"], ["officer"], []]


def test_ending_a_fact_leaves_what_held_before(world: World) -> None:
    fact = add(world, FactKind.ROLE, "officer")
    end(world, fact, later(50))
    assert (values(world, later(49)), values(world, later(50))) == (["officer"], [])


def test_a_fact_that_has_not_begun_ends_without_ever_holding(world: World) -> None:
    fact = add(world, FactKind.ROLE, "officer", later(100))
    end(world, fact, later(50))
    assert values(world, later(100)) == values(world, later(50)) == []


def test_an_end_can_be_brought_forward_and_not_undone(world: World) -> None:
    fact = add(world, FactKind.ROLE, "officer")
    ended = end(world, fact, later(50))
    end(world, ended, later(30))
    assert (values(world, later(29)), values(world, later(30))) == (["officer"], [])
    for old in (fact, ended):
        with pytest.raises(NotFound):
            end(world, old, later(60))


def test_a_token_is_nobodys_once_its_fact_ends_or_its_owner_is_disabled(world: World) -> None:
    fact = add(world, FactKind.CREDENTIAL, "a" * 64)
    add(world, FactKind.DISABLED, "", later(50), later(60))
    end(world, fact, later(80))
    with world.catalog.read() as connection:
        owners = [person_of_token(connection, "a" * 64, later(seconds)) for seconds in (49, 50, 60, 80)]
        assert [None if owner is None else owner.person.name for owner in owners] == ["lan", None, "lan", None]
        assert person_of_token(connection, "b" * 64, T0) is None


def test_a_password_is_hers_until_its_fact_ends_or_she_is_disabled(world: World) -> None:
    fact = add(world, FactKind.PASSWORD, "$argon2id$", later(10))
    add(world, FactKind.DISABLED, "", later(50), later(60))
    end(world, fact, later(80))
    with world.catalog.read() as connection:
        found = [password_of(connection, "lan", later(seconds)) for seconds in (9, 10, 49, 50, 60, 79, 80)]
        hers = ("lan", "$argon2id$")
        assert [one and (one[0].person.name, one[1]) for one in found] == [None, hers, hers, None, hers, hers, None]
        assert found[1] is not None
        held = [holds_still(connection, found[1][0], later(seconds)) for seconds in (9, 10, 49, 50, 60, 79, 80)]
        assert held == [one is not None for one in found]
        assert password_of(connection, "nga", later(10)) is None


def test_a_name_is_given_once_to_people_and_sources_together(world: World) -> None:
    with world.catalog.write() as connection:
        add_source(connection, Source(SourceId("s1"), "scan1", OFFICE), "c" * 64, T0)
        with pytest.raises(NameTaken):
            add_source(connection, Source(SourceId("s2"), "lan", OFFICE), "d" * 64, T0)
        with pytest.raises(NameTaken):
            add_person(connection, Person(PersonId("p2"), "scan1", T0))
        assert all_people(connection) == (person_by_name(connection, "lan"),)


def test_a_source_that_is_shut_out_is_nobody_from_then_on(world: World) -> None:
    scan = Source(SourceId("s1"), "scan1", OFFICE)
    with world.catalog.write() as connection:
        add_source(connection, scan, "c" * 64, T0)
        disable_source(connection, "scan1", later(50))
        assert [source_of_token(connection, "c" * 64, later(seconds)) for seconds in (49, 50)] == [scan, None]
        with pytest.raises(NotFound):
            disable_source(connection, "scan1", later(60))


def test_an_office_ends_once_and_its_id_is_never_given_again(world: World) -> None:
    old = Office(OfficeId("h28"), "Văn phòng Tỉnh ủy Hòa Bình", OfficeKind.PROVINCIAL_COMMITTEE_OFFICE, None, Level.MAT, T0)
    with world.catalog.write() as connection:
        add_office(connection, old)
        end_office(connection, old.id, later(50), OFFICE)
        ended = next(office for office in all_offices(connection) if office.id == old.id)
        assert (ended.valid_to, ended.successor) == (later(50), OFFICE)
        with pytest.raises(NotFound):
            end_office(connection, old.id, later(60), OFFICE)
        with pytest.raises(NameTaken):
            add_office(connection, old)


def test_of_an_office_all_below_it_are_reached_and_from_its_end_on_the_one_that_it_took_over(world: World) -> None:
    district, ward, coming, old = map(OfficeId, ("district", "ward", "coming", "old"))
    with world.catalog.write() as connection:
        for name, parent, since in ((district, OFFICE, 0), (ward, district, 0), (coming, OFFICE, 40), (old, None, 0)):
            add_office(connection, Office(name, name, OfficeKind.OTHER, parent, Level.MAT, later(since)))
        end_office(connection, ward, later(10), None)
        end_office(connection, old, later(50), district)

        def reached(seconds: float, *own: OfficeId) -> set[OfficeId]:
            return set(offices_within(connection, frozenset(own), later(seconds)))

        assert reached(39, OFFICE) == {OFFICE, district, ward}
        assert reached(49, OFFICE) == {OFFICE, district, ward, coming}
        assert reached(50, OFFICE) == {OFFICE, district, ward, coming, old}
        assert reached(50, ward, old) == {ward, old}
        assert reached(50, OfficeId("never")) == reached(50) == set()
        connection.execute(schema.office.update().where(schema.office.c.id == OFFICE).values(parent_id=ward))
        assert reached(0, ward) == {OFFICE, district, ward}  # a ring ends


def test_a_records_level_of_then_is_known_after_it_changed(world: World) -> None:
    id, mat = world.take("a").record, world.partition(PartitionName(OFFICE, Level.MAT))  # noqa: A001
    assert id is not None
    decided = Classified(Level.MAT, None, frozenset({Compartment.PETITION_PII}), work_secret=False, review=False)
    with world.catalog.write() as connection:
        connection.execute(schema.record.update().values(state="described"))
        classify(connection, world.ids, id, decided, Change(later(10), world.act(connection, "classify")))
        keep(connection, id, mat, 1, later(10))
        raised = Classified(Level.TOI_MAT, None, frozenset(), work_secret=False, review=False)
        classify(connection, world.ids, id, raised, Change(later(20), world.act(connection, "raise")), again=True)
        withdraw(connection, world.ids, id, Change(later(30), world.act(connection, "withdraw")))
    with world.catalog.read() as connection:
        then = {seconds: facts_then(connection, id, later(seconds)) for seconds in (-1, 0, 10, 20, 30)}
    assert then[-1] is None
    assert then[30] is None
    assert [(facts.level, facts.compartments, facts.effective_level) for facts in (then[0], then[10], then[20]) if facts is not None] == [
        (None, frozenset(), Level.TUYET_MAT),
        (Level.MAT, frozenset({Compartment.PETITION_PII}), Level.MAT),
        (Level.TOI_MAT, frozenset(), Level.TOI_MAT),
    ]


def test_a_record_that_is_not_there_has_no_facts(world: World) -> None:
    with world.catalog.read() as connection:
        assert facts_of(connection, "Đ' OR 1=1 --") is None
        assert facts_then(connection, "none", T0) is None


def test_a_fact_without_a_change_is_not_written_again(world: World) -> None:
    id = world.take("a").record  # noqa: A001
    assert id is not None
    decided = Classified(Level.MAT, None, frozenset(), work_secret=False, review=True)
    with world.catalog.write() as connection:
        connection.execute(schema.record.update().values(state="described"))
        classify(connection, world.ids, id, decided, Change(later(10), world.act(connection, "1")))
        keep(connection, id, world_partition(connection), 1, later(10))
        before = connection.execute(sa.select(sa.func.count()).select_from(schema.record_fact)).scalar_one()
        classify(connection, world.ids, id, decided, Change(later(20), world.act(connection, "2")), again=True)
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.record_fact)).scalar_one() == before


def world_partition(connection: sa.Connection) -> PartitionName:
    return add_partition_key(connection, PartitionName(OFFICE, Level.MAT), "age1pq1x", T0).partition


@pytest.mark.parametrize(
    "text",
    ["open/h37", "closed/h37/MAT/", "closed/h37/TUYET_MAT/DENOUNCER_IDENTITY+PETITION_PII", "closed/h37/NON_CONFIDENTIAL/"],
)
def test_a_partition_has_one_name(text: str) -> None:
    assert str(PartitionName.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "open",
        "open/",
        "open/H37",
        "open/h37/",
        "open/../keys",
        "open/h37\n",
        "closed/h37/MAT",
        "closed/h37/mat/",
        "closed/h37/MAT/PETITION_PII+DENOUNCER_IDENTITY",
        "closed/h37/MAT/PETITION_PII+PETITION_PII",
        "closed/h37/MAT/PETITION_PII+",
        "closed/h37/MAT/OTHER",
        "closed/h37/1/",
    ],
)
def test_other_spellings_name_no_partition(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        PartitionName.parse(text)


def test_compartments_have_one_text() -> None:
    with pytest.raises(ValueError, match="canonical"):
        parse_compartments("PETITION_PII+DENOUNCER_IDENTITY")
