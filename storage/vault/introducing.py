"""Making an instance known to its servers: what it needs there, and accounts of least privilege."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from storage.errors import InvalidInput
from storage.servers import Credential, Part, Server
from storage.vault.credentials import KEEPER, Credentials
from storage.vault.keeper.protocol import Role

__all__ = ["introduce", "placed"]

# A library that speaks to a server is loaded where there is one.


def placed(servers: dict[Part, Server], instance: str) -> dict[Part, Server]:
    """The servers with the place that this instance has there, so that several may share one.

    Raises InvalidInput for an address that does not say who asks.
    """
    for part, server in servers.items():
        if server.credential is None:
            raise InvalidInput(what=f"The address of the {part} names nobody who may ask: put USER:PASSWORD@ before the host.")
    return {part: replace(server, path=f"{server.path}/{instance}") if part == "store" else server for part, server in servers.items()}


def introduce(servers: dict[Part, Server], instance: str, undo: ExitStack) -> Credentials:
    """Make on each server what the instance needs there; returns who asks there from now on, by part and role.

    undo: takes what removes it again. Raises what the servers refuse: CatalogUnfit, IndexUnreachable, StoreRefused ...; and InvalidInput where
    api and worker could read the closed index.
    """
    made: dict[Part, dict[str, Credential]] = {}
    if store := servers.get("store"):
        from storage.vault.s3 import found_store

        found_store(store)
        if store.credential is not None:
            made["store"] = dict.fromkeys((KEEPER, *Role), store.credential)
    if index := servers.get("index"):
        from storage.index.elastic import forget_elastic, found_elastic

        founded = found_elastic(index, instance)
        made["index"] = founded.credentials
        undo.callback(forget_elastic, index, instance, founded.keys)
    if closed := servers.get("closed_index"):
        from storage.index.elastic import Kind, forget_elastic, found_elastic, may_read_closed

        founded = found_elastic(closed, instance, Kind.CLOSED)
        made["closed_index"] = founded.credentials
        undo.callback(forget_elastic, closed, instance, founded.keys, Kind.CLOSED)
        if any(may_read_closed(closed.with_credential(one), instance) for one in made.get("index", {}).values()):
            raise InvalidInput(what="The account of the index may read the closed index too: give one that may make API keys, or another cluster.")
    if catalog := servers.get("catalog"):
        from storage.catalog.founding import found_postgresql, remove_postgresql

        made["catalog"] = found_postgresql(catalog, instance)
        undo.callback(remove_postgresql, catalog, instance)
    return made
