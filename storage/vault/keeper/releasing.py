"""Duties that let the worker at a record once more: out of quarantine, or, while it stays kept, by lending what its reading needs."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from contextlib import AbstractContextManager

from storage.access import Action, decide_unwrap
from storage.access.deeds import Deed, deed
from storage.access.loading import load_subject
from storage.catalog.audit_rows import AuditFilter, audit_rows
from storage.catalog.blobs import BlobRow, blobs_of, rewrapped_header
from storage.catalog.record_facts import RecordFacts, facts_of
from storage.catalog.records import return_to_transit
from storage.catalog.rereading import is_lent
from storage.catalog.states import AuditOutcome, BlobPart, State
from storage.catalog.work import reopen
from storage.errors import InvalidInput, RecordChanged
from storage.vault.age import HybridRecipient
from storage.vault.keeper.acting import who_of
from storage.vault.keeper.keeper import FIRST, Keeper
from storage.vault.keeper.opening import identity_of, in_hand, rewrap_record
from storage.vault.keeper.protocol import Json
from storage.vault.keyring import KeyKind
from storage.vault.loan import Loan
from storage.vault.rewrap import drop_old, file_key, wrap_anew

__all__ = ["bring_up", "reread", "unlock"]

_LENT = frozenset({BlobPart.ORIGINAL, BlobPart.TEXT, BlobPart.DESCRIPTION})
"""What a new reading needs: the document as it came, what came with it or was corrected since, and the text that it must not fall behind."""
_DECISIONS = (Action.REVIEW, Action.RECLASSIFY_UP, Action.RECLASSIFY_DOWN)
"""Acts by which a person decides a level."""


def unlock(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Take a quarantined record up again with what opens it: by its depositor, who need not be able to read it, or by who may unlock.

    session, record. password: sealed to transit (base64), so that the worker alone can open it; erased with the step that uses it.
    Raises NotFound, NotAllowed, InvalidInput for a record that is not quarantined, RecordChanged.
    """
    with keeper.rewrapping:
        facts = _allowed(keeper, values, Action.UNLOCK)
        if facts.state is not State.QUARANTINED:
            raise InvalidInput(what="The document is not quarantined, so there is nothing to unlock.")
        _let_out(keeper, values, Action.UNLOCK, facts)
    return {}


def reread(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Have a record read again with the reader of today. A quarantined one is taken up as `unlock` does.

    A kept one stays where it is, at its level and with all its parts, under its partition's key: the worker is lent the file keys of
    three parts. So it is never less protected meanwhile, it is found as before, and a reading that fails leaves nothing to be put back.
    Asked while a reading waits or is under way, this one joins it.
    session, record. password: as for `unlock`, or null. Raises NotFound, NotAllowed, InvalidInput, RecordChanged, TooManyOpenings.
    """
    with keeper.rewrapping:
        facts = _allowed(keeper, values, Action.REREAD)
        if facts.state is State.QUARANTINED:
            _let_out(keeper, values, Action.REREAD, facts)
        elif facts.state is State.KEPT:
            _lend(keeper, values, facts)
        else:
            raise InvalidInput(what="The document is still on its way through its first reading.")
    return {}


def bring_up(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Re-wrap a kept record that a new reading put higher; for the worker, which says which.

    Only upwards: what lowers is an act of persons, and is asked for by the api. record. Answer: whether there was anything to do.
    Raises RecordChanged.
    """
    with keeper.catalog.read() as connection:
        facts = facts_of(connection, str(values["record"]))
    if facts is None or facts.state is not State.KEPT:
        return {"done": False}
    sealed = facts.as_wrapped()
    is_up = facts.office == sealed.office and facts.effective_level >= sealed.effective_level and facts.compartments >= sealed.compartments
    return {"done": is_up and not facts.is_open and rewrap_record(keeper, facts.id)}


def _allowed(keeper: Keeper, values: dict[str, Json], action: Action) -> RecordFacts:
    """The record, for one who may do this to it. A refusal is written down as any is."""
    record = str(values["record"])
    with keeper.catalog.read() as connection:
        facts = facts_of(connection, record)
        subject = load_subject(connection, keeper.sessions.of(str(values["session"])).credential.person.id, keeper.clock.now())
    if facts is None or subject is None or not decide_unwrap(subject, action, facts).allowed:
        with _deed(keeper, values, action):
            raise RecordChanged  # it was refused a moment ago: the deed itself refuses, and writes that down
    return facts


def _deed(keeper: Keeper, values: dict[str, Json], action: Action) -> AbstractContextManager[Deed]:
    """The act in one transaction, by the higher of what the row says and what the parts are sealed to."""
    return deed(
        keeper.catalog,
        keeper.scribe,
        lambda connection: who_of(keeper, values, connection),
        action,
        str(values["record"]),
        judge=lambda _, subject, facts: decide_unwrap(subject, action, facts),
    )


def _let_out(keeper: Keeper, values: dict[str, Json], action: Action, facts: RecordFacts) -> None:
    """Bring a quarantined record's parts under the transit key again, so that the worker takes it up from the first step on."""
    with keeper.catalog.read() as connection:
        blobs = blobs_of(connection, facts.id)
    with in_hand(keeper, facts.id):
        moved = wrap_anew(keeper.store, blobs, identity_of(keeper, facts), [_transit(keeper), keeper.recovery])
        with _deed(keeper, values, action) as act:
            _unchanged(act, facts, blobs)
            for part in moved:
                rewrapped_header(act.connection, part.blob, part.header_sha256)
            return_to_transit(act.connection, facts.id, int(FIRST))
            reopen(act.connection, facts.id, keeper.clock.now(), _password(values))
        drop_old(keeper.store, moved)


def _lend(keeper: Keeper, values: dict[str, Json], facts: RecordFacts) -> None:
    """Put the file keys that a new reading needs, for the worker alone to open, into the row that sets it to work."""
    with keeper.catalog.read() as connection:
        blobs = blobs_of(connection, facts.id)
    level = max(facts.effective_level, facts.as_wrapped().effective_level)
    keeper.sessions.count_opening(keeper.sessions.of(str(values["session"])), level)
    identity = identity_of(keeper, facts)
    keys = {blob.id: file_key(keeper.store, blob, identity) for blob in blobs if blob.part in _LENT}
    with _deed(keeper, values, Action.REREAD) as act:
        _unchanged(act, facts, blobs)
        if not is_lent(act.connection, facts.id):
            loan = Loan(facts.id, keys, _is_decided(act, facts), _password(values))
            reopen(act.connection, facts.id, keeper.clock.now(), loan.sealed(_transit(keeper)))


def _is_decided(act: Deed, facts: RecordFacts) -> bool:
    """Whether a person has decided the record's level."""
    asked = (AuditFilter(record_id=facts.id, action=action, outcome=AuditOutcome.DONE) for action in _DECISIONS)
    return any(audit_rows(act.connection, about, limit=1) for about in asked)


def _unchanged(act: Deed, facts: RecordFacts, blobs: Sequence[BlobRow]) -> None:
    if act.record != facts or blobs_of(act.connection, facts.id) != blobs:
        raise RecordChanged


def _transit(keeper: Keeper) -> HybridRecipient:
    return keeper.keyring.identity(KeyKind.TRANSIT, FIRST).recipient()


def _password(values: dict[str, Json]) -> bytes | None:
    return None if values["password"] is None else base64.b64decode(str(values["password"]), validate=True)
