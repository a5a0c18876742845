"""A question in Elasticsearch's language: what matches, and how it is ranked."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import floor as rounded_down
from typing import Final

from storage.ids import RecordId
from storage.index.elastic.cluster import Query
from storage.index.elastic.documents import HEAD, STARTS, TEXT, alone, shortened
from storage.index.entry import FacetField, SortKey
from storage.index.filters import Condition, During
from storage.index.needs import EVERYWHERE, AllOf, Field, Need, Run
from storage.index.query import Group, Weighted
from storage.index.question import Question
from storage.index.ranking import K1, Tier

__all__ = ["carrying", "demanded", "exactly", "key_of", "matching", "place_of", "ranked", "tiers", "visible"]

_WIDTH: Final = 1024.0
"""A tier's share of the scores: floats of 24 bits, which from 1,024 to 5,120 lie 0.0001 to 0.0005 apart, so that millionths tell all of them."""

_HIGHEST: Final = 1000.0
_GREATEST_IDF: Final = 18.0
"""Of a word that one of fifty million records holds."""

_UNITS: Final = 1 << 15
"""Weights of words that may be left out are added as whole numbers, which floats of 24 bits hold without error."""

_TERMS_AT_A_TIME: Final = 50_000
_LAST: Final = "~"
"""After every record's id."""


def matching(question: Question, hidden: Sequence[Query], floor: float | None) -> Query:
    """What is found. floor: as in `Source.answer`. hidden: what is not to be seen."""
    needed = _needed(question, question.query.groups, floor)
    return {"bool": {"filter": [*needed, *_conditions(question)], "must_not": _forbidden(question, hidden)}}


def demanded(question: Question, hidden: Sequence[Query]) -> Query:
    """What holds all that may not be left out."""
    strict = [exactly(group.need) for group in question.query.groups if group.weight is None]
    return {"bool": {"filter": [*strict, *_conditions(question)], "must_not": _forbidden(question, hidden)}}


def visible() -> Query:
    """Every record that was not given up."""
    return {"exists": {"field": "ordinal"}}


def _needed(question: Question, groups: Iterable[Group], floor: float | None) -> list[Query]:
    """What records must hold of these groups; every record where there are none."""
    if floor is None:
        return [exactly(need) for need in dict.fromkeys(group.need for group in groups)] or [visible()]
    strict = [exactly(group.need) for group in groups if group.weight is None]
    least = rounded_down(floor * _UNITS) + len(question.query.groups) + 1
    return [*strict, {"function_score": {"query": carrying(question), "min_score": least}}]


def _conditions(question: Question) -> list[Query]:
    return [_condition(condition) for condition in question.conditions if not condition.negated]


def _forbidden(question: Question, hidden: Sequence[Query]) -> list[Query]:
    negated = [_condition(condition) for condition in question.conditions if condition.negated]
    return [*negated, *map(exactly, question.query.excluded), *hidden]


def carrying(question: Question) -> Query:
    """The words that may be left out, each by its place and with its weight."""
    groups = [(place, group) for place, group in enumerate(question.query.groups) if group.weight is not None]
    return {"bool": {"should": [_weighing(str(place), group) for place, group in groups]}}


def _weighing(place: str, group: Group) -> Query:
    return {"constant_score": {"filter": exactly(group.need), "boost": round((group.weight or 0.0) * _UNITS), "_name": place}}


def _condition(condition: Condition) -> Query:
    if isinstance(condition, During):
        return {"range": {"ordinal": {"gte": condition.first.toordinal(), "lte": condition.last.toordinal()}}}
    return {"terms": {FacetField(condition.field).value: list(condition.values)}}


def exactly(need: Need) -> Query:
    """A need as a condition."""
    if isinstance(need, Run):
        return _any([_run(place, need) for place in _places(need.fields)])
    parts = [exactly(part) for part in need.parts]
    return {"bool": {"filter": parts}} if isinstance(need, AllOf) else _any(parts)


def _places(fields: tuple[Field, ...]) -> Sequence[str]:
    return (HEAD, TEXT) if fields == EVERYWHERE else [alone(field) for field in fields]


def _run(place: str, run: Run) -> Query:
    terms = [shortened(f"={token}" if run.exact else token) for token in run.tokens]
    if run.at_start:
        terms.insert(0, STARTS)
    return {"term": {place: terms[0]}} if len(terms) == 1 else {"match_phrase": {place: " ".join(terms)}}


def _all(needs: Iterable[Need]) -> Query:
    return {"bool": {"filter": [exactly(need) for need in dict.fromkeys(needs)]}}  # of nothing: every record


def _any(parts: list[Query]) -> Query:
    return parts[0] if len(parts) == 1 else {"bool": {"should": parts}}


def ranked(question: Question, hidden: Sequence[Query], floor: float | None) -> Query:
    """What is found, scored: its tier's share, and within it BM25 over the forms of the words; of several ways to say a thing the best counts.

    What must be had stands first, so that a shard without it is done at once; and a plain word is sought and weighed in one.
    """
    query = question.query
    # Lucene's BM25 leaves out the factor k1 + 1 of the formula
    boost = (K1 + 1) * min(1.0, _HIGHEST / ((K1 + 1) * sum(map(_bound, query.groups)) or 1.0))
    must, should, others = list[Query](), list[Query](), list[Group]()
    for group, times in Counter(query.groups).items():
        ways = [[_scored(one, boost * times) for one in way] for way in group.ways]
        if floor is None and _is_plain(group):
            must.append(ways[0].pop(0))
        else:
            others.append(group)
        should += ways[0] if len(ways) == 1 else [{"dis_max": {"queries": [_any(way) for way in ways]}}]
    if others:
        must.append({"bool": {"filter": _needed(question, others, floor)}})
    sought: Query = {"bool": {"must": must, "filter": _conditions(question), "must_not": _forbidden(question, hidden), "should": should}}
    functions: list[Query] = [{"filter": said, "weight": _base(tier)} for tier, said in tiers(question, relaxed=floor is not None)]
    return {"function_score": {"query": sought, "functions": functions, "score_mode": "first", "boost_mode": "sum"}}


def _is_plain(group: Group) -> bool:
    """Whether what must be had is the first term to rank by."""
    need, first = group.need, group.ways[0][0].term
    return isinstance(need, Run) and need.fields == EVERYWHERE and not need.exact and need.tokens == (first,) and len(group.ways) == 1


def tiers(question: Question, *, relaxed: bool) -> Iterator[tuple[Tier, Query]]:
    """What puts a record that matches into a tier; the first that holds counts."""
    query = question.query
    if query.codes:
        yield Tier.CODE, _any([exactly(run) for run in query.codes])
    if not relaxed:
        yield Tier.SUBJECT, _all([group.in_subject for group in query.groups])
        yield Tier.AS_TYPED, _all([group.as_written for group in query.groups if group.as_written != group.need])
    yield Tier.REST, {"match_all": {}}


def _scored(one: Weighted, boost: float) -> Query:
    """A term to rank by. Neighbours count by their places, as rare as both words together, which ranks as well as counting them (measured).

    Short fields are asked for folded words alone, since their words as typed make a tier: what is asked costs at every shard.
    """
    weight = one.weight * boost
    first, joined, second = one.term.partition("_")
    if joined:
        return {"match_phrase": {TEXT: {"query": f"{shortened(first)} {shortened(second)}", "boost": weight}}}
    places = [TEXT] if one.term.startswith("=") else [HEAD, TEXT]
    return _any([{"term": {place: {"value": shortened(one.term), "boost": weight}}} for place in places])


def _bound(group: Group) -> float:
    """What a group cannot score more than, without the factor k1 + 1: folded words in two fields, neighbours as rare as both together."""
    times = {way: sum(one.weight * (1 if one.term.startswith("=") else 2) for one in way) for way in group.ways}
    return _GREATEST_IDF * max(times.values())


def _base(tier: int) -> float:
    return _WIDTH * (1 + Tier.REST - tier)


def key_of(score: float, record: RecordId) -> SortKey:
    """Where a hit stands that `ranked` gave this score, which comes in as few digits as tell it from other floats of 24 bits."""
    score = _single(score)
    tier = int(Tier.REST + 1 - score // _WIDTH)
    return SortKey(tier, -round((score - _base(tier)) * 1e6), record)


def place_of(key: SortKey) -> list[float | str]:
    """What the engine is to go on after, so that it gives every hit after `key` and no other. The key may be another engine's."""
    base = _base(key.major)
    score = min(max(base - key.minor / 1e6, base), base + _WIDTH - 1)
    near = _single(score)
    if key_of(near, key.record_id) == key:
        return [near, key.record_id]
    return [near if near > score else _next(near), _LAST]


def _single(value: float) -> float:
    """The nearest float of 24 bits."""
    (near,) = struct.unpack("<f", struct.pack("<f", value))
    return float(near)


def _next(value: float) -> float:
    """The float of 24 bits that follows."""
    (bits,) = struct.unpack("<i", struct.pack("<f", value))
    (following,) = struct.unpack("<f", struct.pack("<i", bits + 1))
    return float(following)
