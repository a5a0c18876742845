"""Duties on the audit log: auditors ask, and that they asked stands in the log as well."""

from __future__ import annotations

import base64
import unicodedata
from datetime import datetime
from typing import cast

from storage.access import Action, may
from storage.audit.log import CHECKPOINT
from storage.audit.note import encode_digest
from storage.audit.rows import leaf_of, open_details
from storage.audit.tiles import encode_entry, parse_name
from storage.catalog.audit_rows import AuditFilter, AuditRow, audit_rows
from storage.catalog.states import AuditOutcome
from storage.clock import instant
from storage.errors import InvalidInput, NotAllowed, NotFound
from storage.vault.age import HybridIdentity
from storage.vault.keeper.acting import deed_of, who_of
from storage.vault.keeper.forgetting import is_forgetting_owed
from storage.vault.keeper.hearing import Judgement, judge
from storage.vault.keeper.keeper import FIRST, Keeper
from storage.vault.keeper.protocol import Json
from storage.vault.keyring import KeyKind

__all__ = ["attend", "audit_bundle", "audit_checkpoint", "audit_file", "audit_query", "audit_verify", "sequence_now"]

_PAGE, _MOST = 200, 1000
_MOST_SEALED = 4 << 20
"""Bytes of details opened for one page: an answer fits into one frame."""

_HEARING_PATIENCE = 0.5
"""Seconds within which a question about a verification is answered, with or without its end."""

_ASKED = ("record", "person", "office", "action", "outcome", "since", "until")


def attend(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Say that this keeper is there and its log sound; it does nothing for it, so that watchers may ask often. Answer: nothing."""
    keeper.sequencer.require_sound()
    return {}


def sequence_now(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Give every waiting row its place now. Answer: size of the log; unforgotten: whether the catalog may still hold words of a closed record."""
    return {"size": keeper.sequencer.sequence().checkpoint.head.size, "unforgotten": is_forgetting_owed(keeper)}


def audit_checkpoint(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """The newest checkpoint as its signed note. Answer: checkpoint, key."""
    with deed_of(keeper, values, Action.AUDIT_CHECKPOINT, {}):
        pass
    _, note = _signed(keeper)
    return {"checkpoint": note, "key": str(keeper.sequencer.verifier)}


def audit_query(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """A page of acts, newest first, with their details.

    record, person (name), office, action, outcome: equal to; since (inclusive), until (exclusive): RFC 3339. limit: at most 1,000, 200 if not given.
    after: the `next` of the page before. Answer: entries, next (null at the end). Details are null where they were destroyed, do not open, or are
    not those that the log commits to.
    """
    wanted, after = _filter(values), _cursor(values.get("after"))
    limit = max(1, min(_MOST, int(str(values.get("limit") or _PAGE))))
    asked: dict[str, Json] = {name: values[name] for name in _ASKED if values.get(name) is not None}
    with deed_of(keeper, values, Action.AUDIT_READ, {"query": asked}):
        pass
    keeper.sequencer.sequence()  # so that what is shown has its place
    with keeper.catalog.read() as connection:
        rows = audit_rows(connection, wanted, limit + 1, after)
    page = _bounded(rows[:limit])
    auditors = keeper.keyring.identity(KeyKind.AUDITORS, FIRST)
    more = len(page) < len(rows)
    return {"entries": [_entry(row, auditors) for row in page], "next": _position(page[-1]) if more else None}


def audit_verify(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Judge the log and every row. The first question begins it; ask again with the `run` of the answer until there is an `ok` in it.

    Answer: ok, size and root (base64, as the checkpoint has it; null where no signature stands for them), pending, first_bad ({seq, kind} or null).
    """
    if values.get("run") is None:
        with deed_of(keeper, values, Action.AUDIT_READ, {"verify": True}) as act:
            run = act.act
        auditors, now = keeper.keyring.identity(KeyKind.AUDITORS, FIRST), keeper.clock.now()
        keeper.hearings.begin(run, lambda: judge(keeper.sequencer, keeper.catalog, auditors, now))
    else:
        _require_auditor(keeper, values)
        run = str(values["run"])
    judgement = keeper.hearings.outcome(run, _HEARING_PATIENCE)
    return {"run": run} if judgement is None else _judgement(judgement)


def audit_bundle(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """What a bundle of the log as it stands now is made of. Answer: size, checkpoint, key; its files come one by one from `audit_file`."""
    with deed_of(keeper, values, Action.AUDIT_READ, {"bundle": True}):
        pass
    size, note = _signed(keeper)
    return {"size": size, "checkpoint": note, "key": str(keeper.sequencer.verifier)}


def audit_file(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """One tile or entry bundle as a log of `size` entries has it, however much was appended since. name: of `tiles.layout`. Answer: content, base64.

    Raises NotFound for any other name, and for a size that the log has not reached.
    """
    _require_auditor(keeper, values)
    size, name = int(str(values["size"])), str(values["name"])
    place = parse_name(name, size)
    with keeper.sequencer.still():
        reader = keeper.sequencer.sequence().reader()
        if place is None or size > reader.size:
            raise NotFound
        level, index, width = place
        pieces = map(encode_entry, reader.bundle(index)) if level is None else iter(reader.tile(level, index))
        content = b"".join(list(pieces)[:width])
    return {"content": base64.b64encode(content).decode("ascii")}


def _signed(keeper: Keeper) -> tuple[int, str]:
    """Size and signed note of the newest checkpoint."""
    with keeper.sequencer.still():
        size = keeper.sequencer.sequence().checkpoint.head.size
        return size, (keeper.sequencer.folder / CHECKPOINT).read_text("utf-8")


def _require_auditor(keeper: Keeper, values: dict[str, Json]) -> None:
    """For what goes on with an act that stands in the log already. Raises NotAllowed, KeyNotKnown."""
    with keeper.catalog.read() as connection:
        subject, _ = who_of(keeper, values, connection)
    if not may(subject, Action.AUDIT_READ).allowed:
        raise NotAllowed


def _filter(values: dict[str, Json]) -> AuditFilter:
    outcome = _text(values.get("outcome"))
    if outcome is not None and outcome not in set(AuditOutcome):
        raise InvalidInput(what=f"outcome is one of {', '.join(AuditOutcome)}.")
    return AuditFilter(
        record_id=_text(values.get("record")),
        person=_text(values.get("person")),
        office=_text(values.get("office")),
        action=_text(values.get("action")),
        outcome=None if outcome is None else AuditOutcome(outcome),
        since=_moment(values.get("since")),
        until=_moment(values.get("until")),
    )


def _text(value: Json) -> str | None:
    """As rows hold it: NFC, whatever the keyboard gave."""
    return None if value is None else unicodedata.normalize("NFC", str(value))


def _moment(value: Json) -> datetime | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise InvalidInput(what="A moment is written as in 2026-12-31T00:00:00+07:00.") from None
    if at.tzinfo is None:
        raise InvalidInput(what="A moment needs its zone, as in 2026-12-31T00:00:00+07:00.")
    return at


def _position(row: AuditRow) -> str:
    return f"{instant(row.time)}~{row.id}"


def _cursor(value: Json) -> tuple[datetime, str] | None:
    time, _, row_id = ("" if value is None else str(value)).partition("~")
    at = _moment(time) if value is not None else None
    return None if at is None else (at, row_id)


def _bounded(rows: tuple[AuditRow, ...]) -> list[AuditRow]:
    """As many rows as fit into one answer, at least one."""
    page: list[AuditRow] = []
    room = _MOST_SEALED
    for row in rows:
        room -= len(row.details_sealed or b"")
        if page and room < 0:
            break
        page.append(row)
    return page


def _entry(row: AuditRow, auditors: HybridIdentity) -> Json:
    leaf = leaf_of(row)
    fits = len(row.details_sealed or b"") <= _MOST_SEALED
    details = open_details(row, leaf, auditors) if leaf is not None and fits else None
    return {
        "seq": row.seq,
        "time": instant(row.time),
        "person": row.person,
        "source": row.source,
        "office": row.office,
        "action": row.action,
        "outcome": row.outcome.value,
        "right": row.right,
        "record_id": row.record_id,
        "session": row.session,
        "address": row.address,
        "details": None if details is None else cast(Json, {key: value for key, value in details.content.items() if key != "name"}),
    }


def _judgement(given: Judgement) -> dict[str, Json]:
    bad = given.first_bad
    return {
        "ok": bad is None,
        "size": None if given.head is None else given.head.size,
        "root": None if given.head is None else encode_digest(given.head.root),
        "pending": given.pending,
        "first_bad": None if bad is None else {"seq": bad.seq, "kind": bad.kind.value},
    }
