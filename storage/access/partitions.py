"""Which partitions a search asks, and with which tokens."""

from __future__ import annotations

from collections.abc import Iterable

from storage.access.actions import Action
from storage.access.subject import Subject, case_token, office_token, record_token
from storage.catalog.names import OfficeId, PartitionName
from storage.catalog.record_facts import RecordFacts

__all__ = ["offices_kept", "partitions_for", "tokens_in", "tokens_of"]


def partitions_for(subject: Subject, existing: Iterable[PartitionName]) -> frozenset[PartitionName]:
    """Those of the existing partitions that the subject may ask. Of an open one she may read everything; of a closed one what
    `tokens_in` names."""
    if Action.READ not in subject.actions:
        return frozenset()
    return frozenset(name for name in existing if name.office in subject.scope and (name.level is None or _may_ask(subject, name)))


def offices_kept(subject: Subject, offices: Iterable[OfficeId]) -> list[OfficeId]:
    """The offices whose open index the subject may have built anew: of who keeps the instance all, of others those in their scope."""
    keeps_all = Action.STATUS_FULL in subject.actions
    return sorted(office for office in offices if keeps_all or office in subject.scope)


def tokens_in(subject: Subject, partition: PartitionName) -> frozenset[str]:
    """The tokens, at most 1,024, of which a record of this closed partition must bear one for the subject to read it."""
    granted = frozenset({*map(case_token, subject.cases), *map(record_token, subject.records)})
    knows = subject.knows_offices and partition.office in subject.scope
    return granted | {office_token(partition.office)} if knows else granted


def tokens_of(record: RecordFacts) -> frozenset[str]:
    """The tokens that a record bears in the index of its closed partition."""
    own = frozenset({office_token(record.office), record_token(record.id)})
    return own if record.case is None else own | {case_token(record.case)}


def _may_ask(subject: Subject, name: PartitionName) -> bool:
    return (
        name.level is not None
        and name.level <= subject.clearance
        and name.compartments <= subject.compartments
        and bool(tokens_in(subject, name))
    )
