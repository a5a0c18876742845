"""The level after a new reading: never lower, and a person's own unless she is told something new."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from classification import Compartment, Level, classify_text
from ingest.steps.rereading import decide_again
from storage.catalog.names import Depositor, OfficeId
from storage.catalog.record_facts import RecordFacts
from storage.catalog.states import DepositorKind, State
from storage.ids import RecordId

OPEN, MAT, TOI_MAT, TUYET_MAT = Level
PII = frozenset({Compartment.PETITION_PII})
KEPT = RecordFacts(
    RecordId("a" * 26), OfficeId("vptu"), TUYET_MAT, OPEN, frozenset(), False, None, State.KEPT, False, Depositor(DepositorKind.PERSON, "lan")
)
FOUND = classify_text("Nội dung.")


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("thought", [None, *Level])
@pytest.mark.parametrize("proposed", Level)
def test_no_new_reading_lowers_a_level_or_forgets_a_compartment(level: Level, thought: Level | None, proposed: Level) -> None:
    for by_person, review, unsure in product((False, True), repeat=3):
        facts = replace(KEPT, level=level, compartments=PII, work_secret=True, review=review and level.confidential)
        found = replace(FOUND, level=max(proposed, MAT) if unsure else proposed, proposed_level=proposed, review=unsure, compartments=frozenset())
        decided = decide_again(facts, thought, found, by_person=by_person)
        assert (decided.level >= level, decided.compartments, decided.work_secret, decided.proposed) == (True, PII, True, proposed)
        assert not decided.review or decided.level.confidential
        assert decided.review or not facts.review, "what waits for a person goes on waiting"


@pytest.mark.parametrize(
    ("level", "thought", "proposed", "stands"),
    [
        (OPEN, TOI_MAT, TOI_MAT, True),  # she was told, and decided otherwise
        (OPEN, TOI_MAT, MAT, True),
        (MAT, None, MAT, True),
        (TUYET_MAT, OPEN, TOI_MAT, True),  # less than her own
        (OPEN, MAT, TOI_MAT, False),  # more than she was told
        (OPEN, OPEN, MAT, False),
        (OPEN, None, MAT, False),
        (MAT, OPEN, TOI_MAT, False),
    ],
)
def test_a_person_s_level_gives_way_only_to_what_she_was_not_told(level: Level, thought: Level | None, proposed: Level, stands: bool) -> None:
    found = replace(FOUND, level=proposed, proposed_level=proposed, review=True)
    decided = decide_again(replace(KEPT, level=level), thought, found, by_person=True)
    assert (decided.level, decided.review) == ((level, False) if stands else (proposed, True))


def test_what_the_machine_alone_decided_open_it_closes_when_in_doubt() -> None:
    found = replace(FOUND, level=MAT, proposed_level=OPEN, review=True)
    decided = decide_again(KEPT, OPEN, found, by_person=False)
    assert (decided.level, decided.review) == (MAT, True)
    assert decide_again(KEPT, OPEN, found, by_person=True).level is OPEN


def test_a_type_that_is_not_read_lowers_nothing_and_a_new_compartment_counts_against_a_person_s_level_too() -> None:
    assert decide_again(replace(KEPT, level=MAT), MAT, None, by_person=True).level is MAT
    found = replace(FOUND, level=OPEN, proposed_level=OPEN, review=False, compartments=PII)
    assert decide_again(KEPT, OPEN, found, by_person=True).compartments == PII
