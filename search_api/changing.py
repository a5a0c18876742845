"""Acts that change a record: its description, its level, its being there at all. Each is one transaction with its audit row."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import replace

from classification import Level
from ingest.text_part import Reading
from search_api.callers import Caller
from search_api.reading import Shown, open_part, shown
from storage.access import Action, Decision, RecordFacts, Subject, confirms
from storage.access.deeds import Deed, deed
from storage.archive import Archive, partition_key, sealed_to_transit
from storage.audit.leaf import Json as Detail
from storage.catalog.blobs import add_blob, blob_of, forget_blob, retire_blob
from storage.catalog.outbox import add_outbox_row, drop_content
from storage.catalog.record_facts import Change, facts_of
from storage.catalog.records import Classified, classify
from storage.catalog.records import withdraw as withdraw_record
from storage.catalog.rereading import is_over
from storage.catalog.skeletons import skeleton_of
from storage.catalog.states import BlobPart, Operation, Outcome, State
from storage.clock import instant
from storage.description import Description, Json, delete_open, write_open
from storage.errors import CatalogUnanswered, InvalidInput, NotFound, RecordChanged, SecondPersonNeeded, StoreFailed
from storage.ids import BlobId, RandomIds, RecordId
from storage.indexed import entry_of, to_content
from storage.vault.age import HybridRecipient
from storage.vault.blob import Stored

__all__ = ["correct", "decide_review", "outcome_of", "reading_of", "reread", "set_level", "unlock", "withdraw"]

Judge = Callable[[Decision, Subject, RecordFacts | None], Decision]


def correct(archive: Archive, caller: Caller, record: str, changes: dict[str, str], reason: str) -> Shown:
    """Set fields of the description; the history says who, when, what and why.

    Raises NotFound, NotAllowed, InvalidInput, RecordChanged if it changed meanwhile.
    """
    before = shown(archive, caller, record)
    described, old = before.described, next((part for part in before.parts if part.part is BlobPart.DESCRIPTION), None)
    if described is None or old is None:
        raise InvalidInput(what="The record has no description yet. Wait until it is kept.")
    entry: dict[str, Json] = {"time": instant(archive.clock.now()), "person": caller.actor.name, "reason": reason, "set": {**changes}}
    corrected = described.corrected({**changes}, entry)
    text = _text(archive, caller, before.facts) if before.facts.is_open else ""
    new = _sealed(archive, before.facts, corrected)
    try:
        with deed(archive.catalog, archive.scribe, caller.as_of, Action.EDIT, record, {"set": {**changes}, "reason": reason}) as act:
            at, facts, connection = archive.clock.now(), act.record, act.connection
            current = blob_of(connection, facts.id, BlobPart.DESCRIPTION)
            if current is None or current.id != old.id or facts.home != before.facts.home:
                raise RecordChanged
            retire_blob(connection, facts.id, BlobPart.DESCRIPTION, at)
            add_blob(connection, facts.id, BlobPart.DESCRIPTION, new, "application/json")
            if facts.is_open:
                write_open(connection, facts.id, corrected)
            _put(act, corrected, text, before.skeleton.page_count)
    except (CatalogUnanswered, StoreFailed):  # it may be committed, and then the record's row names what was sealed
        raise
    except BaseException:
        archive.store.remove(new.id)
        raise
    _destroy(archive, old.id)
    return shown(archive, caller, record)


def set_level(archive: Archive, caller: Caller, record: str, level: str, reason: str, second: Caller | None) -> Shown:
    """Change the level of a classified record; lowering takes a second person, who may do it herself.

    Raises NotFound, NotAllowed, SecondPersonNeeded, InvalidInput.
    """
    before, wanted = shown(archive, caller, record), _level(archive, level)
    if before.facts.state is not State.KEPT or before.facts.review:
        raise InvalidInput(what="The record is not classified yet: decide it with `vankho review decide`.")
    if wanted is before.facts.effective_level:
        raise InvalidInput(what="The record has this level already.")
    lowers = wanted < before.facts.effective_level
    details: dict[str, Detail] = {"from": before.facts.effective_level.name, "to": wanted.name, "reason": reason}
    if second is not None:
        details["second"] = second.actor.name
    action = Action.RECLASSIFY_DOWN if lowers else Action.RECLASSIFY_UP
    return _change_level(archive, caller, before, wanted, action, details, _second_person(second))


def decide_review(archive: Archive, caller: Caller, record: str, level: str, reason: str) -> Shown:
    """The first classification by a person of a record that waits for one. Raises NotFound, NotAllowed, InvalidInput."""
    before, wanted = shown(archive, caller, record), _level(archive, level)
    if not before.facts.review:
        raise InvalidInput(what="The record does not wait for a decision: a later change of level is `vankho reclassify`.")
    details: dict[str, Detail] = {"to": wanted.name, "reason": reason}
    return _change_level(archive, caller, before, wanted, Action.REVIEW, details, None)


def withdraw(archive: Archive, caller: Caller, record: str, reason: str) -> None:
    """Take a record out of every answer. Raises NotFound, NotAllowed."""
    with deed(archive.catalog, archive.scribe, caller.as_of, Action.WITHDRAW, record, {"reason": reason}) as act:
        facts, at = act.record, archive.clock.now()
        withdraw_record(act.connection, archive.ids, facts.id, Change(at, act.act))
        delete_open(act.connection, facts.id)
        drop_content(act.connection, facts.id)
        if facts.state is State.KEPT:
            add_outbox_row(act.connection, facts.id, Operation.DELETE, facts.home, at)


def unlock(archive: Archive, caller: Caller, record: str, password: str) -> None:
    """Have a quarantined document read again with its password, which is sealed to the worker here. Raises NotFound, NotAllowed, InvalidInput."""
    if caller.session is None:
        raise NotFound
    text = base64.b64encode(sealed_to_transit(archive, password)).decode("ascii")
    archive.keeper.ask("unlock", session=caller.session, address=caller.actor.address, record=record, password=text)


def reread(archive: Archive, caller: Caller, record: str, password: str | None) -> BlobId | None:
    """Have a record read again, with its password where it needs one. Returns the text that it has until then, which tells when it was.

    Raises NotFound, NotAllowed, InvalidInput.
    """
    if caller.session is None:
        raise NotFound
    with archive.catalog.read() as connection:
        before = blob_of(connection, RecordId(record), BlobPart.TEXT)
    text = None if password is None else base64.b64encode(sealed_to_transit(archive, password)).decode("ascii")
    archive.keeper.ask("reread", session=caller.session, address=caller.actor.address, record=record, password=text)
    return None if before is None else before.id


def reading_of(archive: Archive, record: str, before: BlobId | None) -> tuple[Outcome, bool | None, str | None]:
    """The outcome of a record that was to be read again; whether it was, None while that is not known; and the reason if it was not.

    before: as `reread` gave it. No reason where a person corrected the record meanwhile, which goes before what a machine reads.
    """
    outcome, reason = outcome_of(archive, record)
    with archive.catalog.read() as connection:
        done, error = is_over(connection, RecordId(record))
        text = blob_of(connection, RecordId(record), BlobPart.TEXT)
    if not done:
        return outcome, None, None
    if outcome is Outcome.STORED and text is not None and text.id != before:
        return outcome, True, None
    return outcome, False, reason or (None if error is None else error.value)


def outcome_of(archive: Archive, record: str) -> tuple[Outcome, str | None]:
    """What has become of a record that was taken up again, and the reason if it is quarantined once more."""
    with archive.catalog.read() as connection:
        found = skeleton_of(connection, RecordId(record))
    outcome = {State.KEPT: Outcome.STORED, State.QUARANTINED: Outcome.QUARANTINED}.get(found.state, Outcome.ACCEPTED)
    return outcome, None if found.reason is None else found.reason.value


def _change_level(
    archive: Archive, caller: Caller, before: Shown, wanted: Level, action: Action, details: dict[str, Detail], judge: Judge | None
) -> Shown:
    facts, described = before.facts, before.described
    if described is None:
        raise NotFound
    after = replace(facts, level=wanted, review=False)
    partition_key(archive, after.home)  # the key is there before anything names the partition
    text = _text(archive, caller, facts) if after.is_open else ""
    with deed(archive.catalog, archive.scribe, caller.as_of, action, facts.id, details, judge=judge) as act:
        if act.record != facts:
            raise RecordChanged
        decided = Classified(wanted, before.skeleton.proposed_level, facts.compartments, facts.work_secret, review=False)
        classify(act.connection, archive.ids, facts.id, decided, Change(archive.clock.now(), act.act), again=True)
        if after.home != facts.home:
            delete_open(act.connection, facts.id)
            drop_content(act.connection, facts.id)
            add_outbox_row(act.connection, facts.id, Operation.DELETE, facts.home, archive.clock.now())
        if after.is_open:
            write_open(act.connection, facts.id, described)
        _put(act, described, text, before.skeleton.page_count)
    archive.keeper.ask("rewrap", record=facts.id)
    return shown(archive, caller, facts.id)


def _second_person(second: Caller | None) -> Judge:
    def judge(decision: Decision, first: Subject, facts: RecordFacts | None) -> Decision:
        if not decision.second_person_needed:
            return decision
        if second is None:
            raise SecondPersonNeeded
        confirmed = confirms(first, second.subject, Action.RECLASSIFY_DOWN, facts)
        return decision if confirmed.allowed else replace(confirmed, hidden=False)

    return judge


def _put(act: Deed, described: Description, text: str, page_count: int | None) -> None:
    """Ask the index of the partition where the record belongs now to take it in as it is now."""
    facts = facts_of(act.connection, act.record.id)
    if facts is None:
        raise NotFound
    content = to_content(entry_of(facts, described, text, page_count)) if facts.is_open else None
    at = act.subject.at
    add_outbox_row(act.connection, facts.id, Operation.PUT, facts.home, at, content)


def _text(archive: Archive, caller: Caller, facts: RecordFacts) -> str:
    """The words of all pages, for the open index; empty where none could be read."""
    try:
        with open_part(archive, caller, facts.id, BlobPart.TEXT) as opened:
            return Reading.parse(b"".join(opened.reader.read(0, opened.reader.size))).plain
    except NotFound:
        return ""


def _sealed(archive: Archive, facts: RecordFacts, described: Description) -> Stored:
    """The description, durably sealed to where the record's parts are."""
    if facts.wrapped is None:
        raise RecordChanged
    recipient = HybridRecipient.parse(partition_key(archive, facts.wrapped).recipient)
    return archive.store.put(io.BytesIO(described.encode()), BlobId(RandomIds().new("blob")), [recipient, archive.recovery])


def _destroy(archive: Archive, blob: BlobId) -> None:
    """Destroy the files of a retired blob. Cut off in between, the next start does it."""
    archive.store.remove(blob)
    with archive.catalog.write() as connection:
        forget_blob(connection, blob)


def _level(archive: Archive, text: str) -> Level:
    if text not in Level.__members__:
        raise InvalidInput(what=f"{text:.40} is no level. These are: {', '.join(Level.__members__)}.")
    if Level[text] > archive.settings.network_class.highest_level:
        raise InvalidInput(what="This instance may hold no record of that level.")
    return Level[text]
