"""Making an instance known to a cluster: the right version, and a credential of least privilege for each process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypedDict, cast

from storage.catalog.names import OfficeId
from storage.errors import IndexRefused, IndexUnfit
from storage.index.elastic.cluster import ADMINISTERING, Cluster, Json, Query
from storage.index.elastic.names import Kind, Names
from storage.servers import Credential, Server

__all__ = ["Founded", "forget_elastic", "found_elastic", "may_read_closed"]

_VERSION: Final = "9."
_WRITES: Final = ["read", "write", "manage"]
_RIGHTS: Final[dict[Kind, dict[str, Json]]] = {
    Kind.OPEN: {"api": ["read", "view_index_metadata"], "worker": _WRITES},
    Kind.CLOSED: {"keeper": _WRITES},
}
"""By role, on the instance's own indexes of that kind and no others. Source: Elasticsearch, "Elasticsearch privileges"."""

_NO_KEYS: Final = frozenset({400, 403, 404, 405, 500, 501})
"""What a cluster answers that makes no keys: for this account, or for none."""


class _Node(TypedDict):
    version: str


class _Nodes(TypedDict):
    nodes: dict[str, _Node]


class _Key(TypedDict):
    id: str
    encoded: str


@dataclass(frozen=True, slots=True)
class Founded:
    """Who asks from now on. credentials: by role. keys: ids of the API keys made; none where the cluster makes none for the account given."""

    credentials: dict[str, Credential]
    keys: tuple[str, ...] = field(default=())

    def warning(self, lang: str) -> str | None:
        """What must be said where both processes ask as the account that was given."""
        if self.keys:
            return None
        if lang == "vi":
            return (
                "Elasticsearch không cấp khóa API cho tài khoản này, nên tiến trình phục vụ và tiến trình xử lý dùng chung tài khoản đã nêu. "
                "Hãy bật bảo mật và khởi tạo bằng tài khoản được quyền cấp khóa API."
            )
        return (
            "Elasticsearch makes no API keys for this account, so that api and worker both ask as the account that was named. "
            "Turn its security on, and found the instance with an account that may make API keys."
        )


def found_elastic(server: Server, instance: str, kind: Kind = Kind.OPEN) -> Founded:
    """Make a key that reads the instance's open indexes, for the api, and one that writes them, for the worker; of closed ones one for the keeper.

    server: with the credential of one who may make keys. Where none can be made, that credential is used in their place for open indexes.
    Keys do not expire. Raises IndexUnreachable (TLS, no answer), IndexRefused (a wrong password; for closed indexes also where no key can be
    made, since then others might read them), IndexUnfit (a version other than 9).
    """
    cluster, rights = Cluster(server), _RIGHTS[kind]
    try:
        found = cast("_Nodes", cluster.ask("GET", "/_nodes", patience=ADMINISTERING, filter_path="nodes.*.version").body)
        versions = sorted({node["version"] for node in found["nodes"].values()})
        if not all(version.startswith(_VERSION) for version in versions):
            raise IndexUnfit(version=", ".join(versions))
        made: dict[str, _Key] = {}
        for role, may in rights.items():
            answered = cluster.ask("POST", "/_security/api_key", _wanted(Names(instance, kind), role, may), patience=ADMINISTERING, accepted=_NO_KEYS)
            if answered.status in _NO_KEYS:
                break
            made[role] = cast("_Key", answered.body)
    finally:
        cluster.close()
    if len(made) < len(rights):
        given = server.credential or Credential("", "")
        if kind is Kind.CLOSED:
            raise IndexRefused(account=given.user)
        return Founded(dict.fromkeys(rights, given))
    return Founded({role: Credential("", key["encoded"]) for role, key in made.items()}, tuple(key["id"] for key in made.values()))


def may_read_closed(server: Server, instance: str) -> bool:
    """Whether whoever asks this server by its credential may read the instance's closed indexes there."""
    cluster = Cluster(server)
    try:
        cluster.ask("GET", f"/{Names(instance, Kind.CLOSED).answering(OfficeId('none'))}/_search", patience=ADMINISTERING, accepted=frozenset({404}))
    except IndexRefused:
        return False
    finally:
        cluster.close()
    return True


def forget_elastic(server: Server, instance: str, keys: tuple[str, ...], kind: Kind = Kind.OPEN) -> None:
    """Undo `found_elastic`, by the same account: revoke these keys, and remove the instance's indexes, of which a new instance has none."""
    cluster = Cluster(server)
    try:
        if keys:
            cluster.ask("DELETE", "/_security/api_key", {"ids": list(keys)}, patience=ADMINISTERING)
        for generations in Names(instance, kind).existing(cluster).values():
            for index in generations.all:
                cluster.ask("DELETE", f"/{index}", patience=ADMINISTERING, accepted=frozenset({404}))
    finally:
        cluster.close()


def _wanted(names: Names, role: str, rights: Json) -> Query:
    indexes: Json = {"names": [names.pattern], "privileges": rights}
    return {"name": f"vankho-{names.instance}-{role}", "role_descriptors": {role: {"cluster": [], "indices": [indexes]}}}
