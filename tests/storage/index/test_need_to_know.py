"""Need-to-know in closed partitions: records that a person may not read change nothing in what she sees."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing as shutting
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from classification.levels import Level
from storage.access.subject import MAX_TOKENS
from storage.ids import RecordId
from storage.index.entry import FacetField, IndexEntry
from storage.index.filters import Is
from storage.index.merge import Answer
from storage.index.question import Sort
from tests.storage.index.index_world import ARCHIVE, Closing, ElasticClosed, Embedded, Partition, entry, found, search

WORDS = ["mật", "mặt", "thuế", "thuê", "đất", "rừng", "nộp", "15-CV/VPTU", "zqxjkvw", "quạtchanh"]
HERS = frozenset({"case:hers", "record:r3", "office:hers"})


@pytest.fixture
def closed(closing: Closing) -> Iterator[Partition]:
    with shutting(closing.make("closed")) as made:
        yield made


texts = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
tokens = st.sets(st.sampled_from(["case:hers", "case:theirs", "record:r3", "record:r4", "office:theirs"]), min_size=1).map(frozenset)
records = st.lists(st.tuples(texts, texts, tokens, st.integers(0, 3)), min_size=1, max_size=8)
queries = st.one_of(texts, texts.map(lambda text: f'"{text}"'), texts.map(lambda text: f"-{text}"), texts.map(lambda text: f"subject:{text}"))


def entries(drawn: list[tuple[str, str, frozenset[str], int]]) -> list[IndexEntry]:
    return [
        entry(
            f"r{number}", subject, text, tokens=known, date=date(2025, 1, 1) + timedelta(day), doc_type="AB"[day % 2], issuer=f"cơ quan {day}",
            level=Level(day), tags=frozenset(text.split()[:2]), ref_code=f"{number}-CV/VPTU",
        )
        for number, (subject, text, known, day) in enumerate(drawn)
    ]  # fmt: skip


def ask_everything(engine: Closing, partition: Partition, query: str) -> list[Answer]:
    source = engine.closed_source(partition, HERS)
    return [
        search([source], query, *filters, sort=sort, limit=limit, facets=tuple(FacetField), snippets=True)
        for sort, limit, filters in itertools.product(Sort, (2, 100), ((), (Is(FacetField.DOC_TYPE, ("A",)),)))
    ]


Drawn = list[tuple[str, str, frozenset[str], int]]


def in_twins(engine: Closing, drawn: Drawn, asked: list[str]) -> list[str]:
    """The answers to her, which a partition without what she does not know gives just so."""
    everything = entries(drawn)
    with shutting(engine.make("full")) as full, shutting(engine.make("twin")) as twin:
        full.put(*everything)
        twin.put(*(one for one in everything if one.tokens & HERS))
        answers = [repr(ask_everything(engine, full, query)) for query in asked]
        assert answers == [repr(ask_everything(engine, twin, query)) for query in asked]
    return answers


@contextmanager
def in_memory() -> Iterator[Embedded]:
    with TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        yield Embedded(Path(folder))


@settings(deadline=None, max_examples=40)
@given(drawn=records, asked=st.lists(queries, min_size=1, max_size=4))
@example(drawn=[("", "nộp thuế", frozenset({"case:hers"}), 1), ("", "zqxjkvw", frozenset({"case:theirs"}), 2)], asked=["nộp thuế zqxjkvw"])
@example(drawn=[("", "nộp", frozenset({"case:hers"}), 1), ("", "nộp thuế đất", frozenset({"case:theirs"}), 2)], asked=["nộp thuế đất rừng"])
def test_hidden_records_change_no_answer(drawn: Drawn, asked: list[str]) -> None:
    with in_memory() as embedded:
        in_twins(embedded, drawn, asked)


@pytest.mark.servers
@settings(deadline=None, max_examples=10)
@given(drawn=records, asked=st.lists(queries, min_size=1, max_size=4))
@example(drawn=[("", "nộp", frozenset({"case:hers"}), 1), ("", "nộp thuế đất", frozenset({"case:theirs"}), 2)], asked=["nộp thuế đất rừng"])
def test_elasticsearch_answers_about_closed_records_to_the_last_digit_as_the_embedded_index(
    elastic_closed: ElasticClosed, drawn: Drawn, asked: list[str]
) -> None:
    with in_memory() as embedded:
        assert in_twins(elastic_closed, drawn, asked) == in_twins(embedded, drawn, asked)


def test_one_token_of_many_is_enough_and_none_finds_nothing(closing: Closing, closed: Partition) -> None:
    for one in ARCHIVE:
        closed.put(replace(one, tokens=frozenset({f"record:{one.record_id}", "case:all"})))
    many = frozenset(f"case:{number}" for number in range(MAX_TOKENS - 1))
    assert found([closing.closed_source(closed, many | {"record:tax"})], "thuế") == ["tax"]
    assert found([closing.closed_source(closed, many | {"case:all"})], "") == ["report", "land", "tax", "plain"]
    assert found([closing.closed_source(closed, many)], "") == []
    assert found([closing.closed_source(closed, frozenset())], "") == []


def test_a_token_that_is_given_up_opens_nothing(closing: Closing, closed: Partition) -> None:
    closed.put(replace(ARCHIVE[0], tokens=frozenset({"case:old"})))
    closed.put(replace(ARCHIVE[0], tokens=frozenset({"case:new"})))
    assert found([closing.closed_source(closed, frozenset({"case:old"}))], "") == []
    assert found([closing.closed_source(closed, frozenset({"case:new"}))], "") == ["tax"]
    closed.delete(RecordId("tax"))
    assert found([closing.closed_source(closed, frozenset({"case:new"}))], "") == []


def test_open_statistics_learn_nothing_from_closed_partitions(closing: Closing, closed: Partition, tmp_path: Path) -> None:
    for number in range(20):
        closed.put(entry(f"hidden{number}", "đất", "thuế đất rừng", tokens=frozenset({"case:theirs"})))
    embedded = Embedded(tmp_path)
    with shutting(embedded.make("open")) as opened:
        opened.put(*ARCHIVE)
        alone = embedded.asked(opened)
        both = [*alone, closing.closed_source(closed, HERS)]
        for query in ("thuế đất", "", "đất rừng thuế", "mở rộng nộp thuế điện tử rừng"):
            assert search(both, query, facets=tuple(FacetField)) == search(alone, query, facets=tuple(FacetField))
