"""The same records in every engine give the same answers: hits, totals, facets, tiers and snippets; by date the same order and cursors."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classification.levels import Level
from storage.index.entry import FacetField, IndexEntry, SortKey
from storage.index.filters import Is
from storage.index.merge import Answer
from storage.index.question import Sort, Source
from tests.storage.index.index_world import ARCHIVE, Elastic, ElasticClosed, Embedded, entry, search

pytestmark = pytest.mark.servers

WORDS = ["thuế", "thuê", "thue", "đất", "dat", "rừng", "nộp", "249/2025/QĐ-UBND", "UBND", "Ủy ban nhân dân", "05", "40.976", "x" * 130, "二〇"]
QUERIES = [
    "", "thuế", "thue", "thuế đất", "nộp thuế đất rừng", '"thuế đất"', '"thue dat"', "thuế -đất", "-thuế", "subject:thuế", "text:thue", "ubnd",
    "ủy ban nhân dân nộp", "249/2025", "ref_code:249", "5", "40976", "x" * 130, "二〇", "thuế zqxjkvw", "rừng nộp đất zqxjkvw", "doc_type:A thuế",
    "date:2025-01-02 thuế", "-date:2025-01-02", 'issuer:"nhân dân"', "thuế thuế đất",
]  # fmt: skip

texts = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
records = st.lists(st.tuples(texts, texts, st.integers(0, 3)), min_size=1, max_size=10)


def entries(drawn: list[tuple[str, str, int]]) -> list[IndexEntry]:
    return [
        entry(
            f"r{number:02}", subject, text, date=date(2025, 1, day) if day else None, doc_type=("A", "B", None)[number % 3], level=Level(day),
            issuer=text[:20] or None, ref_code=f"{number}/2025/QĐ-UBND" if number % 2 else None, tags=frozenset(subject.split()[:2]),
        )
        for number, (subject, text, day) in enumerate(drawn)
    ]  # fmt: skip


def told(answer: Answer) -> tuple[object, ...]:
    """What an answer by rank tells, but for the scores."""
    found = answer.found
    hits = {hit.record_id: (hit.key.major, hit.snippets, hit.subject, hit.date) for hit in found.hits}
    return found.total, hits, found.facets, answer.relaxed


def ordered(answer: Answer) -> tuple[list[SortKey], SortKey | None]:
    return [hit.key for hit in answer.found.hits], answer.next


def compare(one: list[Source], other: list[Source]) -> None:
    everything = tuple(FacetField)
    for query in QUERIES:
        assert told(search(one, query, facets=everything, snippets=True)) == told(search(other, query, facets=everything, snippets=True)), query
        by_date = [search(sources, query, sort=Sort.DATE, limit=3) for sources in (one, other)]
        assert ordered(by_date[0]) == ordered(by_date[1]), query
    for filters in (Is(FacetField.TAGS, ("thuế", "đất")), Is(FacetField.LEVEL, ("MAT",)), Is(FacetField.YEAR, ("2025",), negated=True)):
        assert told(search(one, "thuế", filters)) == told(search(other, "thuế", filters))


@settings(deadline=None, max_examples=6)
@given(drawn=records)
def test_elasticsearch_answers_as_the_embedded_index_does(elastic: Elastic, drawn: list[tuple[str, str, int]]) -> None:
    with TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        embedded = Embedded(Path(folder))
        with closing(embedded.make("p")) as file, closing(elastic.make("agree")) as office:
            for partition in (file, office):
                partition.put(*entries(drawn))
            compare(embedded.asked(file), elastic.asked(office))


@settings(deadline=None, max_examples=4)
@given(drawn=records)
def test_closed_partitions_on_elasticsearch_answer_as_embedded_ones_to_the_last_digit(
    elastic_closed: ElasticClosed, drawn: list[tuple[str, str, int]]
) -> None:
    with TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        embedded = Embedded(Path(folder))
        with closing(embedded.make("p")) as file, closing(elastic_closed.make("agree")) as partition:
            file.put(*entries(drawn))
            partition.put(*entries(drawn))
            sources = [embedded.closed_source(file)], [elastic_closed.closed_source(partition)]
            compare(*sources)
            for query in QUERIES:
                for limit in (2, 100):
                    one, other = (search(source, query, limit=limit, facets=tuple(FacetField), snippets=True) for source in sources)
                    assert one == other, query


def test_the_small_archive_is_the_same_in_both(elastic: Elastic, tmp_path: Path) -> None:
    embedded = Embedded(tmp_path)
    with closing(embedded.archive()) as file, closing(elastic.archive()) as office:
        compare(embedded.asked(file), elastic.asked(office))
        assert sorted(one.record_id for one in file.partition.entries()) == sorted(one.record_id for one in ARCHIVE)
