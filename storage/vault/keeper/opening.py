"""Duties on sealed parts: the keeper hands out the key of one part, never a partition's; it makes partitions and re-wraps."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from classification.levels import Level
from storage.access import Action, decide_unwrap
from storage.access.loading import load_subject
from storage.audit.scribe import process
from storage.catalog.audit_rows import add_audit_row, audit_row
from storage.catalog.blobs import blob_of, blobs_of, rewrapped_header
from storage.catalog.names import OfficeId, PartitionName, parse_compartments
from storage.catalog.offices import office_of
from storage.catalog.partitions import PartitionKey, add_partition_key, newest_key
from storage.catalog.record_facts import RecordFacts, facts_of
from storage.catalog.records import rewrapped
from storage.catalog.states import AuditOutcome, BlobPart, State
from storage.durable import replace
from storage.errors import KeeperRefused, NotFound, RecordChanged
from storage.ids import RecordId
from storage.vault.age import HybridIdentity, HybridRecipient
from storage.vault.keeper.closed_files import partition_key_name
from storage.vault.keeper.forgetting import forget_now, owe_forgetting
from storage.vault.keeper.keeper import Keeper
from storage.vault.keeper.protocol import Json
from storage.vault.keyring import KeyKind
from storage.vault.rewrap import drop_old, file_key, wrap_anew

__all__ = ["has_cut_rewraps", "identity_of", "in_hand", "partition", "rewrap", "rewrap_record", "tidy_rewraps", "unwrap"]

_FRESH = timedelta(seconds=60)
_COVERS = {
    Action.READ: frozenset({BlobPart.ORIGINAL, BlobPart.ACCESS, BlobPart.TEXT, BlobPart.PAGES}),
    Action.SHOW: frozenset({BlobPart.DESCRIPTION}),
    Action.EDIT: frozenset({BlobPart.DESCRIPTION}),
}
"""Which parts an act that stands in the log lets its person open."""

_NOTE = ".rewrap"
_AT_REST = frozenset({State.KEPT, State.QUARANTINED, State.WITHDRAWN})


def unwrap(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """The file key of one part, for a person who may open it now and whose act already stands in the log.

    session: her handle. record, part: what. audit: the id of the act's committed row. Answer: file_key, base64.
    Raises NotFound where she may not, KeeperRefused where the row is not of this very act.
    """
    session = keeper.sessions.of(str(values["session"]))
    part, audit_id = BlobPart(str(values["part"])), str(values["audit"])
    now = keeper.clock.now()
    with keeper.catalog.read() as connection:
        row = audit_row(connection, audit_id)
        subject = load_subject(connection, session.credential.person.id, now)
        facts = facts_of(connection, str(values["record"]))
        blob = None if facts is None else blob_of(connection, facts.id, part)
    of_this_act = (
        row is not None
        and facts is not None
        and row.session == session.handle
        and row.person == session.credential.person.name
        and row.record_id == facts.id
        and row.outcome is AuditOutcome.DONE
        and now - row.time <= _FRESH
    )
    action = None if row is None else _action(row.action)
    if action is None or not of_this_act or part not in _COVERS.get(action, frozenset()):
        raise KeeperRefused
    if subject is None or facts is None or blob is None or not decide_unwrap(subject, action, facts).allowed:
        raise NotFound
    if not keeper.sessions.spend(audit_id):
        raise KeeperRefused
    keeper.sessions.count_opening(session, max(facts.effective_level, facts.as_wrapped().effective_level))
    key = file_key(keeper.store, blob, identity_of(keeper, facts))
    return {"file_key": base64.b64encode(key).decode("ascii")}


def partition(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """The newest key of a partition, made with the partition where it was never named before.

    office, level (null: open), compartments (canonical text). Answer: partition, n, recipient. Raises ValueError for what is no
    partition's name, NotFound for an office that does not exist.
    """
    level = None if values["level"] is None else Level[str(values["level"])]
    name = PartitionName(OfficeId(str(values["office"])), level, parse_compartments(str(values["compartments"])))
    key = _partition_key(keeper, name)
    return {"partition": str(key.partition), "n": key.n, "recipient": key.recipient}


def rewrap(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Bring a record at rest under the key of the partition where it belongs by now. Answer: whether there was anything to do."""
    return {"done": rewrap_record(keeper, RecordId(str(values["record"])))}


def rewrap_record(keeper: Keeper, record_id: RecordId) -> bool:
    """Re-wrap one record; False where it lies under the right key already, or is still on its way.

    Raises RecordChanged if somebody changed its parts meanwhile: then it is to be done again.
    """
    with keeper.rewrapping:
        with keeper.catalog.read() as connection:
            facts = facts_of(connection, record_id)
            blobs = blobs_of(connection, record_id)
        if facts is None or facts.wrapped is None or facts.state not in _AT_REST or facts.wrapped == facts.home:
            return False
        key = _partition_key(keeper, facts.home)
        if facts.wrapped.is_open:  # it closes
            owe_forgetting(keeper)
        with in_hand(keeper, record_id):
            moved = wrap_anew(keeper.store, blobs, identity_of(keeper, facts), [HybridRecipient.parse(key.recipient), keeper.recovery])
            with keeper.catalog.write() as connection:
                if blobs_of(connection, record_id) != blobs or facts_of(connection, record_id) != facts:
                    raise RecordChanged
                details: dict[str, Json] = {"to": str(key.partition), "n": key.n}
                add_audit_row(connection, keeper.scribe.row(process("keeper"), "rewrap", record=record_id, details=details))
                for part in moved:
                    rewrapped_header(connection, part.blob, part.header_sha256)
                rewrapped(connection, record_id, key.partition, key.n)
            drop_old(keeper.store, moved)
    forget_now(keeper)
    return True


@contextmanager
def in_hand(keeper: Keeper, record_id: RecordId) -> Iterator[None]:
    """A note, durable while the block runs and left behind by an error or crash, that the record's re-wrapping is under way."""
    note = keeper.home.closed / f"{record_id}{_NOTE}"
    replace(note, b"")
    yield
    note.unlink()


def has_cut_rewraps(keeper: Keeper) -> bool:
    """Whether there is anything to tidy; or a record's re-wrapping is under way, which does not mind."""
    return next(keeper.home.closed.glob(f"*{_NOTE}"), None) is not None


def tidy_rewraps(keeper: Keeper) -> None:
    """Of records whose re-wrapping was cut off: bring them home, and remove the header versions that their rows do not name."""
    for note in sorted(keeper.home.closed.glob(f"*{_NOTE}")):
        record_id = RecordId(note.name.removesuffix(_NOTE))
        rewrap_record(keeper, record_id)
        with keeper.rewrapping:
            with keeper.catalog.read() as connection:
                blobs = blobs_of(connection, record_id)
            for blob in blobs:
                for version in (blob.header_version - 1, blob.header_version + 1):
                    if version >= 1:
                        keeper.store.remove_header(blob.id, version)
            note.unlink(missing_ok=True)


def _partition_key(keeper: Keeper, name: PartitionName) -> PartitionKey:
    with keeper.catalog.read() as connection:
        key = newest_key(connection, name)
        known = key is not None or office_of(connection, name.office) is not None
    if key is not None:
        return key
    if not known:
        raise NotFound
    # The private half is durable before the public half can be used: nothing is ever sealed to a key that a crash took away.
    info = keeper.keyring.ensure(KeyKind.PARTITION, partition_key_name(name, 1), keeper.ids, keeper.clock)
    with keeper.catalog.write() as connection:
        return newest_key(connection, name) or add_partition_key(connection, name, str(info.public), keeper.clock.now())


def identity_of(keeper: Keeper, facts: RecordFacts) -> HybridIdentity:
    """What opens a record's parts as they are sealed now."""
    if facts.wrapped is None:
        return keeper.keyring.identity(KeyKind.TRANSIT, str(facts.wrapped_n))
    return keeper.keyring.identity(KeyKind.PARTITION, partition_key_name(facts.wrapped, facts.wrapped_n))


def _action(word: str) -> Action | None:
    return Action(word) if word in set(Action) else None
