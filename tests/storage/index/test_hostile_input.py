"""Whatever a person or a document throws at the index, it answers or says InvalidInput."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import InvalidInput
from storage.index.entry import FacetField
from storage.index.filters import parse_filters
from storage.index.merge import ask
from storage.index.query import parse_query
from storage.index.question import Question, Source
from tests.storage.index.index_world import ARCHIVE, Partition, entry, found, search

HOSTILE = [
    '"', "'", '""""', "'; DROP TABLE record; --", "subject_exact:thuế", "{subject_exact text_exact} : thuế", "thuế OR đất",
    "NOT thuế", "thuế AND", "NEAR(thuế đất, 5)", "thuế*", "^thuế", "thuế + đất", "(thuế", "thuế)", "*", "\0", "thuế\0đất",
    "thuế\x00*", "--thuế", "-", "- -", ":", ":thuế", "subject:", "subject:-thuế", "-subject:", "date:", "doc_type:", '-"',
    'subject:"', "=thuế", "nop_thue", "_", "a_b", "\ud800", "thuế\udfff", "ﷺ" * 100, "İ", "ǅ", "½ ²",
    "Z\u0351\u036b\u0343a\u0300" * 40, "\u202ethuế", "e\u0301" * 200, "🙂", "𝕥𝕙𝕦𝕖", "%", "\\", "x'00'", "\n\r\t", "rank", "word",
    "secure-delete", "-" * 499, '"' * 499,
]  # fmt: skip

anything = st.one_of(
    st.text(max_size=60), st.text(alphabet='"-:^*(){}+=_/. \0thuếđất\ud800', max_size=60), st.text(alphabet=st.characters(codec=None), max_size=30)
)


@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_queries_are_answered(archive: list[Source], query: str) -> None:
    with suppress(InvalidInput):
        answer = search(archive, query, facets=tuple(FacetField), snippets=True)
        assert answer.found.total <= 4


@pytest.mark.parametrize("query", ["x" * 1_000_000, '"' * 1_000_000, "- " * 500_000, "đ" * 501])
def test_a_query_of_a_megabyte_is_refused(query: str) -> None:
    with pytest.raises(InvalidInput):
        parse_query(query)


def test_operators_of_the_engine_are_words(asked: list[Source], partition: Partition) -> None:
    partition.put(*ARCHIVE, entry("words", text="AND OR NOT NEAR thuế"))
    assert found(asked, "NEAR thuế") == ["words"]
    assert found(asked, "thuế OR") == ["words"]
    assert found(asked, "thuế*") == found(asked, "thuế") != []


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=anything, field=st.sampled_from(["date", "tag", *FacetField, ""]), value=anything)
def test_any_query_and_filter_is_answered_or_refused(archive: list[Source], query: str, field: str, value: str) -> None:
    with suppress(InvalidInput):
        ask(Question(parse_query(query), parse_filters([(field, value)]), facets=tuple(FacetField), snippets=True), archive)
    with suppress(InvalidInput):
        assert ask(Question(parse_query(query), snippets=True), archive).found.total <= 4


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.characters(codec=None)), subject=anything)
def test_any_text_is_taken_in_and_given_up(asked: list[Source], partition: Partition, text: str, subject: str) -> None:
    hostile = entry("hostile", subject, text + " mốcgiới", file_name=text, tags=frozenset({subject}), issuer=subject, ref_code=subject, doc_type=text)
    partition.put(hostile)
    assert "hostile" in found(asked, "mốcgiới")
    search(asked, "mốcgiới", facets=tuple(FacetField), snippets=True)
    partition.delete(hostile.record_id)
    assert found(asked, "") == []
