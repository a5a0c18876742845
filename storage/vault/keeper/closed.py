"""Closed partitions: indexed and searched by the keeper alone, in files of its own or on a server that only it reaches."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import sqlalchemy as sa
import structlog

from classification.levels import Level
from storage.access import Action, Subject, partitions_for, tokens_in
from storage.access.loading import load_subject
from storage.catalog.audit_rows import audit_row
from storage.catalog.blobs import blob_of
from storage.catalog.names import OfficeId
from storage.catalog.outbox import OutboxRow, applied, unapplied, unsettled
from storage.catalog.partitions import all_partitions
from storage.catalog.record_facts import RecordFacts, facts_of
from storage.catalog.schema import record
from storage.catalog.skeletons import skeleton_of
from storage.catalog.states import BlobPart, Operation, State
from storage.description import Description
from storage.errors import CatalogBusy, KeeperRefused, KeyFileDamaged, VankhoError
from storage.failpoints import failpoint
from storage.ids import RecordId
from storage.index.merge import merge
from storage.index.open_index import Change, Refused
from storage.index.ranking import Counted
from storage.index.relaxing import combined_partial
from storage.index.wire import Asked, answer_json, partial_json
from storage.indexed import entry_of, plain_text
from storage.vault.keeper.closed_files import place_of
from storage.vault.keeper.forgetting import forget_now, is_forgetting_owed
from storage.vault.keeper.keeper import Keeper
from storage.vault.keeper.opening import has_cut_rewraps, identity_of, rewrap_record, tidy_rewraps
from storage.vault.keeper.protocol import Json
from storage.vault.rewrap import file_key

__all__ = ["ClosedIndex", "search_closed"]

log = structlog.get_logger("keeper")

_FRESH = timedelta(seconds=60)
_IDLE = 0.1
_PAUSE = 1.0
_BETWEEN_LOOKS = 10.0
_BETWEEN_EXPUNGES = 1.0
_AT_A_TIME = 100


class ClosedIndex:
    """Keeps the closed partitions as the catalog says they should be."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._undone: dict[str, str] = {}
        self._refused: set[int] = set()
        self._given_up: dict[Change, OutboxRow] = {}
        self._expunge_at = 0.0

    def run(self) -> None:
        """Bring misplaced records home, have the catalog forget what closed, and carry out what the outbox asks of closed partitions, for ever.

        While that cannot be done, it is said once. A change of level that its server cut off is finished when the server is back.
        """
        pause = threading.Event()
        fault: str | None = None
        is_home, look_at, forget_at = False, 0.0, 0.0
        while True:
            if is_forgetting_owed(self._keeper) and time.monotonic() >= forget_at:
                self._is_done("forget", partial(forget_now, self._keeper))
                forget_at = time.monotonic() + _BETWEEN_EXPUNGES
            if time.monotonic() >= look_at:
                is_home = (is_home and not has_cut_rewraps(self._keeper)) or self._bring_home()
                look_at = time.monotonic() + _BETWEEN_LOOKS
            try:
                done = self.apply()
            except VankhoError as error:
                if error.code != fault:
                    log.error("the closed index waits", code=error.code)
                fault = error.code
                pause.wait(_PAUSE)
                continue
            fault = None
            if not done:
                pause.wait(_IDLE)

    def apply(self) -> int:
        """Carry out what waits, oldest first; how much that was.

        A record given up counts as done once its words are in no file any more. What the index refuses waits, is logged, and is given to it
        again by the next keeper; neither is in the way of others.
        """
        known = self._refused | {row.id for row in self._given_up.values()}
        with self._keeper.catalog.read() as connection:
            rows = unapplied(connection, is_open=False, limit=_AT_A_TIME + len(known))
            waiting = [(row, facts_of(connection, row.record)) for row in rows if row.id not in known]
        done = 0
        for row, facts in waiting:
            if self._carry_out(row, facts):
                self._settle(row)
                done += 1
        return done + self._expunge()

    def _carry_out(self, row: OutboxRow, facts: RecordFacts | None) -> bool:
        """Whether nothing of it is left to do."""
        closed, place = self._keeper.closed, place_of(self._keeper.keyring, row.partition)
        if row.operation is Operation.DELETE:
            change = Change(place, row.record, row.id, None)
            self._apply(change)
            if not closed.expunge([change]):
                self._given_up[change] = row
                return False
        elif facts is not None and facts.home == row.partition and facts.state is State.KEPT:  # else a later row says where it went
            entry = entry_of(facts, *self._opened(facts))
            for refused in self._apply(Change(place, row.record, row.id, entry)):
                log.error("the closed index refuses a record", record=row.record, why=refused.why)
                self._refused.add(row.id)
                return False
        return True

    def _apply(self, change: Change) -> tuple[Refused, ...]:
        outcome = self._keeper.closed.apply([change])
        for error in outcome.held_up.values():
            raise error
        return outcome.refused

    def _expunge(self) -> int:
        """What a server could not forget at once."""
        if not self._given_up or time.monotonic() < self._expunge_at:
            return 0
        self._expunge_at = time.monotonic() + _BETWEEN_EXPUNGES
        gone = self._keeper.closed.expunge(list(self._given_up))
        for change in gone:
            self._settle(self._given_up.pop(change))
        return len(gone)

    def _settle(self, row: OutboxRow) -> None:
        failpoint("closed.1 the closed index is durable")
        with self._keeper.catalog.write() as connection:
            applied(connection, row, self._keeper.clock.now())
        failpoint("closed.2 the outbox is applied")

    def _opened(self, facts: RecordFacts) -> tuple[Description, str, int | None]:
        keeper = self._keeper
        with keeper.catalog.read() as connection:
            description, text = (blob_of(connection, facts.id, part) for part in (BlobPart.DESCRIPTION, BlobPart.TEXT))
            page_count = skeleton_of(connection, facts.id).page_count
        contents: list[bytes] = []
        for blob in (description, text):
            if blob is None:
                contents.append(b"")
                continue
            with keeper.store.open(blob.id, file_key(keeper.store, blob, identity_of(keeper, facts))) as reader:
                contents.append(b"".join(reader.read(0, reader.size)))
        return Description.decode(contents[0]), plain_text(contents[1]) if contents[1] else "", page_count

    def _bring_home(self) -> bool:
        """Finish what a change of level left behind when it was cut off; False where some of it is to be tried again."""
        keeper = self._keeper
        is_tidy = self._is_done("tidy", partial(tidy_rewraps, keeper))
        try:
            with keeper.catalog.read() as connection:
                misplaced = [RecordId(row) for row in connection.execute(sa.select(record.c.id).where(_misplaced())).scalars()]
        except CatalogBusy:
            return False
        homes = [self._is_done(record_id, partial(rewrap_record, keeper, record_id)) for record_id in misplaced]
        return is_tidy and all(homes)

    def _is_done(self, task: str, act: Callable[[], object]) -> bool:
        try:
            act()
        except VankhoError as error:
            if self._undone.get(task) != error.code:
                log.error("a change of level waits", task=task, code=error.code)
            self._undone[task] = error.code
            return False
        self._undone.pop(task, None)
        return True


def search_closed(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Ask the closed partitions that a person may ask.

    session, audit: of her search, whose row is committed. asked: storage.index.wire.Asked. mode: `answer`, with floor (text of a
    number, or null), or `partial`. Answer: as wire gives it. Raises KeeperRefused where no row of this search stands in the log.
    """
    session = keeper.sessions.of(str(values["session"]))
    now = keeper.clock.now()
    with keeper.catalog.read() as connection:
        row = audit_row(connection, str(values["audit"]))
        subject = load_subject(connection, session.credential.person.id, now)
        tokens, hidden = _asked(keeper, connection, subject)
    if row is None or row.session != session.handle or row.action != Action.SEARCH or now - row.time > _FRESH:
        raise KeeperRefused
    given = values["asked"]
    question = Asked.from_json(given if isinstance(given, dict) else {}).question()
    with keeper.closed.asking_as(tokens, hidden) as sources:
        if values["mode"] == "partial":
            return {"partial": partial_json(combined_partial(source.partial(question) for source in sources))}
        floor = None if values["floor"] is None else float(str(values["floor"]))
        return {"answer": answer_json(merge(question, [source.answer(question, Counted(), floor) for source in sources]))}


def _asked(
    keeper: Keeper, connection: sa.Connection, subject: Subject | None
) -> tuple[dict[OfficeId, frozenset[str]], dict[OfficeId, frozenset[RecordId]]]:
    """The partitions that she may ask: her need-to-know tokens in each, and what is to be in no answer of it."""
    tokens: dict[OfficeId, frozenset[str]] = {}
    hidden: dict[OfficeId, frozenset[RecordId]] = {}
    if subject is None:
        return tokens, hidden
    names = [name for name in partitions_for(subject, all_partitions(connection)) if not name.is_open]
    for name, waiting in unsettled(connection, names).items():
        try:
            place = place_of(keeper.keyring, name)
        except KeyFileDamaged:  # its key does not open: its records cannot be read either, and `key list` says so
            continue
        tokens[place], hidden[place] = tokens_in(subject, name), waiting
    return tokens, hidden


def _misplaced() -> sa.ColumnElement[bool]:
    """The condition that a record at rest is not sealed to the partition where it belongs; see RecordFacts.home."""
    level = sa.case({level.value: level.name for level in Level}, value=sa.cast(record.c.level, sa.Integer))
    compartments, sealed = sa.cast(record.c.compartments, sa.Text), sa.cast(record.c.wrapped_partition, sa.Text)
    is_open = sa.and_(sa.cast(record.c.level, sa.Integer) == 0, compartments == "", sa.not_(record.c.work_secret))
    home = sa.case(
        (is_open, sa.literal("open/") + record.c.office_id),
        else_=sa.literal("closed/") + record.c.office_id + "/" + level + "/" + compartments,
    )
    return sa.and_(record.c.state == State.KEPT, sealed != home)
