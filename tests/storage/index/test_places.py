"""Scores of Elasticsearch as places in an answer: exact both ways, and comparable with those of other engines."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from storage.ids import RecordId
from storage.index.elastic.queries import key_of, place_of
from storage.index.entry import SortKey
from storage.index.ranking import Tier


def single(value: float) -> float:
    """A score as the engine gives it: a float of 24 bits."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


tiers = st.sampled_from(list(Tier))
within = st.floats(0, 1000, width=32)
scores = st.tuples(tiers, within).map(lambda pair: single(1024.0 * (4 - pair[0]) + pair[1]))
ids = st.sampled_from(["a", "b", "zzzz"]).map(RecordId)
foreign = st.builds(SortKey, tiers.map(int), st.integers(-3_000_000_000, 0), ids)
hits = st.lists(st.tuples(scores, ids), max_size=30, unique_by=lambda hit: hit[1])


def follows(hit: tuple[float, RecordId], place: list[float | str]) -> bool:
    """Whether the engine gives a hit after this place. Source: Elasticsearch, "Paginate search results", `search_after`."""
    score, name = place
    assert isinstance(score, float) and isinstance(name, str) and score == single(score)
    return hit[0] < score or (hit[0] == score and hit[1] > name)


@given(scores, scores, ids, ids)
def test_keys_are_in_the_order_of_the_scores(one: float, other: float, first: RecordId, second: RecordId) -> None:
    assert (key_of(one, first) < key_of(other, second)) == ((-one, first) < (-other, second))


@given(scores, st.lists(st.tuples(scores, ids)), ids)
def test_after_a_place_of_its_own_the_engine_goes_on_with_the_next(score: float, others: list[tuple[float, RecordId]], name: RecordId) -> None:
    place = place_of(key_of(score, name))
    assert place == [score, name]
    for hit in others:
        assert follows(hit, place) == (key_of(*hit) > key_of(score, name))


@given(foreign, st.lists(st.tuples(scores, ids)))
def test_after_a_place_of_another_engine_no_hit_is_lost_or_given_twice(key: SortKey, others: list[tuple[float, RecordId]]) -> None:
    place = place_of(key)
    for hit in others:
        assert follows(hit, place) == (key_of(*hit) > key)


@given(scores, ids)
def test_a_score_in_few_digits_is_the_same_place(score: float, name: RecordId) -> None:
    digits = next(text for precision in range(1, 10) if single(float(text := f"{score:.{precision}g}")) == score)
    assert key_of(float(digits), name) == key_of(score, name) and place_of(key_of(float(digits), name)) == [score, name]


@given(scores)
def test_the_tier_is_told_by_the_score(score: float) -> None:
    assert key_of(score, RecordId("a")).major == 4 - int(score // 1024)
