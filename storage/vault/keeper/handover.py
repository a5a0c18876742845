"""What the keeper hands over when a process starts, to each role what its work takes and no more."""

from __future__ import annotations

import base64
import io
import json

from storage.vault.age import HybridRecipient, seal
from storage.vault.credentials import given, of_role
from storage.vault.keeper.hosts import host_of
from storage.vault.keeper.keeper import FIRST, Keeper
from storage.vault.keeper.protocol import Json, Role
from storage.vault.keyring import KeyKind

__all__ = ["to_api", "to_host", "to_worker"]


def to_api(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Credentials of the catalog and of the open index, the HMAC key for duplicates; of the rest public halves."""
    return _common(keeper, Role.API) | {"duplicates": _secret(keeper, KeyKind.DUPLICATES)}


def to_worker(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Credentials of the catalog and of the open index, and the transit identity, which opens what is not kept yet."""
    return _common(keeper, Role.WORKER) | {"transit": _secret(keeper, KeyKind.TRANSIT)}


def to_host(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """The same to a worker of another host, without the keys of files that are not there: sealed to that host's own key.

    So neither the gate nor whoever records the network, and breaks TLS one day, has the transit identity.
    """
    recipient, sealed = HybridRecipient.parse(host_of(keeper, values).recipient), io.BytesIO()
    given = to_worker(keeper, values) | {"catalog": "", "open_index": ""}
    seal(io.BytesIO(json.dumps(given).encode()), sealed, [recipient])
    return {"sealed": base64.b64encode(sealed.getvalue()).decode("ascii")}


def _common(keeper: Keeper, role: Role) -> dict[str, Json]:
    return {
        "servers": given(of_role(keeper.credentials, role)),
        "catalog": _secret(keeper, KeyKind.CATALOG),
        "open_index": _secret(keeper, KeyKind.OPEN_INDEX),
        "auditors": keeper.keyring.identity(KeyKind.AUDITORS, FIRST).recipient().text(),
        "transit_recipient": keeper.keyring.identity(KeyKind.TRANSIT, FIRST).recipient().text(),
        "transit_n": int(FIRST),
    }


def _secret(keeper: Keeper, kind: KeyKind) -> str:
    return base64.b64encode(keeper.keyring.secret(kind, FIRST)).decode("ascii")
