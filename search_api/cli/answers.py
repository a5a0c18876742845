"""Answers of the archive as a person reads them: values out of JSON, and lines of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["assignments", "inner", "rows", "told", "words"]


def told(answer: Mapping[str, object], name: str, missing: str = "-") -> str:
    """One value as text on one line; `missing` where it is null or absent."""
    value = answer.get(name)
    return missing if value is None or value == "" else " ".join(str(value).split())


def words(answer: Mapping[str, object], name: str) -> str:
    """A list of words as text; empty where there is none."""
    value = answer.get(name)
    return ", ".join(map(str, value)) if isinstance(value, list) else ""


def rows(answer: Mapping[str, object], name: str) -> list[dict[str, object]]:
    """The objects of a list."""
    value = answer.get(name)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def inner(answer: Mapping[str, object], name: str) -> dict[str, object]:
    """The object at `name`; empty where there is none."""
    value = answer.get(name)
    return value if isinstance(value, dict) else {}


def assignments(given: Sequence[str]) -> dict[str, str]:
    """field=value, as typed, of which the last one for a field counts. Raises ValueError for one without its sign."""
    pairs = [text.partition("=") for text in given]
    if any(not sign or not field.strip() for field, sign, _ in pairs):
        raise ValueError
    return {field.strip(): value for field, _, value in pairs}
