"""Needs as expressions of FTS5. Every token is quoted, and none can hold a quotation mark, so that no query is syntax."""

from __future__ import annotations

from collections.abc import Iterable

from storage.index.embedded.schema import word_column
from storage.index.needs import AllOf, Need, Run

__all__ = ["expression"]


def expression(needs: Iterable[Need]) -> str:
    """What holds all of the needs, of which there is at least one. Source: FTS5, "Full-text Query Syntax"."""
    return " AND ".join(map(_said, needs))


def _said(need: Need) -> str:
    if isinstance(need, Run):
        columns = " ".join(word_column(field, exact=need.exact) for field in need.fields)
        start = "^ " if need.at_start else ""
        return f'({{{columns}}} : {start}"{" ".join(need.tokens)}")'
    return "(" + (" AND " if isinstance(need, AllOf) else " OR ").join(map(_said, need.parts)) + ")"
