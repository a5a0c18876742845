"""The keeper's own state: keys, a catalog connection, who is signed in. It is made once the walls stand."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from storage.audit.note import log_signer
from storage.audit.scribe import Scribe
from storage.catalog.engine import Catalog
from storage.catalog.revision import is_outdated
from storage.clock import Clock
from storage.engines import catalog_of, store_of
from storage.errors import InvalidInput, KeyFileDamaged
from storage.home import Home
from storage.ids import IdSource
from storage.index.closed_index import ClosedPartitions
from storage.servers import Credential, Part
from storage.settings import Settings
from storage.vault.age import HybridRecipient
from storage.vault.credentials import KEEPER, Credentials, of_role, read_credentials
from storage.vault.keeper.admissions import Admissions
from storage.vault.keeper.closed_files import ClosedFiles
from storage.vault.keeper.hearing import Hearings
from storage.vault.keeper.sequencing import Sequencer
from storage.vault.keeper.sessions import Sessions
from storage.vault.keeper.turns import Turn
from storage.vault.keyring import KeyKind, Keyring
from storage.vault.store import BlobStore

__all__ = ["FIRST", "Keeper", "open_keeper"]

FIRST = "1"
"""The name of the first key of each kind that is not a partition's."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """What the duties work with.

    credentials: of all roles, with the servers of the instance. rewrapping: held while a record's parts come under another key, one record
    at a time. indexing: which worker keeps the open index on a server up to date. admissions: the connections of worker hosts.
    """

    home: Home
    settings: Settings
    keyring: Keyring
    catalog: Catalog
    store: BlobStore
    ids: IdSource
    clock: Clock
    scribe: Scribe
    sessions: Sessions
    recovery: HybridRecipient
    sequencer: Sequencer
    closed: ClosedPartitions
    credentials: Credentials
    hearings: Hearings = field(default_factory=Hearings)
    rewrapping: threading.Lock = field(default_factory=threading.Lock)
    indexing: Turn = field(default_factory=Turn)
    admissions: Admissions = field(default_factory=Admissions)


def open_keeper(home: Home, settings: Settings, keyring: Keyring, ids: IdSource, clock: Clock) -> Keeper:
    """The keeper of an instance whose keys are unwrapped. A catalog of an earlier version gets the tables of this one, before anybody else opens it.

    Raises KeyFileDamaged, CatalogMissing, CatalogKeyWrong, CatalogNewer; InvalidInput where another log key is configured than the one that signs.
    """
    auditors = keyring.identity(KeyKind.AUDITORS, FIRST)
    signer = log_signer(settings.instance, keyring.secret(KeyKind.SIGNING, FIRST))
    if str(signer.verifier) != settings.log_key:
        raise InvalidInput(what=f"vankho.toml: log_key is not this instance's key. Put back {signer.verifier}.")
    keyring.ensure(KeyKind.HOSTS, FIRST, ids, clock)  # instances of earlier versions have none yet
    credentials = _credentials(home, settings, keyring)
    own = of_role(credentials, KEEPER)
    catalog = catalog_of(home, settings, bytes(keyring.secret(KeyKind.CATALOG, FIRST)), own)
    with catalog.read() as connection:
        outdated = is_outdated(connection)
    if outdated:
        from storage.catalog.migrations import migrate  # a quarter of a second that no other start is to spend

        migrate(catalog)
    return Keeper(
        home,
        settings,
        keyring,
        catalog,
        store_of(home, settings, own),
        ids,
        clock,
        Scribe(auditors.recipient(), ids, clock),
        Sessions(ids, clock),
        HybridRecipient.parse(settings.recovery),
        Sequencer(home.audit, signer, catalog, auditors),
        _closed(home, settings, keyring, own),
        credentials,
    )


def _closed(home: Home, settings: Settings, keyring: Keyring, own: Mapping[Part, Credential]) -> ClosedPartitions:
    """The closed partitions, where the configuration says that they lie."""
    server = settings.servers.get("closed_index")
    if server is None:
        return ClosedFiles(home.closed, keyring)
    from storage.index.elastic import ElasticClosedIndex  # a library that speaks to a server is loaded where there is one

    return ElasticClosedIndex(server.with_credential(own["closed_index"]), settings.instance)


def _credentials(home: Home, settings: Settings, keyring: Keyring) -> Credentials:
    """Those that the instance was made with. Raises KeyFileDamaged where their key does not open, or a server is named for which there are none."""
    key = keyring.secret(KeyKind.CREDENTIALS, FIRST)  # passwords of people need it too
    if not settings.servers:
        return {}
    credentials = read_credentials(home.keys, key, settings.instance)
    if missing := sorted(set(settings.servers) - set(credentials)):
        raise KeyFileDamaged(name=f"credentials/{missing[0]}")
    return credentials
