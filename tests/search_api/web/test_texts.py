"""Every text is there in both languages, and is used."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from string import Formatter

import pytest

from classification import HandlingMark, HeaderWarning, MarkKind, Unread, Urgency
from classification.levels import Compartment
from classification.rules import RuleCode
from search_api.web.texts import LANGUAGES, texts_in
from storage.access import Action
from storage.catalog.states import AuditOutcome, State
from storage.index.entry import FacetField
from storage.index.question import Sort

ROOM = Path(texts_in.__wrapped__.__code__.co_filename).parent
SOURCES = "\n".join(path.read_text("utf-8") for path in (*ROOM.glob("*.py"), *ROOM.glob("templates/*.html")))
CODES = {
    "state": State,
    "urgency": set(Urgency) - {Urgency.NONE},
    "mark": [mark.name for mark in HandlingMark],
    "compartment": Compartment,
    "ground": [*MarkKind, *RuleCode, *Unread, *HandlingMark],
    "warning": [warning.name for warning in HeaderWarning],
    "outcome": AuditOutcome,
    "action": Action,
    "facet": FacetField,
    "sort": Sort,
    "part": ["original", "access", "text"],
}


def test_each_text_is_there_in_both_languages_with_the_same_placeholders() -> None:
    first, second = (texts_in(lang).table for lang in LANGUAGES)
    assert first.keys() == second.keys()
    for key in first:
        assert _placeholders(first[key]) == _placeholders(second[key]), key


def test_each_text_says_something_in_characters_of_one_form() -> None:
    for lang in LANGUAGES:
        for key, text in texts_in(lang).table.items():
            assert text.strip() == text != "", key
            assert unicodedata.is_normalized("NFC", text), key


@pytest.mark.parametrize("section", CODES)
def test_each_code_has_its_name(section: str) -> None:
    assert [code for code in CODES[section] if f"{section}.{code}" not in texts_in("vi").table] == []


def test_each_text_is_used_and_each_that_is_used_is_there() -> None:
    quoted = set(re.findall(r"[\"']([a-z_]+\.[a-z_]+)[\"']", SOURCES))
    labelled = set(re.findall(r"\.label\([\"']([a-z]+)[\"']", SOURCES))
    table = texts_in("vi").table.keys()
    assert {key for key in table if key not in quoted and key.partition(".")[0] not in labelled} == set()
    said = {key for call in re.findall(r"\bt\(([^,)]*)", SOURCES) for key in re.findall(r"[\"']([^\"']*)[\"']", call)}
    assert len(said) > 60
    assert said - table == set()


def _placeholders(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
