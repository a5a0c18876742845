"""The only sequencer: rows that committed with their acts get their places in the log within a second, each exactly once."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
import structlog

from storage.audit.leaf import promise
from storage.audit.log import CHECKPOINT, TileLog
from storage.audit.note import NoteSigner, VerifierKey
from storage.audit.promises import sign_promise
from storage.audit.rows import leaf_of, open_details, pending_id_of
from storage.catalog.audit_rows import AuditRow, next_place, rows_of_ids, sequenced, waiting_rows
from storage.catalog.deposits import give_promise
from storage.catalog.engine import Catalog
from storage.errors import ExitCode, LogDamaged, LogForked, NoteDamaged, NoteForeign, NoteForged, StoreFailed, StoreFull, VankhoError
from storage.failpoints import failpoint
from storage.vault.age import HybridIdentity

__all__ = ["Sequencer"]

_PERIOD = 0.5
"""Seconds between two looks at what waits."""

_BATCH = 1000
_DEPOSIT = "deposit"

log = structlog.get_logger("keeper")


class Sequencer:
    """Moves waiting rows into the log. Threads may share it.

    Each round: 1 rows are read, oldest first; 2 their leaves are appended, durably (`TileLog.append`); 3 one transaction notes the places and puts
    the promises into receipts. A crash after 2 leaves entries whose rows still wait; since each leaf names its row, these are recognised before
    anything else is appended. A row whose leaf is not its own stays waiting: it is for `audit verify` to name.

    fault: set once, when the log on disk is not the one that was signed, or its disk failed. From then on nothing is sequenced by this process.
    """

    def __init__(self, folder: Path, signer: NoteSigner, catalog: Catalog, auditors: HybridIdentity) -> None:
        """The log itself is opened with the first round, so that a damaged one does not keep the keeper from saying so."""
        self._folder, self._signer, self._catalog, self._auditors = folder, signer, catalog, auditors
        self._turn = threading.RLock()
        self._log: TileLog | None = None
        self._noted = 0  # places that the catalog knows: those from here to the log's end are still to be noted
        self.fault: VankhoError | None = None

    @property
    def folder(self) -> Path:
        """Where the log lies."""
        return self._folder

    @property
    def verifier(self) -> VerifierKey:
        """The key that the log's checkpoints and promises are checked with."""
        return self._signer.verifier

    def run(self) -> None:
        """Sequence until the log is found at fault, which only a new process with another log on its disk can mend.

        What keeps it from doing so for a while is said once.
        If the disk failed, or anything happens that nobody foresaw, this process ends: a keeper that logs nothing must not go on.
        """
        pause = threading.Event()
        hindrance: str | None = None
        try:
            while self.fault is None:
                try:
                    self.sequence()
                    hindrance = None
                except VankhoError as error:
                    if error.code != hindrance:
                        log.warning("not sequenced", code=error.code)
                    hindrance = error.code
                pause.wait(_PERIOD)
        finally:
            if self.fault is None or isinstance(self.fault, StoreFailed):
                os._exit(ExitCode.FAILED)

    def sequence(self) -> TileLog:
        """Give each row that waits now its place; returns the log, at rest as long as the caller is `still`.

        Raises LogForked or LogDamaged from the moment the log is found to be another than was signed; StoreFailed after a disk error, StoreFull
        and CatalogBusy where a later round may do better.
        """
        with self._turn:
            self.require_sound()
            try:
                return self._round()
            except (LogDamaged, LogForked) as error:
                self.fault = error
            except (NoteDamaged, NoteForeign, NoteForged):
                self.fault = LogDamaged(what=CHECKPOINT)
            except OSError as error:
                self._log = None
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise StoreFull from error
                self.fault = StoreFailed()
            log.critical("audit log at fault", code=self.fault.code, **self.fault.facts)
            raise self.fault

    def require_sound(self) -> None:
        """Raises the fault, if there is one."""
        if self.fault is not None:
            raise type(self.fault)(**self.fault.facts)  # a new one each time: an exception that is raised again gathers tracebacks

    @contextmanager
    def still(self) -> Iterator[None]:
        """While the block runs nothing is appended by others."""
        with self._turn:
            yield

    def _round(self) -> TileLog:
        tree = self._opened()
        if self._noted < tree.checkpoint.head.size:
            self._recognise(tree)
        after = None
        while rows := self._waiting(after):
            after = (rows[-1].time, rows[-1].id)
            sound = [row for row in rows if leaf_of(row) is not None]
            if not sound:
                continue
            failpoint("sequence.1 append")
            first = tree.checkpoint.head.size
            tree.append([row.leaf.encode("ascii") for row in sound])
            failpoint("sequence.2 note places")
            self._note(list(enumerate(sound, first)), tree.checkpoint.head.size)
        return tree

    def _opened(self) -> TileLog:
        if self._log is None:
            tree = TileLog(self._folder, self._signer)
            with self._catalog.read() as connection:
                self._noted = next_place(connection)
            if self._noted > tree.checkpoint.head.size:  # a whole older log, its memory included, was put in the place of this one
                raise LogForked(signed=self._noted, found=tree.checkpoint.head.size)
            self._log = tree
        return self._log

    def _waiting(self, after: tuple[datetime, str] | None) -> tuple[AuditRow, ...]:
        with self._catalog.read() as connection:
            return waiting_rows(connection, _BATCH, after)

    def _recognise(self, tree: TileLog) -> None:
        """Note the places of rows that entered the log before a crash."""
        size = tree.checkpoint.head.size
        for start in range(self._noted, size, _BATCH):
            stop = min(start + _BATCH, size)
            entries = {pending_id_of(entry): (seq, entry) for seq, entry in enumerate(tree.reader().entries(start, stop), start)}
            with self._catalog.read() as connection:
                rows = rows_of_ids(connection, [row_id for row_id in entries if row_id is not None])
            waiting = [(*entries[row.id], row) for row in rows.values() if row.seq is None]
            # What is promised is the entry, whatever the row says by now.
            self._note([(seq, replace(row, leaf=entry.decode("ascii"))) for seq, entry, row in waiting], stop)

    def _note(self, places: Sequence[tuple[int, AuditRow]], stop: int) -> None:
        promises = [(receipt, row.record_id, promised) for _, row in places for receipt, promised in self._promised(row)]
        try:
            with self._catalog.write() as connection:
                sequenced(connection, [(row.id, seq) for seq, row in places])
                for receipt, record, promised in promises:
                    give_promise(connection, receipt, record, promised)
                failpoint("sequence.3 commit places")
        except sa.exc.IntegrityError:  # the catalog says that another row has such a place
            with self._catalog.read() as connection:
                raise LogForked(signed=stop, found=next_place(connection)) from None
        failpoint("sequence.4 places are committed")
        self._noted = stop

    def _promised(self, row: AuditRow) -> Iterator[tuple[str, str]]:
        """Receipt and promise, where the row is of a deposit and its details are those that the log commits to."""
        leaf = leaf_of(row) if row.action == _DEPOSIT else None
        details = None if leaf is None else open_details(row, leaf, self._auditors)
        if leaf is not None and details is not None and isinstance(receipt := details.content.get("receipt"), str):
            yield receipt, sign_promise(promise(leaf, details.salt), self._signer)
