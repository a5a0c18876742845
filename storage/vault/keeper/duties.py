"""What the keeper does when it is asked: one function a duty, each for the roles that it names.

Every duty may be asked again: a client whose connection broke does not know whether it was done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TypeAlias

from storage.vault.keeper import auditing, closed_search, handover, hosts, lending, mending, opening, people, releasing, signing_in
from storage.vault.keeper.keeper import Keeper
from storage.vault.keeper.protocol import Json, Role
from storage.vault.keyring import KeyKind

__all__ = ["DUTIES", "Duty"]

Duty: TypeAlias = Callable[[Keeper, dict[str, Json]], dict[str, Json]]


def _keys(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """What may be known of the instance's keys; public halves only. Of partitions' keys only those that do not open.

    Which partitions there are, and since when, says which offices hold what level: as much as a count of records that the asking person may not see.
    """
    told = [info for info in keeper.keyring.infos() if info.kind is not KeyKind.PARTITION or not info.sound]
    return {"keys": [dict(asdict(info)) for info in told]}


def _index_turn(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Whether this worker is the one that keeps the open index up to date. owner: its own name."""
    return {"is_yours": keeper.indexing.take(str(values["owner"]))}


DUTIES: dict[Role, dict[str, Duty]] = {
    Role.API: {
        "handover": handover.to_api,
        "sign_in": signing_in.sign_in,
        "sign_in_by_password": signing_in.sign_in_by_password,
        "resume": signing_in.resume,
        "session_end": signing_in.session_end,
        "sign_out": signing_in.sign_out,
        "add_person": people.add_person,
        "list_people": people.list_people,
        "disable_person": people.disable_person,
        "set_password": people.set_password,
        "grant": people.grant,
        "revoke_grant": people.revoke_grant,
        "add_source": people.add_source,
        "add_host": hosts.add_host,
        "list_hosts": hosts.list_hosts,
        "disable_host": hosts.shut_out,
        "keys": _keys,
        "partition": opening.partition,
        "unwrap": opening.unwrap,
        "rewrap": opening.rewrap,
        "unlock": releasing.unlock,
        "reread": releasing.reread,
        "search_closed": closed_search.search_closed,
        "look_over_closed": mending.look_over_closed,
        "attend": auditing.attend,
        "sequence_now": auditing.sequence_now,
        "audit_checkpoint": auditing.audit_checkpoint,
        "audit_query": auditing.audit_query,
        "audit_verify": auditing.audit_verify,
        "audit_bundle": auditing.audit_bundle,
        "audit_file": auditing.audit_file,
    },
    Role.WORKER: {
        "handover": handover.to_worker,
        "partition": opening.partition,
        "bring_up": releasing.bring_up,
        "open_texts": lending.open_texts,
        "index_turn": _index_turn,
        "sequence_now": auditing.sequence_now,
    },
    Role.GATE: {"certify": hosts.certify},
    Role.HOST: {
        "handover": handover.to_host,
        "partition": opening.partition,
        "bring_up": releasing.bring_up,
        "open_texts": lending.open_texts,
        "index_turn": _index_turn,
        "sequence_now": auditing.sequence_now,
    },
}
"""A duty that is not listed for a role does not exist for it."""
