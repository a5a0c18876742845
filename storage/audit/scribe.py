"""Writing down an act: the row that commits with it, its leaf in ids alone, its details sealed to the auditors."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from storage.audit.details import Details, seal_details
from storage.audit.leaf import Json, Leaf, Outcome
from storage.catalog.audit_rows import AuditRow
from storage.catalog.people import Person
from storage.catalog.states import AuditOutcome
from storage.clock import Clock
from storage.ids import IdSource
from storage.vault.age import HybridRecipient

__all__ = ["Actor", "Scribe", "person_actor", "process"]

_ID = re.compile(r"[!-~]{1,128}")
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. id and name: of a person, or of a source or process where `is_person` is false; None where nobody is known.

    The leaf bears the id, the row the name as well: names can be Vietnamese, and an entry of the log holds no text.
    """

    id: str | None
    name: str | None
    is_person: bool
    office: str | None = None
    session: str | None = None
    address: str | None = None


def process(name: str) -> Actor:
    """A process that acts by itself: `worker`, `keeper`."""
    return Actor(name, name, is_person=False)


def person_actor(person: Person, office: str | None, session: str, address: str | None) -> Actor:
    """A person who is signed in. office: the one that her acts are counted for."""
    return Actor(person.id, person.name, is_person=True, office=office, session=session, address=address)


class Scribe:
    """Makes audit rows. Their details can be opened by the keeper alone."""

    def __init__(self, auditors: HybridRecipient, ids: IdSource, clock: Clock) -> None:
        self._auditors, self._ids, self._clock = auditors, ids, clock

    def row(
        self,
        actor: Actor,
        action: str,
        outcome: AuditOutcome = AuditOutcome.DONE,
        *,
        right: str | None = None,
        record: str | None = None,
        details: Mapping[str, Json] | None = None,
    ) -> AuditRow:
        """The row of an act, to be committed with it.

        right: by which right, or which rule refused. record: as it was asked for; one that cannot be an id stands in the details.
        details: whatever else an auditor may want to know, query texts included.
        """
        content: dict[str, Json] = {"name": actor.name, **(details or {})}
        if record is not None:
            # as row and details will both spell it, so that one can be held against the other
            record = unicodedata.normalize("NFC", record).replace("\0", "\ufffd")
        record_id = record if record is not None and _ID.fullmatch(record) else None
        if record is not None and record_id is None:
            content["asked_for"] = record
        now = self._clock.now()
        name = f"audit/{actor.id}/{action}/{record}/{now.isoformat()}"
        sealed = Details(content, self._ids.salt(name))
        leaf = Leaf(
            pending_id=self._ids.new(name),
            time=now,
            person=actor.id if actor.is_person else None,
            source=None if actor.is_person else actor.id,
            office=actor.office,
            action=action,
            outcome=Outcome(outcome),
            right=right,
            record_id=record_id,
            session=actor.session,
            address=actor.address,
            details_commitment=sealed.commitment(),
        )
        return AuditRow(
            id=leaf.pending_id,
            time=now,
            action=action,
            outcome=outcome,
            leaf=leaf.encode().decode("ascii"),
            person=actor.name if actor.is_person else None,
            source=None if actor.is_person else actor.name,
            office=actor.office,
            right=right,
            record_id=None if record is None else record[:_SHOWN],
            session=actor.session,
            address=actor.address,
            details_sealed=seal_details(sealed, self._auditors),
        )
