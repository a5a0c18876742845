"""The duty by which open indexes are built anew: the texts of open records are opened to the worker, of no other."""

from __future__ import annotations

import base64
from typing import Final

from storage.access import Action
from storage.audit.scribe import process
from storage.catalog.audit_rows import add_audit_row
from storage.catalog.record_facts import RecordFacts
from storage.catalog.schema import record
from storage.catalog.states import State
from storage.errors import BlobMissing, FixityError, KeeperRefused
from storage.open_records import open_records
from storage.vault.keeper.keeper import Keeper
from storage.vault.keeper.opening import identity_of
from storage.vault.keeper.protocol import Json
from storage.vault.rewrap import file_key

__all__ = ["MOST", "open_texts"]

MOST: Final = 100
"""Records of which the texts are opened at once, and written down as one act."""


def open_texts(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """The file keys of the parts `text` of open records that are kept, for their index; one act in the log for all of them.

    records: their ids, at most MOST. Answer: keys, base64 by record; of what closed meanwhile, has no text or cannot be read there is none.
    What counts is what the row says and what the parts are sealed to: both must be open. Raises KeeperRefused for more at once.
    """
    asked = values["records"]
    if not isinstance(asked, list) or not 1 <= len(asked) <= MOST:
        raise KeeperRefused
    with keeper.catalog.write() as connection:
        found = open_records(connection, record.c.id.in_([str(one) for one in asked]), MOST)
        texts = [(one.facts, one.text) for one in found if _is_open(one.facts) and one.text is not None]
        details: dict[str, Json] = {"records": [facts.id for facts, _ in texts]}
        add_audit_row(connection, keeper.scribe.row(process("keeper"), Action.REINDEX, details=details))
    keys: dict[str, Json] = {}
    for facts, blob in texts:
        try:
            keys[facts.id] = base64.b64encode(file_key(keeper.store, blob, identity_of(keeper, facts))).decode("ascii")
        except (BlobMissing, FixityError):  # `check` names it; what else is known of the record is found all the same
            continue
    return {"keys": keys}


def _is_open(facts: RecordFacts) -> bool:
    return facts.state is State.KEPT and facts.is_open and facts.wrapped is not None and facts.wrapped.is_open
