"""How often terms occur in a record's two ranked fields, in the few steps that ranking tells apart: the same for every engine that counts itself."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Final

from storage.index.analysis import Form, Token, term_counts
from storage.index.needs import Field

__all__ = ["STEPS", "counted_forms", "step_of"]

STEPS: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""BM25 hardly tells 17 from 20, so that a few steps do."""


def step_of(count: int) -> int:
    """The place in STEPS of a term that occurs `count` times, which is at least once."""
    return bisect_right(STEPS, count) - 1


def counted_forms(fields: Mapping[Field, tuple[Token, ...]]) -> tuple[Form, Form]:
    """The terms of subject and text, as ranking counts them: what is not the subject counts as text."""
    return term_counts([fields[Field.SUBJECT]]), term_counts([fields[name] for name in Field if name is not Field.SUBJECT])
