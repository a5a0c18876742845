"""Closed partitions: indexed and searched by the keeper alone, each in a file under a key derived from its partition's."""

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
from storage.index.ranking import Counted
from storage.index.relaxing import combined_partial
from storage.index.searching import ClosedSource
from storage.index.wire import Asked, answer_json, partial_json
from storage.indexed import entry_of, plain_text
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
_AT_A_TIME = 100


class ClosedIndex:
    """Keeps the closed partitions as the catalog says they should be."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._undone: dict[str, str] = {}

    def run(self) -> None:
        """Bring misplaced records home, and carry out what the outbox asks of closed partitions, for as long as the process lives.

        While that cannot be done, it is said once. A change of level that its server cut off is finished when the server is back.
        """
        pause = threading.Event()
        fault: str | None = None
        is_home, look_at = False, 0.0
        while True:
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
        """Carry out what waits, oldest first; how much that was."""
        keeper = self._keeper
        with keeper.catalog.read() as connection:
            waiting = [(row, facts_of(connection, row.record)) for row in unapplied(connection, is_open=False, limit=_AT_A_TIME)]
        for row, facts in waiting:
            self._carry_out(row, facts)
            failpoint("closed.1 the closed index is durable")
            with keeper.catalog.write() as connection:
                applied(connection, row, keeper.clock.now())
            failpoint("closed.2 the outbox is applied")
        return len(waiting)

    def _carry_out(self, row: OutboxRow, facts: RecordFacts | None) -> None:
        partition = self._keeper.closed.partition(row.partition)
        if row.operation is Operation.DELETE:
            partition.delete(row.record)
            partition.expunge()
        elif facts is not None and facts.home == row.partition and facts.state is State.KEPT:  # else a later row says where it went
            described, text, page_count = self._opened(facts)
            partition.put(entry_of(facts, described, text, page_count))

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
        sources = _sources(keeper, connection, subject)
    if row is None or row.session != session.handle or row.action != Action.SEARCH or now - row.time > _FRESH:
        raise KeeperRefused
    given = values["asked"]
    question = Asked.from_json(given if isinstance(given, dict) else {}).question()
    if values["mode"] == "partial":
        return {"partial": partial_json(combined_partial(source.partial(question) for source in sources))}
    floor = None if values["floor"] is None else float(str(values["floor"]))
    return {"answer": answer_json(merge(question, [source.answer(question, Counted(), floor) for source in sources]))}


def _sources(keeper: Keeper, connection: sa.Connection, subject: Subject | None) -> list[ClosedSource]:
    if subject is None:
        return []
    names = sorted((name for name in partitions_for(subject, all_partitions(connection)) if not name.is_open), key=str)
    waiting, sources = unsettled(connection, names), []
    for name in names:
        try:
            partition = keeper.closed.partition(name)
        except KeyFileDamaged:  # its key does not open: its records cannot be read either, and `key list` says so
            continue
        sources.append(ClosedSource(partition, tokens_in(subject, name), waiting[name]))
    return sources


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
