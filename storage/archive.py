"""What api and worker work with: catalog, store, and the public halves of the keys, handed over by the keeper."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass

from storage.audit.scribe import Scribe
from storage.catalog.engine import Catalog
from storage.catalog.names import OfficeId, PartitionName, compartments_text
from storage.catalog.partitions import PartitionKey, newest_key
from storage.clock import Clock
from storage.engines import catalog_of, open_index_of, store_of
from storage.home import Home
from storage.ids import IdSource
from storage.index.open_index import OpenIndex
from storage.settings import Settings
from storage.vault.age import HybridIdentity, HybridRecipient, open_file, seal
from storage.vault.credentials import taken
from storage.vault.keeper.client import KeeperClient
from storage.vault.keeper.protocol import Json
from storage.vault.store import BlobStore

__all__ = ["Archive", "decode_key", "open_archive", "partition_key", "sealed_to_transit"]


_START_PATIENCE = 60.0
"""Seconds to wait for a keeper that is starting: a loaded machine is slow, not broken."""


@dataclass(frozen=True, slots=True)
class Archive:
    """One open instance, without a private key.

    transit, recovery: what a deposit is sealed to. transit_n: the number of the transit key. open_index_key: 32 bytes, of the embedded open
    index; cursors are sealed under what is derived from it. duplicates: HMAC key (32 bytes) for content; None in the worker, which has no
    use for it. index_is_shared: whether this process could also write the open index, as its server gave out no credential of less.
    """

    home: Home
    settings: Settings
    catalog: Catalog
    store: BlobStore
    keeper: KeeperClient
    ids: IdSource
    clock: Clock
    scribe: Scribe
    transit: HybridRecipient
    transit_n: int
    recovery: HybridRecipient
    open_index: OpenIndex
    open_index_key: bytes
    duplicates: bytes | None
    index_is_shared: bool

    @property
    def office(self) -> OfficeId:
        """The office that the instance belongs to."""
        return OfficeId(self.settings.office)


def open_archive(
    home: Home, settings: Settings, keeper: KeeperClient, ids: IdSource, clock: Clock, host: HybridIdentity | None = None
) -> tuple[Archive, dict[str, Json]]:
    """Open what the keeper hands over to this role; also everything that it handed over. host: on a worker host, what that is sealed to.

    Raises KeeperUnreachable, CatalogKeyWrong ...
    """
    given = keeper.ask_within(_START_PATIENCE, "handover")
    if host is not None:
        given = json.loads(b"".join(open_file(io.BytesIO(decode_key(given["sealed"])), [host])))
    credentials = taken(str(given["servers"]))
    auditors = HybridRecipient.parse(str(given["auditors"]))
    duplicates = given.get("duplicates")
    archive = Archive(
        home=home,
        settings=settings,
        catalog=catalog_of(home, settings, decode_key(given["catalog"]), credentials),
        store=store_of(home, settings, credentials),
        keeper=keeper,
        ids=ids,
        clock=clock,
        scribe=Scribe(auditors, ids, clock),
        transit=HybridRecipient.parse(str(given["transit_recipient"])),
        transit_n=int(str(given["transit_n"])),
        recovery=HybridRecipient.parse(settings.recovery),
        open_index=open_index_of(home, settings, decode_key(given["open_index"]), credentials),
        open_index_key=decode_key(given["open_index"]),
        duplicates=None if duplicates is None else decode_key(duplicates),
        index_is_shared="index" in credentials and bool(credentials["index"].user),
    )
    return archive, given


def partition_key(archive: Archive, name: PartitionName) -> PartitionKey:
    """The key to seal to for a partition; the keeper makes one where the partition was never named before."""
    with archive.catalog.read() as connection:
        key = newest_key(connection, name)
    if key is None:
        level = None if name.level is None else name.level.name
        given = archive.keeper.ask("partition", office=name.office, level=level, compartments=compartments_text(name.compartments))
        key = PartitionKey(name, int(str(given["n"])), str(given["recipient"]))
    return key


def sealed_to_transit(archive: Archive, password: str) -> bytes:
    """The password of a locked document, for the worker alone to open."""
    sealed = io.BytesIO()
    seal(io.BytesIO(password.encode()), sealed, [archive.transit])
    return sealed.getvalue()


def decode_key(text: Json) -> bytes:
    """A key as it comes from the keeper."""
    return base64.b64decode(str(text), validate=True)
