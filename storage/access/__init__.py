"""Access: who may do what to which record. Decisions are pure functions of values; the clauses come from the same rules."""

from __future__ import annotations

from storage.access.actions import TWO_PERSONS, Action, Role
from storage.access.decision import Decision, Right, clause_for, confirms, decide, decide_unwrap, may
from storage.access.partitions import offices_kept, partitions_for, tokens_in, tokens_of
from storage.access.rules import Denial
from storage.access.subject import MAX_TOKENS, Subject, source_subject, subject_at
from storage.catalog.names import PartitionName
from storage.catalog.record_facts import RecordFacts

__all__ = [
    "MAX_TOKENS",
    "TWO_PERSONS",
    "Action",
    "Decision",
    "Denial",
    "PartitionName",
    "RecordFacts",
    "Right",
    "Role",
    "Subject",
    "clause_for",
    "confirms",
    "decide",
    "decide_unwrap",
    "may",
    "offices_kept",
    "partitions_for",
    "source_subject",
    "subject_at",
    "tokens_in",
    "tokens_of",
]
