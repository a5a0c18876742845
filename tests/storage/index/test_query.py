"""The query grammar: what a person typed, and what she meant by it."""

from __future__ import annotations

from datetime import date

import pytest

from storage.errors import InvalidInput
from storage.index.entry import FacetField
from storage.index.filters import During, Is, parse_filters, parse_period
from storage.index.needs import AnyOf, Field, Run
from storage.index.query import parse_query
from tests.storage.index.index_world import TYPES


def runs(text: str) -> list[tuple[str, ...]]:
    return [group.need.tokens for group in parse_query(text).groups if isinstance(group.need, Run)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nộp thuế", [("nop",), ("thue",)]),
        ('"nop thue" điện', [("nop", "thue"), ("dien",)]),
        ('"nộp thuế" điện', [("nộp", "thuế"), ("dien",)]),
        ("“nộp thuế”", [("nộp", "thuế")]),
        ('nộp "thuế điện', [("nop",), ("thuế", "điện")]),
        ("249/2025/QĐ-UBND", [("249", "2025", "qd", "ubnd")]),
        ("14:30", [("14",), ("30",)]),
        ("màu:đỏ", [("mau",), ("do",)]),
        ("thuế - phí", [("thue",), ("phi",)]),
        ("subject: thuế", [("subject",), ("thue",)]),
        ('""  - : "" ?!', []),
    ],
)
def test_words_phrases_and_odd_input(text: str, expected: list[tuple[str, ...]]) -> None:
    assert runs(text) == expected


@pytest.mark.parametrize(
    ("text", "field"), [("subject:thuế", Field.SUBJECT), ("text:thuế", Field.TEXT), ("issuer:thuế", Field.ISSUER), ("REF_CODE:thuế", Field.CODE)]
)
def test_a_field_restricts_one_word(text: str, field: Field) -> None:
    (group, other) = parse_query(text + " đất").groups
    assert isinstance(group.need, Run) and group.need.fields == (field,) and group.weight is None
    assert isinstance(other.need, Run) and len(other.need.fields) == len(Field)


def test_excluded_words_are_excluded_as_typed() -> None:
    query = parse_query('thuế -mật -"hóa đơn" -mat -issuer:cục')
    assert [(need.tokens, need.exact) for need in query.excluded if isinstance(need, Run)] == [
        (("mật",), True), (("hóa", "đơn"), True), (("mat",), False), (("cục",), True),
    ]  # fmt: skip
    assert len(query.groups) == 1


@pytest.mark.parametrize("named", ["DIRECTIVE", "directive", '"chỉ thị"', "chi_thi", "chỉ thị", "Chi thi"])
def test_a_type_is_named_by_identifier_or_name(named: str) -> None:
    query = parse_query(f"doc_type:{named} thuế", TYPES)
    assert query.conditions == (Is(FacetField.DOC_TYPE, ("DIRECTIVE",)),)
    assert len(query.groups) == 1


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025", date(2025, 1, 1), date(2025, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("7/2019", date(2019, 7, 1), date(2019, 7, 31)),
        ("24/7/2019", date(2019, 7, 24), date(2019, 7, 24)),
        ("24.7.2019", date(2019, 7, 24), date(2019, 7, 24)),
        ("2019-07-24", date(2019, 7, 24), date(2019, 7, 24)),
        ("2019..7/2020", date(2019, 1, 1), date(2020, 7, 31)),
        ("2019..", date(2019, 1, 1), date.max),
        ("..2019", date.min, date(2019, 12, 31)),
    ],
)
def test_periods(text: str, first: date, last: date) -> None:
    assert parse_period(text) == (first, last)
    assert parse_query(f"-date:{text}").conditions == (During(first, last, negated=True),)


@pytest.mark.parametrize("text", ["date:30/2/2025", "date:hôm qua", "date:0000", "date:2025-13", 'date:""', "date:2025..x"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_query(text)


@pytest.mark.parametrize("text", ["a" * 501, "a " * 33, '"' + "a " * 33 + '"', "a-b-c-d " * 9, "x" * 1_000_000])
def test_a_query_is_bounded(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_query(text)
    parse_query("a " * 32)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("UBND", ("uy", "ban", "nhan", "dan")),
        ("ủy ban nhân dân", ("ubnd",)),
        ("uy ban nhan dan", ("ubnd",)),
        ("QP-AN", ("quoc", "phong", "an", "ninh")),
        ("T.Ư", ("trung", "uong")),
        ("trung ương", ("t", "u")),
        ("btc", ("bo", "tai", "chinh")),
        ("btc", ("ban", "to", "chuc")),
    ],
)
def test_abbreviations_are_expanded_both_ways(text: str, other: tuple[str, ...]) -> None:
    (group, _) = parse_query(f"{text} tỉnh").groups
    assert isinstance(group.need, AnyOf)
    assert other in [need.tokens for need in group.need.parts if isinstance(need, Run)]


def test_quoted_abbreviations_are_taken_as_written() -> None:
    assert runs('"UBND"') == [("ubnd",)]


def test_filters_of_one_field_are_alternatives() -> None:
    assert parse_filters([("doc_type", "B"), ("year", "2025"), ("doc_type", "A"), ("tag", "x"), ("date", "2025")]) == (
        Is(FacetField.DOC_TYPE, ("A", "B")),
        Is(FacetField.TAGS, ("x",)),
        Is(FacetField.YEAR, ("2025",)),
        During(date(2025, 1, 1), date(2025, 12, 31)),
    )


@pytest.mark.parametrize("pair", [("text", "x"), ("", ""), ("level", "SECRET"), ("date", "x"), ("issuer", "x" * 501)])
def test_filters_without_sense_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(InvalidInput):
        parse_filters([pair])
