"""Whether a row of the catalog still says what its entry in the log says; what commits to what."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from storage.audit.details import Details
from storage.audit.leaf import Leaf
from storage.catalog.audit_rows import AuditRow
from storage.catalog.states import AuditOutcome
from storage.errors import DamagedHeader, DamagedPayload, InvalidInput, KeyNotRight
from storage.vault.age import HybridIdentity, open_file

__all__ = ["SHOWN", "RowDamage", "agrees", "leaf_of", "open_details", "pending_id_of"]

SHOWN = 200
"""Characters of an id that cannot be one, as the row shows it; the details have it whole."""


class RowDamage(StrEnum):
    """What was found where the log itself is whole."""

    MEMORY_DAMAGED = "MEMORY_DAMAGED"  # the signer's memory is missing or cannot be read
    PENDING_OLD = "PENDING_OLD"  # a row waits for its place for longer than the keeper takes
    ROW_CHANGED = "ROW_CHANGED"  # the row does not say what its entry says, or its details are not those that the entry commits to
    ROW_MISSING = "ROW_MISSING"


def leaf_of(row: AuditRow) -> Leaf | None:
    """The leaf that a row is to enter the log with; None if it is none, or another row's."""
    try:
        leaf = Leaf.parse(row.leaf.encode("ascii"))
    except (InvalidInput, UnicodeEncodeError):
        return None
    return leaf if leaf.pending_id == row.id else None


def pending_id_of(entry: bytes) -> str | None:
    """The row that an entry of the log was made from; None if it is no audit entry."""
    try:
        return Leaf.parse(entry).pending_id
    except InvalidInput:
        return None


def open_details(row: AuditRow, leaf: Leaf, auditors: HybridIdentity) -> Details | None:
    """The details of a row, if they open and are those that its leaf commits to; None also where they were destroyed."""
    try:
        details = Details.parse(b"".join(open_file(io.BytesIO(row.details_sealed or b""), [auditors])))
    except (DamagedHeader, DamagedPayload, InvalidInput, KeyNotRight):
        return None
    return details if details.commitment() == leaf.details_commitment else None


def agrees(row: AuditRow, entry: bytes, auditors: HybridIdentity, people: Mapping[str, str], sources: Mapping[str, str]) -> bool:
    """Whether every column of a row is what its entry says.

    people, sources: names by id. A process is its own name. Where the details are there, they must be the ones committed to, and name the same
    person; where they were destroyed, a `record_id` that could not be an id has nothing to be compared with.
    """
    try:
        leaf = Leaf.parse(entry)
    except InvalidInput:
        return False
    details = open_details(row, leaf, auditors)
    if row.details_sealed is not None and details is None:
        return False
    person = None if leaf.person is None else people.get(leaf.person)
    source = None if leaf.source is None else sources.get(leaf.source, leaf.source)
    if leaf.person is not None and person is None:
        return False
    if details is not None and details.content.get("name") != (person or source):
        return False
    asked = row.record_id if details is None else details.content.get("asked_for")
    told = AuditRow(
        id=leaf.pending_id,
        time=leaf.time,
        action=leaf.action,
        outcome=AuditOutcome(leaf.outcome),
        leaf=entry.decode("ascii"),
        person=person,
        source=source,
        office=leaf.office,
        right=leaf.right,
        record_id=leaf.record_id or (asked[:SHOWN] if isinstance(asked, str) else None),
        session=leaf.session,
        address=leaf.address,
    )
    return told == replace(row, details_sealed=None, seq=None)
