"""The outcome of a deposit as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from search_api.cli.answers import told, words
from search_api.cli.context import Context

__all__ = ["OUTCOMES", "outcome_line", "outcome_word"]

OUTCOMES: Final = ("stored", "duplicate", "quarantined", "refused")
"""The final ones: each document ends in exactly one of them."""

_VI: Final = {"accepted": "đang xử lý", "stored": "đã lưu", "duplicate": "đã có", "quarantined": "cách ly", "refused": "từ chối"}


def outcome_word(context: Context, outcome: str) -> str:
    """The outcome in the language asked for."""
    return context.say(_VI.get(outcome, outcome), outcome)


def outcome_line(context: Context, name: str, line: Mapping[str, object]) -> str:
    """One document and what became of it."""
    kept = "" if line.get("record_id") is None else f"  {told(line, 'record_id')}"
    level = "" if line.get("level") is None else f"  {told(line, 'level_label', told(line, 'level'))}"
    review = context.say("  chờ rà soát", "  waits for review") if line.get("review") else ""
    code = "" if line.get("ref_code") is None else f"  {told(line, 'ref_code')}"
    reason = "" if line.get("reason") is None else f"  {told(line, 'reason')}: {told(line, 'message')}"
    warnings = "" if not words(line, "warnings") else f"  ({words(line, 'warnings')})"
    return f"{outcome_word(context, told(line, 'outcome')):<12} {name}{kept}{level}{review}{code}{warnings}{reason}"
