"""Conditions on a record's fields beside its words: `field=value` of a search, `date:` and `doc_type:` of a query."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from classification.levels import Level
from storage.errors import InvalidInput
from storage.index.analysis import clean
from storage.index.entry import FacetField

__all__ = ["Condition", "During", "Is", "parse_filter", "parse_filters", "parse_period"]

_MAX_VALUE = 500
_NO_DATE = "A date is written 2025, 7/2025, 24/7/2025 or as a range 2024..2025 / Ngày ghi dạng 2025, 7/2025, 24/7/2025 hoặc khoảng 2024..2025"


@dataclass(frozen=True, slots=True)
class Is:
    """The field has one of the values; a level by its name, a year in digits. negated: it has none of them."""

    field: FacetField
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class During:
    """The record's date is from first to last, both included; one without a date never is. negated: it is not."""

    first: date
    last: date
    negated: bool = False


Condition = Is | During

_YEAR = re.compile(r"(\d{4})")
_MONTH = re.compile(r"(\d{4})-(\d{1,2})|(\d{1,2})[-/.](\d{4})")
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")


def parse_period(text: str) -> tuple[date, date]:
    """The first and last day of `2025`, `2025-07`, `7/2025`, `2025-07-24`, `24/7/2025`, or of a range `2024..2025-06` with an open end.

    Raises InvalidInput for anything else.
    """
    first, dots, last = text.partition("..")
    try:
        if not dots:
            return _span(first)
        return _span(first)[0] if first else date.min, _span(last)[1] if last else date.max
    except ValueError as error:
        raise InvalidInput(what=_NO_DATE) from error


def _span(text: str) -> tuple[date, date]:
    if match := _YEAR.fullmatch(text):
        return date(int(match[1]), 1, 1), date(int(match[1]), 12, 31)
    if match := _MONTH.fullmatch(text):
        year, month = int(match[1] or match[4]), int(match[2] or match[3])
        return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    if match := _DAY.fullmatch(text):
        day = date(int(match[1] or match[6]), int(match[2] or match[5]), int(match[3] or match[4]))
        return day, day
    raise ValueError("not a date")


def parse_filter(field: str, value: str) -> Condition:
    """One filter as a person gives it. field: one of `FacetField`, `tag`, or `date`.

    Raises InvalidInput for an unknown field, and for a value that is no level or date where one belongs.
    """
    value = clean(value).strip()
    if len(value) > _MAX_VALUE:
        raise InvalidInput(what=f"A filter's value has at most {_MAX_VALUE} characters / Giá trị lọc dài tối đa {_MAX_VALUE} ký tự")
    if field == "date":
        return During(*parse_period(value))
    known = "tags" if field == "tag" else field
    if known not in {*FacetField}:
        names = ", ".join(["date", *FacetField])
        raise InvalidInput(what=f"One filters by {names} / Chỉ lọc được theo {names}")
    if known == FacetField.LEVEL and value not in Level.__members__:
        names = ", ".join(Level.__members__)
        raise InvalidInput(what=f"A level is one of {names} / Mức độ mật là một trong {names}")
    return Is(FacetField(known), (value,))


def parse_filters(pairs: list[tuple[str, str]]) -> tuple[Condition, ...]:
    """All filters of a search: values of one field are alternatives, different fields must all hold; dates must all hold.

    Raises InvalidInput as `parse_filter` does.
    """
    values: dict[FacetField, list[str]] = {}
    periods = []
    for pair in pairs:
        condition = parse_filter(*pair)
        if isinstance(condition, During):
            periods.append(condition)
        else:
            values.setdefault(condition.field, []).extend(condition.values)
    return (*(Is(field, tuple(sorted(set(values[field])))) for field in sorted(values)), *periods)
