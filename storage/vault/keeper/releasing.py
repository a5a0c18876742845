"""The duty that lets a document out of quarantine: its parts come under the transit key again, and the worker takes it up anew."""

from __future__ import annotations

import base64

from storage.access import Action, decide
from storage.access.loading import load_subject
from storage.catalog.blobs import blobs_of, rewrapped_header
from storage.catalog.record_facts import facts_of
from storage.catalog.records import return_to_transit
from storage.catalog.states import State
from storage.catalog.work import reopen
from storage.errors import InvalidInput, RecordChanged
from storage.vault.keeper.acting import deed_of
from storage.vault.keeper.keeper import FIRST, Keeper
from storage.vault.keeper.opening import identity_of, in_hand
from storage.vault.keeper.protocol import Json
from storage.vault.keyring import KeyKind
from storage.vault.rewrap import drop_old, wrap_anew

__all__ = ["unlock"]


def unlock(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Take a quarantined record up again with what opens it: by its depositor, who need not be able to read it, or by who may unlock.

    session, record. password: sealed to transit (base64), so that the worker alone can open it; erased with the step that uses it.
    Raises NotFound, NotAllowed, InvalidInput for a record that is not quarantined, RecordChanged.
    """
    record, sealed = str(values["record"]), base64.b64decode(str(values["password"]), validate=True)
    now = keeper.clock.now()
    with keeper.rewrapping:
        with keeper.catalog.read() as connection:
            facts = facts_of(connection, record)
            blobs = () if facts is None else blobs_of(connection, facts.id)
            subject = load_subject(connection, keeper.sessions.of(str(values["session"])).credential.person.id, now)
        allowed = facts is not None and subject is not None and decide(subject, Action.UNLOCK, facts).allowed
        if facts is None or not allowed:
            with deed_of(keeper, values, Action.UNLOCK, {}, record):
                raise RecordChanged  # it was refused a moment ago: the deed itself refuses, and writes that down
        if facts.state is not State.QUARANTINED:
            raise InvalidInput(what="The document is not quarantined, so there is nothing to unlock.")
        transit = keeper.keyring.identity(KeyKind.TRANSIT, FIRST).recipient()
        with in_hand(keeper, facts.id):
            moved = wrap_anew(keeper.store, blobs, identity_of(keeper, facts), [transit, keeper.recovery])
            with deed_of(keeper, values, Action.UNLOCK, {}, record) as act:
                if facts_of(act.connection, facts.id) != facts or blobs_of(act.connection, facts.id) != blobs:
                    raise RecordChanged
                for part in moved:
                    rewrapped_header(act.connection, part.blob, part.header_sha256)
                return_to_transit(act.connection, facts.id, int(FIRST))
                reopen(act.connection, facts.id, now, sealed)
            drop_old(keeper.store, moved)
    return {}
