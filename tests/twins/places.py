"""Where the parts of worlds lie on servers: each world has a database, a prefix and indexes of its own, which begin as copies of another's."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import methodcaller

import psycopg
from elasticsearch import Elasticsearch
from psycopg import sql

from storage.home import Home
from storage.index.closed_index import ClosedPartitions
from storage.index.elastic import ElasticClosedIndex, ElasticOpenIndex, Kind
from storage.index.elastic.names import Names
from storage.index.open_index import Change, OpenIndex
from storage.servers import Credential, Part
from storage.settings import Settings
from storage.vault.keeper.keeper import Keeper
from tests.servers.addresses import address
from tests.servers.elasticsearch import ElasticsearchCluster
from tests.servers.postgresql import PostgresServer, connection_string
from tests.servers.s3 import S3Server

__all__ = ["Places"]

_KEPT = "index.soft_deletes.retention.operations"
_KEEPS_ALL = 1_000_000
"""Changes after which an index may forget what they replaced: more than any world has."""


@dataclass(frozen=True)
class Places:
    """Three servers for all worlds of a module, which are one instance: they have its id, its keys and its accounts."""

    catalog: PostgresServer
    index: ElasticsearchCluster
    store: S3Server

    def addresses(self) -> dict[Part, str]:
        """As `init` takes them."""
        return {
            "catalog": address(self.catalog.new_database()),
            "index": address(self.index.server()),
            "store": address(self.store.new_bucket()),
            "closed_index": address(self.index.server()),
        }

    def moved(self, settings: Settings, like: str, world: str) -> Settings:
        """Copy what the world `like`, which is closed, has on the servers. settings: its own. Returns those of the copy."""
        database, store = settings.servers["catalog"].path, settings.servers["store"].path
        self._ask("CREATE DATABASE {} TEMPLATE {}", world, database)
        prefix = f"{store.partition('/')[0]}/{world}"
        if (self.store.data / store).is_dir():
            shutil.copytree(self.store.data / store, self.store.data / prefix)  # with what the server keeps in extended attributes
            self.store.hand_over(self.store.data / prefix)
        with self.index.client() as client:
            for kind in Kind:
                old, new = (_names(settings, one, kind) for one in (like, world))
                _clone(client, old.pattern, methodcaller("replace", old.instance, new.instance))
        paths = {"catalog": world, "index": "", "store": prefix, "closed_index": ""}
        return replace(settings, servers={part: replace(server, path=paths[part]) for part, server in settings.servers.items()})

    def merge(self, settings: Settings, world: str) -> None:
        """The one place for the channel that Elasticsearch has and nothing else: what was edited, withdrawn or closed counts in the statistics
        that order a tier until segments merge. A clone of an index may be merged at once, unlike the one that was written to, and takes its place.

        From then on it forgets nothing, and passes that on: where the same is done to two worlds their statistics are the same, whatever merges when;
        but for a segment in which nothing is left, which goes at once.
        """
        pattern = _names(settings, world).pattern
        with self.index.client() as client:
            if not (old := [*client.indices.get_alias(index=pattern)]):
                return
            _clone(client, pattern, _next)
            client.indices.delete(index=old)
            new = [_next(name) for name in old]
            client.indices.put_settings(index=new, settings={_KEPT: 0})
            client.indices.forcemerge(index=new, max_num_segments=1)
            left = client.indices.stats(index=new, metric="docs")["_all"]["primaries"]["docs"]["deleted"]
            assert left == 0, f"{left} documents that were replaced still count"
            client.indices.put_settings(index=new, settings={_KEPT: _KEEPS_ALL})

    def drop(self, settings: Settings, world: str) -> None:
        """Remove what a closed world has on the servers."""
        self._ask("DROP DATABASE {}", settings.servers["catalog"].path)
        shutil.rmtree(self.store.data / settings.servers["store"].path, ignore_errors=True)
        with self.index.client() as client:
            for kind in Kind:
                if there := [*client.indices.get_alias(index=_names(settings, world, kind).pattern)]:
                    client.indices.delete(index=there)

    def open_index(self, home: Home, settings: Settings, credentials: Mapping[Part, Credential]) -> OpenIndex:
        """The index of the world that lies in `home`."""
        return _ForgetsAtOnce(settings.servers["index"].with_credential(credentials["index"]), _names(settings, home.root.name).instance)

    def closed_index(self, home: Home, keeper: Keeper) -> ClosedPartitions:
        """The closed index of the world that lies in `home`."""
        server = keeper.settings.servers["closed_index"].with_credential(keeper.credentials["closed_index"]["keeper"])
        return _ClosedForgetsAtOnce(server, _names(keeper.settings, home.root.name, Kind.CLOSED).instance)

    def _ask(self, statement: str, *names: str) -> None:
        with psycopg.connect(connection_string(self.catalog.server()), autocommit=True) as admin:
            admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


class _ForgetsAtOnce(ElasticOpenIndex):
    """Takes for forgotten what is deleted, as a server needs half a minute to, in which more would happen to one of two worlds than to the other.

    That it leaves the files is proved in tests/proofs/servers; what segments still hold is left out of the statistics by `Places.merge`.
    """

    def expunge(self, given_up: Sequence[Change]) -> frozenset[Change]:
        return frozenset(given_up)


class _ClosedForgetsAtOnce(ElasticClosedIndex):
    """The same; in a closed index, whose ranking is frozen, what segments still hold moves no answer."""

    def expunge(self, given_up: Sequence[Change]) -> frozenset[Change]:
        return frozenset(given_up)


def _names(settings: Settings, world: str, kind: Kind = Kind.OPEN) -> Names:
    """Names that the keys of the instance may use, and no two worlds."""
    return Names(f"{settings.instance}-{kind}-{world}", kind)


def _clone(client: Elasticsearch, pattern: str, renamed: Callable[[str], str]) -> None:
    """Copy indexes with their aliases, each under another name."""
    if not (there := client.indices.get_alias(index=pattern)):
        return
    client.indices.put_settings(index=[*there], settings={"index.blocks.write": True})
    for name, index in there.items():
        aliases: dict[str, dict[str, object]] = {renamed(alias): {} for alias in index["aliases"]}
        client.indices.clone(index=name, target=renamed(name), aliases=aliases, settings={"index.blocks.write": None})


def _next(name: str) -> str:
    """The index that follows another of its office, or the alias by which it is written to; the one that answers for the office stays."""
    stem, _, number = name.removesuffix("+w").rpartition("-")
    return f"{stem}-{int(number) + 1}{'+w' if name.endswith('+w') else ''}" if "@" in name else name
