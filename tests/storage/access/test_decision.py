"""What each kind of person may do to each kind of record, and what a refusal shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

import pytest
import sqlalchemy as sa
from access_world import LAN, NGA, SCAN, T0, WHO, Undo, insert_record, within

from classification.levels import Compartment, Level
from storage.access import (
    MAX_TOKENS,
    Action,
    Decision,
    Denial,
    PartitionName,
    RecordFacts,
    Right,
    Role,
    Subject,
    clause_for,
    confirms,
    decide,
    decide_unwrap,
    may,
    partitions_for,
    source_subject,
    subject_at,
    tokens_in,
)
from storage.catalog.engine import Catalog
from storage.catalog.facts import PersonFact
from storage.catalog.names import CaseId, OfficeId, SourceId
from storage.catalog.offices import Office, add_office
from storage.catalog.schema import record as record_table
from storage.catalog.states import FactKind, OfficeKind, State
from storage.errors import TooManyGrants
from storage.ids import RecordId

PROVINCE, DISTRICT, MERGED, OTHER = map(OfficeId, ("province", "district", "merged", "other"))
YEAR = timedelta(days=365)
TREE = (
    Office(PROVINCE, "Văn phòng Tỉnh ủy", OfficeKind.PROVINCIAL_COMMITTEE_OFFICE, None, Level.TUYET_MAT, T0 - YEAR),
    Office(DISTRICT, "Huyện ủy", OfficeKind.DISTRICT_COMMITTEE, PROVINCE, Level.TOI_MAT, T0 - YEAR, T0 - timedelta(days=1)),
    Office(MERGED, "Tỉnh ủy cũ", OfficeKind.PROVINCIAL_COMMITTEE_OFFICE, None, Level.MAT, T0 - YEAR, T0 + timedelta(days=1), PROVINCE),
    Office(OTHER, "Tỉnh ủy khác", OfficeKind.PROVINCIAL_COMMITTEE_OFFICE, None, Level.TUYET_MAT, T0 - YEAR),
)
OPEN = RecordFacts(
    id=RecordId("r1"),
    office=PROVINCE,
    office_highest=Level.TUYET_MAT,
    level=Level.NON_CONFIDENTIAL,
    compartments=frozenset(),
    work_secret=False,
    case=None,
    state=State.KEPT,
    review=False,
    depositor=NGA,
)
SECRET = replace(OPEN, level=Level.MAT)
PII = frozenset({Compartment.PETITION_PII})


def fact(kind: FactKind, value: str) -> PersonFact:
    return PersonFact(f"{kind}/{value}", WHO, kind, value, T0 - YEAR)


def person(
    *roles: Role, clearance: Level = Level.TUYET_MAT, office: OfficeId = PROVINCE, at: datetime = T0, more: tuple[PersonFact, ...] = ()
) -> Subject:
    held = [fact(FactKind.ROLE, role) for role in roles]
    held += [fact(FactKind.CLEARANCE, clearance.name), fact(FactKind.OFFICE, office), *more]
    subject = subject_at(WHO, held, within(TREE, at), at)
    assert subject is not None
    return subject


ARCHIVIST, REGISTRAR, OFFICER = person(Role.ARCHIVIST), person(Role.REGISTRAR), person(Role.OFFICER)
AUDITOR, ADMINISTRATOR = person(Role.AUDITOR), person(Role.ADMINISTRATOR)


def test_the_role_must_allow_reading() -> None:
    assert [decide(who, Action.READ, OPEN).allowed for who in (ARCHIVIST, REGISTRAR, OFFICER)] == [True] * 3
    for who, record in product((AUDITOR, ADMINISTRATOR, person()), (OPEN, SECRET)):
        assert decide(who, Action.READ, record) == Decision(allowed=False, reason=Denial.ROLE, hidden=True)


def test_the_clearance_must_reach_the_level() -> None:
    cleared = person(Role.ARCHIVIST, clearance=Level.MAT)
    assert decide(cleared, Action.READ, SECRET) == Decision(allowed=True, reason=Right.OFFICE)
    assert decide(cleared, Action.READ, replace(SECRET, level=Level.TOI_MAT)) == Decision(allowed=False, reason=Denial.CLEARANCE, hidden=True)


def test_a_record_not_yet_classified_counts_as_the_highest_of_its_office() -> None:
    for state, level in product((State.RECEIVED, State.DESCRIBED, State.QUARANTINED), (None, Level.NON_CONFIDENTIAL)):
        record = replace(OPEN, state=state, level=level)
        assert not decide(person(Role.ARCHIVIST, clearance=Level.TOI_MAT), Action.READ, record).allowed
        assert decide(ARCHIVIST, Action.READ, record).reason is Right.OFFICE
        assert not decide(OFFICER, Action.READ, record).allowed


@pytest.mark.parametrize("closed", [{"compartments": PII}, {"work_secret": True}, {"level": Level.MAT}])
def test_a_closed_record_needs_a_token_and_its_compartments(closed: dict[str, object]) -> None:
    record = replace(OPEN, **closed)  # type: ignore[arg-type]
    compartment = fact(FactKind.COMPARTMENT, Compartment.PETITION_PII)
    assert decide(person(Role.OFFICER, more=(compartment,)), Action.READ, record).reason is Denial.NEED_TO_KNOW
    granted = fact(FactKind.GRANT_RECORD, record.id)
    assert decide(person(Role.OFFICER, more=(compartment, granted)), Action.READ, record).reason is Right.GRANT
    member = fact(FactKind.CASE_MEMBER, "case1")
    assert decide(person(Role.OFFICER, more=(compartment, member)), Action.READ, replace(record, case=CaseId("case1"))).reason is Right.CASE
    assert decide(ARCHIVIST, Action.READ, record).allowed == (not record.compartments)


def test_the_office_must_be_in_scope_even_with_a_grant() -> None:
    elsewhere = replace(SECRET, office=OTHER)
    assert decide(person(Role.OFFICER, more=(fact(FactKind.GRANT_RECORD, elsewhere.id),)), Action.READ, elsewhere).reason is Denial.SCOPE
    assert decide(ARCHIVIST, Action.READ, replace(elsewhere, level=Level.NON_CONFIDENTIAL)).reason is Denial.SCOPE


def test_a_higher_office_reads_what_lies_below_also_once_that_has_ended() -> None:
    record = replace(SECRET, office=DISTRICT, office_highest=Level.TOI_MAT)
    assert decide(ARCHIVIST, Action.READ, record).allowed
    assert not decide(person(Role.ARCHIVIST, office=DISTRICT), Action.READ, SECRET).allowed


def test_papers_pass_to_the_successor_when_an_office_ends_and_not_before() -> None:
    record = replace(SECRET, office=MERGED, office_highest=Level.MAT)
    assert not decide(ARCHIVIST, Action.READ, record).allowed
    assert decide(person(Role.ARCHIVIST, at=T0 + timedelta(days=1)), Action.READ, record).allowed


def test_what_is_withdrawn_or_disposed_exists_for_nobody_but_its_receipt() -> None:
    for state in (State.WITHDRAWN, State.DISPOSED):
        record = replace(OPEN, state=state, depositor=LAN)
        assert all(decide(ARCHIVIST, action, record).hidden for action in set(Action) - {Action.RECEIPT})
        assert decide(ARCHIVIST, Action.RECEIPT, record).allowed


def test_a_refusal_shows_only_what_may_be_read() -> None:
    assert decide(OFFICER, Action.EDIT, OPEN) == Decision(allowed=False, reason=Denial.ROLE, hidden=False)
    assert decide(OFFICER, Action.EDIT, SECRET).hidden
    assert decide(OFFICER, Action.EDIT, None) == Decision(allowed=False, reason=Denial.UNKNOWN, hidden=True)


def test_only_a_record_in_review_is_reviewed() -> None:
    assert decide(ARCHIVIST, Action.REVIEW, replace(SECRET, review=True)).allowed
    assert decide(ARCHIVIST, Action.REVIEW, SECRET) == Decision(allowed=False, reason=Denial.NOT_IN_REVIEW, hidden=False)


def test_the_depositor_unlocks_or_withdraws_what_she_cannot_read() -> None:
    hers = replace(OPEN, state=State.QUARANTINED, level=None, depositor=LAN)
    allowed = {action for action in Action if decide(OFFICER, action, hers).allowed}
    assert allowed == {Action.UNLOCK, Action.WITHDRAW, Action.RECEIPT}
    assert decide(OFFICER, Action.UNLOCK, hers).reason is Right.DEPOSITOR
    assert {action for action in Action if decide(OFFICER, action, replace(hers, depositor=NGA)).allowed} == set()
    assert {action for action in Action if decide(OFFICER, action, replace(hers, state=State.RECEIVED)).allowed} == {Action.RECEIPT}


def test_a_source_deposits_and_asks_for_its_own_receipts_alone() -> None:
    scan = source_subject(SourceId(SCAN.id), PROVINCE, T0)
    assert {action for action in Action if may(scan, action).allowed} == {Action.DEPOSIT}
    for state in State:
        record = replace(OPEN, state=state, depositor=SCAN)
        assert {action for action in Action if decide(scan, action, record).allowed} == {Action.RECEIPT}
        assert not any(decide(scan, action, replace(record, depositor=LAN)).allowed for action in Action)
    assert partitions_for(scan, {PartitionName(PROVINCE)}) == frozenset()


def test_no_role_holds_both_the_rights_of_others_and_the_records() -> None:
    powers = {Action.MANAGE_PEOPLE, Action.RAISE_CLEARANCE, Action.MANAGE_SOURCES, Action.MANAGE_HOSTS, Action.AUDIT_READ}
    for who in (ARCHIVIST, REGISTRAR, OFFICER):
        assert not powers & who.actions
    assert not AUDITOR.actions & ADMINISTRATOR.actions & powers


def test_lowering_and_destroying_take_two_different_people_who_both_may() -> None:
    nga = replace(ARCHIVIST, id=NGA)
    for action in (Action.RECLASSIFY_DOWN, Action.SHRED):
        assert decide(ARCHIVIST, action, SECRET).second_person_needed
        assert confirms(ARCHIVIST, nga, action, SECRET).allowed
        assert confirms(ARCHIVIST, ARCHIVIST, action, SECRET).reason is Denial.SAME_PERSON
        assert not confirms(ARCHIVIST, replace(nga, clearance=Level.NON_CONFIDENTIAL), action, SECRET).allowed
    assert not decide(ARCHIVIST, Action.RECLASSIFY_UP, SECRET).second_person_needed
    assert may(ADMINISTRATOR, Action.RAISE_CLEARANCE).second_person_needed
    assert not confirms(ADMINISTRATOR, nga, Action.RAISE_CLEARANCE, None).allowed


def test_a_row_that_somebody_lowered_or_moved_opens_nothing() -> None:
    sealed = replace(SECRET, wrapped=PartitionName(PROVINCE, Level.TOI_MAT, PII))
    lowered = replace(sealed, level=Level.NON_CONFIDENTIAL)
    reader = person(Role.OFFICER, clearance=Level.MAT)
    assert decide(reader, Action.READ, lowered).allowed
    assert decide_unwrap(reader, Action.READ, lowered).reason is Denial.CLEARANCE
    assert decide_unwrap(ARCHIVIST, Action.READ, lowered).reason is Denial.COMPARTMENT
    moved = replace(SECRET, wrapped=PartitionName(OTHER, Level.MAT))
    assert decide_unwrap(ARCHIVIST, Action.READ, moved).reason is Denial.SCOPE
    work = replace(OPEN, wrapped=PartitionName(PROVINCE, Level.NON_CONFIDENTIAL))
    assert decide_unwrap(OFFICER, Action.READ, work).reason is Denial.NEED_TO_KNOW
    assert decide_unwrap(OFFICER, Action.READ, replace(OPEN, wrapped=PartitionName(PROVINCE))) == decide(OFFICER, Action.READ, OPEN)
    assert not decide_unwrap(OFFICER, Action.READ, replace(SECRET, wrapped=PartitionName(PROVINCE))).allowed


def test_who_is_disabled_is_nobody() -> None:
    assert subject_at(WHO, [fact(FactKind.ROLE, Role.ARCHIVIST), fact(FactKind.DISABLED, "")], within(TREE, T0), T0) is None


def test_an_expired_grant_opens_nothing_and_is_known_to_have_opened_then() -> None:
    grant = replace(fact(FactKind.GRANT_RECORD, SECRET.id), valid_to=T0)
    assert decide(person(Role.OFFICER, more=(grant,)), Action.READ, SECRET).reason is Denial.NEED_TO_KNOW
    assert decide(person(Role.OFFICER, more=(grant,), at=T0 - timedelta(seconds=1)), Action.READ, SECRET).reason is Right.GRANT


def test_of_two_clearances_the_higher_counts_so_that_ending_one_never_raises() -> None:
    assert person(clearance=Level.TOI_MAT, more=(fact(FactKind.CLEARANCE, Level.MAT.name),)).clearance is Level.TOI_MAT
    assert person(clearance=Level.MAT).clearance is Level.MAT


def test_facts_about_others_do_not_count() -> None:
    foreign = replace(fact(FactKind.ROLE, Role.ARCHIVIST), person=NGA.id)  # type: ignore[arg-type]
    assert person(more=(foreign,)).roles == frozenset()


def test_a_question_never_carries_more_than_1024_tokens() -> None:
    grants = tuple(fact(FactKind.GRANT_RECORD, f"r{n}") for n in range(MAX_TOKENS - 1))
    full = person(Role.ARCHIVIST, more=grants)
    assert len(tokens_in(full, PartitionName(PROVINCE, Level.MAT))) == MAX_TOKENS
    with pytest.raises(TooManyGrants):
        person(Role.ARCHIVIST, more=(*grants, fact(FactKind.CASE_MEMBER, "case1")))


def test_a_search_asks_own_and_lower_offices_up_to_the_clearance() -> None:
    names = {PartitionName(office, level) for office in (PROVINCE, DISTRICT, OTHER) for level in (None, *Level)}
    asked = partitions_for(person(Role.ARCHIVIST, clearance=Level.MAT), names | {PartitionName(PROVINCE, Level.MAT, PII)})
    assert {str(name) for name in asked} == {
        "open/province",
        "open/district",
        "closed/province/NON_CONFIDENTIAL/",
        "closed/province/MAT/",
        "closed/district/NON_CONFIDENTIAL/",
        "closed/district/MAT/",
    }
    assert {str(name) for name in partitions_for(OFFICER, names)} == {"open/province", "open/district"}
    assert partitions_for(AUDITOR, names) == frozenset()


def every_record() -> list[RecordFacts]:
    levels, compartments = (Level.NON_CONFIDENTIAL, Level.MAT, Level.TUYET_MAT), (frozenset[Compartment](), PII)
    kinds = product(State, levels, (PROVINCE, DISTRICT, MERGED), compartments, (None, CaseId("case1")), (LAN, NGA))
    highest = {office.id: office.highest_level for office in TREE}
    return [
        RecordFacts(RecordId(f"r{n}"), office, highest[office], level, group, n % 3 == 0, case, state, n % 5 == 0 and level > 0, depositor)
        for n, (state, level, office, group, case, depositor) in enumerate(kinds)
    ]


def every_subject() -> list[Subject]:
    more = (
        (),
        (fact(FactKind.COMPARTMENT, Compartment.PETITION_PII), fact(FactKind.CASE_MEMBER, "case1")),
        tuple(fact(FactKind.GRANT_RECORD, f"r{n}") for n in range(0, 720, 7)),
    )
    roles = (Role.ARCHIVIST, Role.REGISTRAR, Role.OFFICER, Role.AUDITOR)
    people = [person(role, clearance=level, more=each) for role, level, each in product(roles, (Level.MAT, Level.TUYET_MAT), more)]
    return [*people, source_subject(SourceId(SCAN.id), PROVINCE, T0)]


def test_decision_and_clause_agree_on_every_kind_of_record(catalog: Catalog) -> None:
    records, distinguished = every_record(), set()
    actions = (Action.READ, Action.EDIT, Action.REVIEW, Action.UNLOCK, Action.RECEIPT)  # the others have the ways of one of these
    with pytest.raises(Undo), catalog.write() as connection:
        for office in TREE:
            add_office(connection, office)
        for record in records:
            insert_record(connection, record)
        for subject, action in product(every_subject(), actions):
            decided = {record.id for record in records if decide(subject, action, record).allowed}
            assert set(connection.execute(sa.select(record_table.c.id).where(clause_for(subject, action, record_table))).scalars()) == decided
            if 0 < len(decided) < len(records):
                distinguished.add(action)
        raise Undo
    assert distinguished == set(actions)
