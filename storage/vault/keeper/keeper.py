"""The keeper's own state: keys, a catalog connection, who is signed in. It is made once the walls stand."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from storage.audit.note import log_signer
from storage.audit.scribe import Scribe
from storage.catalog.engine import Catalog, open_catalog
from storage.clock import Clock
from storage.errors import InvalidInput
from storage.home import Home
from storage.ids import IdSource
from storage.settings import Settings
from storage.vault.age import HybridRecipient
from storage.vault.folder import FolderStore
from storage.vault.keeper.closed_files import ClosedFiles
from storage.vault.keeper.hearing import Hearings
from storage.vault.keeper.sequencing import Sequencer
from storage.vault.keeper.sessions import Sessions
from storage.vault.keyring import KeyKind, Keyring

__all__ = ["FIRST", "Keeper", "open_keeper"]

FIRST = "1"
"""The name of the first key of each kind that is not a partition's."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """What the duties work with. rewrapping: held while a record's parts come under another key, one record at a time."""

    home: Home
    settings: Settings
    keyring: Keyring
    catalog: Catalog
    store: FolderStore
    ids: IdSource
    clock: Clock
    scribe: Scribe
    sessions: Sessions
    recovery: HybridRecipient
    sequencer: Sequencer
    closed: ClosedFiles
    hearings: Hearings = field(default_factory=Hearings)
    rewrapping: threading.Lock = field(default_factory=threading.Lock)


def open_keeper(home: Home, settings: Settings, keyring: Keyring, ids: IdSource, clock: Clock) -> Keeper:
    """The keeper of an instance whose keys are unwrapped.

    Raises KeyFileDamaged, CatalogMissing, CatalogKeyWrong; InvalidInput where the configuration names another log key than the one that signs.
    """
    auditors = keyring.identity(KeyKind.AUDITORS, FIRST)
    signer = log_signer(settings.instance, keyring.secret(KeyKind.SIGNING, FIRST))
    if str(signer.verifier) != settings.log_key:
        raise InvalidInput(what=f"vankho.toml: log_key is not this instance's key. Put back {signer.verifier}.")
    catalog = open_catalog(home.catalog / "catalog.db", bytes(keyring.secret(KeyKind.CATALOG, FIRST)))
    return Keeper(
        home,
        settings,
        keyring,
        catalog,
        FolderStore(home.store),
        ids,
        clock,
        Scribe(auditors.recipient(), ids, clock),
        Sessions(ids, clock),
        HybridRecipient.parse(settings.recovery),
        Sequencer(home.audit, signer, catalog, auditors),
        ClosedFiles(home.closed, keyring),
    )
