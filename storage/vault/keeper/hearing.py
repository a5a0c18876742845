"""Judging the audit log where it lives: its tree, the signer's memory, and every row of the catalog against its entry."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from storage.audit.log import read_memory
from storage.audit.merkle import TreeHead
from storage.audit.rows import RowDamage, agrees, leaf_of
from storage.audit.tiles import WIDTH, TileReader
from storage.audit.verify import Damage, verify_log
from storage.catalog.audit_rows import next_place, oldest_waiting, placed_rows, waiting_rows
from storage.catalog.engine import Catalog
from storage.catalog.people import all_people, all_sources
from storage.errors import KeeperUnreachable, LogDamaged, LogForked, VankhoError
from storage.vault.age import HybridIdentity
from storage.vault.keeper.sequencing import Sequencer

__all__ = ["Finding", "Hearings", "Judgement", "judge"]

_PATIENCE = timedelta(seconds=10)
"""How long a row may wait for its place while the keeper runs."""

_LOOKED_AT = 1000
_REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found and at which entry (from 0); seq is None where it concerns none, or a row that has no place yet."""

    seq: int | None
    kind: Damage | RowDamage


@dataclass(frozen=True, slots=True)
class Judgement:
    """head: as signed; None where no signature stands for one. pending: rows without a place. first_bad: None if nothing was found."""

    head: TreeHead | None
    pending: int
    first_bad: Finding | None


def judge(sequencer: Sequencer, catalog: Catalog, auditors: HybridIdentity, now: datetime) -> Judgement:
    """Give what waits its place, then judge everything. Nothing is sequenced while the tree is read; the rows are compared afterwards.

    Raises OSError if the disk does not give out what is there.
    """
    fault: VankhoError | None = None
    with sequencer.still():
        try:
            sequencer.sequence()
        except VankhoError as error:
            fault = error
        tree = _Tree.read(sequencer)
        with catalog.read() as connection:
            pending, oldest = oldest_waiting(connection)
            waiting, known = waiting_rows(connection, _LOOKED_AT), next_place(connection)
    found = list(tree.found)
    if tree.head is not None:
        stop = min((bad.seq for bad in found if bad.seq is not None), default=tree.head.size)
        found += _rows(tree, catalog, auditors, stop)
        if known > tree.head.size:
            found.append(Finding(tree.head.size, Damage.ENTRY_MISSING))
    if any(leaf_of(row) is None for row in waiting):
        found.append(Finding(None, RowDamage.ROW_CHANGED))
    if oldest is not None and now - oldest > _PATIENCE:
        found.append(Finding(None, RowDamage.PENDING_OLD))
    if fault is not None:
        found.append(Finding(None, Damage.FORKED if isinstance(fault, LogForked) else Damage.UNREADABLE))
    return Judgement(tree.head, pending, _first(found, tree.head))


def _first(found: list[Finding], head: TreeHead | None) -> Finding | None:
    """The lowest entry concerned, of equal ones what was said first; before all of them what says that there is no signed log."""
    if not found or head is None:
        return next(iter(found), None)
    return min(found, key=lambda bad: head.size + 1 if bad.seq is None else bad.seq)


@dataclass(frozen=True, slots=True)
class _Tree:
    """The tree as judged; its last bundle already read, since the next append may put another file in its place."""

    reader: TileReader
    head: TreeHead | None
    found: list[Finding]
    last: list[bytes] | None

    @classmethod
    def read(cls, sequencer: Sequencer) -> _Tree:
        found: list[Finding] = []
        known = []
        try:
            known.append(read_memory(sequencer.folder))
        except LogDamaged:
            found.append(Finding(None, RowDamage.MEMORY_DAMAGED))
        verdict = verify_log(sequencer.folder, sequencer.verifier, known)
        if verdict.first_bad is not None:
            found.insert(0, Finding(verdict.first_bad.seq, verdict.first_bad.kind))
        reader = TileReader(sequencer.folder, 0 if verdict.head is None else verdict.head.size)
        last = None
        if reader.size % WIDTH:
            try:
                last = reader.bundle(reader.size // WIDTH)
            except LogDamaged:
                last = []  # the verdict has named it
        return cls(reader, verdict.head, found, last)

    def bundle(self, index: int) -> list[bytes]:
        return self.last if self.last is not None and index == self.reader.size // WIDTH else self.reader.bundle(index)


def _rows(tree: _Tree, catalog: Catalog, auditors: HybridIdentity, stop: int) -> Iterator[Finding]:
    """The first row before entry `stop`, or at it, that is missing or says something else than its entry."""
    with catalog.read() as connection:
        people = {str(person.id): person.name for person in all_people(connection)}
        sources = {str(source.id): source.name for source in all_sources(connection)}
    for start in range(0, min(stop + 1, tree.reader.size), WIDTH):
        try:
            entries = tree.bundle(start // WIDTH)
        except LogDamaged:  # the verdict on the tree has named it
            return
        with catalog.read() as connection:
            rows = {row.seq: row for row in placed_rows(connection, start, start + WIDTH)}
        for seq, entry in enumerate(entries, start):
            row = rows.get(seq)
            if row is None or not agrees(row, entry, auditors, people, sources):
                yield Finding(seq, RowDamage.ROW_MISSING if row is None else RowDamage.ROW_CHANGED)
                return


class Hearings:
    """Judgements under way, one at a time: a large log takes longer than anyone waits for one answer."""

    def __init__(self) -> None:
        self._court = ThreadPoolExecutor(1, "hearing")
        self._guard = Lock()
        self._runs: OrderedDict[str, Future[Judgement]] = OrderedDict()

    def begin(self, run: str, hearing: Callable[[], Judgement]) -> None:
        """Start a hearing under a name of its own; the last few are remembered."""
        with self._guard:
            self._runs[run] = self._court.submit(hearing)
            if len(self._runs) > _REMEMBERED:
                self._runs.popitem(last=False)

    def outcome(self, run: str, patience: float) -> Judgement | None:
        """How a hearing ended; None if it has not within `patience` seconds.

        Raises KeeperUnreachable for a run that this keeper does not know (it was started anew since), and what the hearing raised.
        """
        with self._guard:
            hearing = self._runs.get(run)
        if hearing is None:
            raise KeeperUnreachable
        wait([hearing], patience)
        return hearing.result() if hearing.done() else None
