"""The closed sets of the catalog: states of a record and the ways between them, outcomes, reasons, kinds of facts and parts."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise

__all__ = [
    "CLASSIFIED",
    "GONE",
    "AuditOutcome",
    "BlobPart",
    "DepositorKind",
    "FactKind",
    "OfficeKind",
    "Operation",
    "Outcome",
    "Reason",
    "RecordFactKind",
    "State",
    "next_state",
    "states_before",
]


class State(StrEnum):
    """Where a record stands. The first seven follow one another; the last three lie aside."""

    RECEIVED = "received"
    IDENTIFIED = "identified"
    SANITISED = "sanitised"
    READ = "read"
    DESCRIBED = "described"
    CLASSIFIED = "classified"
    KEPT = "kept"
    QUARANTINED = "quarantined"
    WITHDRAWN = "withdrawn"
    DISPOSED = "disposed"


_WAY = (State.RECEIVED, State.IDENTIFIED, State.SANITISED, State.READ, State.DESCRIBED, State.CLASSIFIED, State.KEPT)

CLASSIFIED = frozenset({State.CLASSIFIED, State.KEPT})
"""States in which a record's level has been decided; in any other it counts as the highest that its office may hold."""

GONE = frozenset({State.WITHDRAWN, State.DISPOSED})
"""States in which a record is in no answer, and the same document may be deposited again."""

_BEFORE: dict[State, frozenset[State]] = {
    # a quarantined record comes back when its password is supplied; any at rest may be read anew
    State.RECEIVED: frozenset({State.QUARANTINED, State.KEPT}),
    **{after: frozenset({before}) for before, after in pairwise(_WAY)},
    State.QUARANTINED: frozenset(_WAY[:-1]),
    State.WITHDRAWN: frozenset({State.KEPT, State.QUARANTINED}),
    State.DISPOSED: frozenset({State.KEPT, State.QUARANTINED, State.WITHDRAWN}),
}


def states_before(state: State) -> frozenset[State]:
    """The states from which a record may become `state`."""
    return _BEFORE[state]


def next_state(state: State) -> State | None:
    """What the next step of the pipeline makes of a record in `state`; None where no step follows."""
    return dict(pairwise(_WAY)).get(state)


class Outcome(StrEnum):
    """What became of a deposit. All but ACCEPTED are final and exclude each other."""

    ACCEPTED = "accepted"
    STORED = "stored"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    REFUSED = "refused"

    @property
    def final(self) -> bool:
        """Whether nothing follows."""
        return self is not Outcome.ACCEPTED


class Reason(StrEnum):
    """Why a deposit was refused or quarantined."""

    EMPTY = "EMPTY"
    DAMAGED = "DAMAGED"
    NEEDS_PASSWORD = "NEEDS_PASSWORD"  # noqa: S105
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    TYPE_MISMATCH = "TYPE_MISMATCH"
    POLYGLOT = "POLYGLOT"
    TOO_LARGE = "TOO_LARGE"
    TOO_MANY_PAGES = "TOO_MANY_PAGES"
    LIMIT = "LIMIT"
    TIMED_OUT = "TIMED_OUT"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    CRASHED = "CRASHED"
    SOURCE_MISSING = "SOURCE_MISSING"
    SOURCE_UNREADABLE = "SOURCE_UNREADABLE"
    SOURCE_CHANGED = "SOURCE_CHANGED"
    STORE_FULL = "STORE_FULL"


class BlobPart(StrEnum):
    """What a blob holds of its record."""

    ORIGINAL = "original"
    ACCESS = "access"
    TEXT = "text"
    DESCRIPTION = "description"
    ENVELOPE = "envelope"
    PAGES = "pages"


class DepositorKind(StrEnum):
    """Who brought a document in."""

    PERSON = "person"
    SOURCE = "source"


class OfficeKind(StrEnum):
    """What an office is. Source: Decree 30/2020 for the Government's, Party rules for the Party's bodies."""

    CENTRAL = "CENTRAL"
    PROVINCIAL_COMMITTEE_OFFICE = "PROVINCIAL_COMMITTEE_OFFICE"
    DISTRICT_COMMITTEE = "DISTRICT_COMMITTEE"
    COMMUNE_COMMITTEE = "COMMUNE_COMMITTEE"
    OTHER = "OTHER"


class FactKind(StrEnum):
    """What a fact says of a person.

    Values: CREDENTIAL the hash of a token, PASSWORD an Argon2id hash as a PHC string, ROLE a role, CLEARANCE a level's name, COMPARTMENT
    a compartment, OFFICE an office, GRANT_RECORD a record, GRANT_CASE and CASE_MEMBER a case, DISABLED nothing.
    """

    CREDENTIAL = "CREDENTIAL"
    PASSWORD = "PASSWORD"  # noqa: S105
    ROLE = "ROLE"
    CLEARANCE = "CLEARANCE"
    COMPARTMENT = "COMPARTMENT"
    OFFICE = "OFFICE"
    GRANT_RECORD = "GRANT_RECORD"
    GRANT_CASE = "GRANT_CASE"
    CASE_MEMBER = "CASE_MEMBER"
    DISABLED = "DISABLED"


class RecordFactKind(StrEnum):
    """What a fact says of a record. Values: an office, a level's name, compartments in their canonical text, a case."""

    OFFICE = "OFFICE"
    LEVEL = "LEVEL"
    COMPARTMENTS = "COMPARTMENTS"
    CASE = "CASE"


class Operation(StrEnum):
    """What the index of a partition is to do with a record."""

    PUT = "put"
    DELETE = "delete"


class AuditOutcome(StrEnum):
    """How an act ended."""

    DONE = "done"
    DENIED = "denied"
    FAILED = "failed"
