"""Closed partitions: indexed by the keeper alone, in files of its own or on a server that only it reaches."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import sqlalchemy as sa
import structlog

from classification.levels import Level
from storage.catalog.outbox import OutboxRow
from storage.catalog.record_facts import RecordFacts
from storage.catalog.schema import record
from storage.catalog.states import Operation, State
from storage.errors import CatalogBusy, VankhoError
from storage.ids import RecordId
from storage.index.open_index import Change
from storage.learning import Learning, Unchanged
from storage.vault.keeper.closed_contents import read_entry
from storage.vault.keeper.closed_files import place_of
from storage.vault.keeper.forgetting import forget_now, is_forgetting_owed
from storage.vault.keeper.keeper import Keeper
from storage.vault.keeper.opening import has_cut_rewraps, rewrap_record, tidy_rewraps

__all__ = ["ClosedIndex"]

log = structlog.get_logger("keeper")

_IDLE = 0.1
_PAUSE = 1.0
_BETWEEN_LOOKS = 10.0
_BETWEEN_TRIES = 1.0


class ClosedIndex:
    """Keeps the closed partitions as the catalog says they should be."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._learning = Learning(keeper.catalog, keeper.clock, keeper.closed, self._change, is_open=False)
        self._undone: dict[str, str] = {}

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
                forget_at = time.monotonic() + _BETWEEN_TRIES
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
        """Carry out what waits, as `Learning.turn`."""
        return self._learning.turn()

    def _change(self, row: OutboxRow, facts: RecordFacts | None) -> Change | Unchanged:
        place = place_of(self._keeper.keyring, row.partition)
        if row.operation is Operation.DELETE:
            return Change(place, row.record, row.id, None)
        entry = read_entry(self._keeper, row.record, row.partition)
        return Unchanged.DONE if entry is None else Change(place, row.record, row.id, entry)  # a later row says where it went

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
