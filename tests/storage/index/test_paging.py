"""Cursors: every hit once, in one order over all partitions, for one person and one question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import InvalidInput
from storage.index.cursor import open_cursor, seal_cursor
from storage.index.entry import FacetField, Hit, IndexEntry
from storage.index.filters import Is
from storage.index.merge import Answer, ask
from storage.index.query import parse_query
from storage.index.question import MAX_LIMIT, Question, Sort, Source
from tests.storage.index.index_world import Elastic, Embedded, Engine, entry

KEY = bytes(range(64))
WORDS = ["thuế", "đất", "rừng", "mật"]


def pages(question: Question, sources: list[Source]) -> Iterator[Answer]:
    """All pages, each but the first asked for with the cursor of the one before."""
    while True:
        answer = ask(question, sources)
        yield answer
        if answer.next is None:
            return
        assert question.after is None or answer.next > question.after  # a cursor that stands still would turn for ever
        cursor = seal_cursor(KEY, "an", question, answer.next)
        question = replace(question, after=open_cursor(KEY, "an", question, cursor))


def listed(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.record_id for hit in hits]


Drawn = list[tuple[list[str], int, int]]
drawn = st.lists(st.tuples(st.lists(st.sampled_from(WORDS), max_size=5), st.integers(0, 2), st.integers(0, 3)), max_size=14)
queries = st.sampled_from(["", "thuế", "thuế đất", "mat", "-rừng", "rừng núi", "thuế đất rừng mật zqxjkvw"])


@settings(deadline=None, max_examples=40)
@given(texts=drawn, query=queries, sort=st.sampled_from(list(Sort)), limit=st.integers(1, 5))
def test_paging_gives_every_hit_once(texts: Drawn, query: str, sort: Sort, limit: int) -> None:
    with TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        engine = Embedded(Path(folder))
        paged(engine, engine, texts, query, sort, limit)


@pytest.mark.servers
@settings(deadline=None, max_examples=8)
@given(texts=drawn, query=queries, sort=st.sampled_from(list(Sort)), limit=st.integers(1, 5))
def test_paging_over_elasticsearch_and_closed_files_gives_every_hit_once(elastic: Elastic, texts: Drawn, query: str, sort: Sort, limit: int) -> None:
    with TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        paged(elastic, Embedded(Path(folder)), texts, query, sort, limit)


def paged(engine: Engine, keeper: Embedded, texts: Drawn, query: str, sort: Sort, limit: int) -> None:
    """Two open partitions and a closed one, asked as a whole and page by page."""
    with closing(engine.make("0")) as first, closing(engine.make("1")) as second, closing(keeper.make("2")) as third:
        places: dict[int, list[IndexEntry]] = {0: [], 1: [], 2: []}
        for number, (words, place, day) in enumerate(texts):
            when = date(2025, 1, 1) + timedelta(day) if day else None
            places[place].append(entry(f"r{number:02}", text=" ".join(words), date=when, doc_type=words[0] if words else None))
        for partition, entries in zip((first, second, third), places.values(), strict=True):
            partition.put(*entries)
        sources = [*engine.asked(first, second), keeper.closed_source(third)]
        question = Question(parse_query(query), sort=sort, limit=limit, facets=(FacetField.DOC_TYPE,))
        whole = ask(replace(question, limit=MAX_LIMIT), sources)
        seen = list(pages(question, sources))
    assert whole.next is None and len(whole.found.hits) == whole.found.total
    assert [name for page in seen for name in listed(page.found.hits)] == listed(whole.found.hits)
    assert sorted(set(listed(whole.found.hits))) == sorted(listed(whole.found.hits))
    for page in seen:
        assert (page.found.total, page.found.facets, page.relaxed) == (whole.found.total, whole.found.facets, whole.relaxed)
        assert sum(one.count for one in page.found.facets[FacetField.DOC_TYPE]) <= page.found.total


def test_a_page_of_nothing_still_counts(archive: list[Source]) -> None:
    answer = ask(Question(parse_query(""), limit=0), archive)
    assert (answer.found.total, answer.found.hits, answer.next) == (4, (), None)


def test_the_last_full_page_has_no_next(archive: list[Source]) -> None:
    assert ask(Question(parse_query(""), limit=4), archive).next is None
    assert ask(Question(parse_query(""), limit=3), archive).next is not None


@pytest.mark.parametrize("limit", [-1, MAX_LIMIT + 1, 10**9])
def test_pages_are_bounded(limit: int) -> None:
    with pytest.raises(InvalidInput):
        Question(parse_query(""), limit=limit)


def test_the_same_place_gives_the_same_cursor_and_shows_nothing_of_it(archive: list[Source]) -> None:
    question = Question(parse_query("thuế"), limit=1)
    place = ask(question, archive).next
    assert place is not None
    cursor = seal_cursor(KEY, "an", question, place)
    assert cursor == seal_cursor(KEY, "an", replace(question, limit=9, snippets=True, facets=(FacetField.YEAR,)), place)
    assert place.record_id not in cursor
    assert len(cursor) == len(seal_cursor(KEY, "an", question, place._replace(major=0, minor=0)))
    assert open_cursor(KEY, "an", question, cursor) == place


@pytest.mark.parametrize(
    "other",
    [
        Question(parse_query("thuê")),
        Question(parse_query("thue")),
        Question(parse_query('"thuế"')),
        Question(parse_query("thuế"), sort=Sort.DATE),
        Question(parse_query("thuế"), filters=(Is(FacetField.YEAR, ("2025",)),)),
    ],
)
def test_a_cursor_of_another_question_is_refused(archive: list[Source], other: Question) -> None:
    question = Question(parse_query("thuế"), limit=1)
    place = ask(question, archive).next
    assert place is not None
    with pytest.raises(InvalidInput):
        open_cursor(KEY, "an", other, seal_cursor(KEY, "an", question, place))


def test_a_cursor_of_another_person_or_instance_or_none_is_refused(archive: list[Source]) -> None:
    question = Question(parse_query("thuế"), limit=1)
    place = ask(question, archive).next
    assert place is not None
    cursor = seal_cursor(KEY, "an", question, place)
    with pytest.raises(InvalidInput):
        open_cursor(KEY, "bình", question, cursor)
    with pytest.raises(InvalidInput):
        open_cursor(bytes(64), "an", question, cursor)
    for broken in ("", "x", "A" * 22, cursor[:-2], "A" + cursor[1:], cursor + "AAAA", "đ" + cursor, "\ud800", "\0", "=" * 50, "A" * 10**6):
        with pytest.raises(InvalidInput):
            open_cursor(KEY, "an", question, broken)
