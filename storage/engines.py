"""Catalog, store and open index of an instance, opened where its configuration says that they lie: in its home, or on servers."""

from __future__ import annotations

from collections.abc import Mapping

from storage.catalog.engine import Catalog, open_catalog
from storage.home import Home
from storage.index.embedded import EmbeddedOpenIndex
from storage.index.open_index import OpenIndex
from storage.servers import Credential, Part, Server
from storage.settings import Settings
from storage.vault.folder import FolderStore
from storage.vault.store import BlobStore

__all__ = ["NAMES", "catalog_of", "open_index_of", "store_of"]

# A library that speaks to a server is loaded where there is one: a command must be there in a tenth of a second.

NAMES: Mapping[Part, tuple[str, str]] = {
    "catalog": ("sqlcipher", "postgresql"),
    "index": ("sqlite-fts5", "elasticsearch"),
    "store": ("folder", "s3"),
    "closed_index": ("sqlite-fts5", "elasticsearch"),
}
"""What each part is called in `status`: embedded, and on a server."""


def catalog_of(home: Home, settings: Settings, key: bytes, credentials: Mapping[Part, Credential]) -> Catalog:
    """The catalog. key: 32 bytes, of the embedded one. Raises CatalogMissing, CatalogKeyWrong, CatalogUnreachable."""
    server = _server(settings, "catalog", credentials)
    if server is None:
        return open_catalog(home.catalog / "catalog.db", key)
    from storage.catalog.postgresql import open_postgresql

    return open_postgresql(server, settings.instance)


def store_of(home: Home, settings: Settings, credentials: Mapping[Part, Credential]) -> BlobStore:
    """The store of sealed parts. Raises StoreFull, StoreFailed."""
    server = _server(settings, "store", credentials)
    if server is None:
        return FolderStore(home.store)
    from storage.vault.s3 import S3Store

    return S3Store(server, home.tmp)


def open_index_of(home: Home, settings: Settings, key: bytes, credentials: Mapping[Part, Credential]) -> OpenIndex:
    """The open partitions' index. key: 32 bytes, of the embedded one."""
    server = _server(settings, "index", credentials)
    if server is None:
        return EmbeddedOpenIndex(home.catalog, key)
    from storage.index.elastic import ElasticOpenIndex

    return ElasticOpenIndex(server, settings.instance)


def _server(settings: Settings, part: Part, credentials: Mapping[Part, Credential]) -> Server | None:
    server = settings.servers.get(part)
    return server if server is None or part not in credentials else server.with_credential(credentials[part])
