"""One scanner's folder, unattended: look, take what is whole, wait for each outcome, move the file."""

from __future__ import annotations

import os
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from threading import Event
from typing import Final

from ingest.hot_folder.folder import Found, HotFolder, Left, reader_of
from ingest.hot_folder.readiness import Sighting, Watched
from ingest.hot_folder.wholeness import Wholeness, wholeness
from ingest.reasons import Reason
from search_api.cli.answers import rows
from search_api.cli.depositing import Depositor, Line
from search_api.cli.inputs import SourceFailed
from search_api.cli.watch.backoff import Backoff
from search_api.cli.watch.batches import Batches
from search_api.cli.watch.hot_file import HotFile, deposited
from search_api.cli.watch.journal import Journal, note_beside
from search_api.cli.watch.said import Said
from search_api.cli.watch.scanners import Scanner
from search_api.cli.watch.uploads import Uploads
from search_api.client import Client
from storage.errors import FileUnusable, NotFound, RequestTooLarge, StoreFull, VankhoError

__all__ = ["Intake"]

_AT_ONCE: Final = 4
_ASK_EVERY: Final = 0.5
"""Seconds between two questions after outcomes: for a batch of a thousand each answer is long."""

_ONCE_PATIENCE: Final = 60.0
"""Seconds that `--once` waits for an archive that does not answer."""

_OF_THE_ARCHIVE: Final = frozenset({401, 403, 404, 429, 503, 507})
"""Statuses that say nothing of the file: the key, the batch, a part that is down, too much at once, no room."""

_Key = tuple[PurePosixPath, Sighting]


@dataclass(slots=True)
class _Document:
    """A file that was taken. batch: its receipt's, once there is one. final: its outcome, after which it is only to be moved."""

    file: HotFile
    batch: str = ""
    accepted: Line = field(default_factory=dict)
    final: Line | None = None

    @property
    def key(self) -> _Key:
        return self.file.found.path, self.file.found.sighting


class Intake:
    """What happens to the files of one scanner. Everything is kept in memory: the folder and the archive's receipts are enough to begin again.

    client: acts with the scanner's key. once: whether to end as soon as nothing is left to wait for.
    """

    def __init__(self, scanner: Scanner, root: Path, client: Client, journal: Journal, stop: Event, *, once: bool) -> None:
        self._scanner, self._client, self._journal, self._stop, self._once = scanner, client, journal, stop, once
        self._root = root / (scanner.folder or "")
        self._folder = HotFolder(self._root, scanner.names)
        self._said = Said(scanner.name, scanner.folder or "", journal)
        self._batches = Batches(scanner.name, client, journal)
        self._uploads = Uploads[_Document, Line](_AT_ONCE)
        self._door, self._receipts = Backoff(1.0, 60.0), Backoff(1.0, 60.0)
        self._watched: dict[PurePosixPath, Watched] = {}
        self._held: dict[_Key, Backoff] = {}
        self._documents: dict[_Key, _Document] = {}
        self._queue = deque[_Document]()
        self._asked = -_ASK_EVERY

    def run(self) -> None:
        """Until it is to stop, or with `once` until the folder is empty. Raises what keeps the archive from answering `once` for a minute."""
        while not self._stop.is_set():
            now = time.monotonic()
            self._look(now)
            self._journal.waiting(self._scanner.name, len(self._watched) + sum(one.final is None for one in self._documents.values()))
            looked = time.monotonic()
            # Where a folder is so full, or its disk so slow, that a look takes longer than the poll, half of the time is for what was found.
            self._upload(max(now + self._scanner.poll, 2 * looked - now))
            self._settle()
            if self._once and self._is_idle() and not self._batches.untold:
                return

    def _look(self, now: float) -> None:
        try:
            listed = self._folder.look()
        except OSError as error:
            if self._once:
                raise FileUnusable(path=str(self._root), why=os.strerror(error.errno or 0)) from error
            self._said.folder_unreadable(error)
            return
        self._said.worked("folder")
        watched, present = dict[PurePosixPath, Watched](), set[_Key]()
        for one in listed:
            if isinstance(one, Left):
                self._said.left(one, now, self._scanner.patience.deadline)
                continue
            present.add(key := (one.path, one.sighting))
            if (document := self._documents.get(key)) is not None:
                self._move(document)
            elif (seen := self._seen(one, now)) is not None:
                watched[one.path] = seen
        self._watched = watched
        self._said.keep({one.path for one in listed})
        self._held = {key: held for key, held in self._held.items() if key in present}
        for key in [key for key, one in self._documents.items() if one.final is not None and key not in present]:
            del self._documents[key]

    def _seen(self, one: Found, now: float) -> Watched | None:
        """Watch a file; None where it is taken now, or put off."""
        held = self._held.get((one.path, one.sighting))
        if held is not None and held.until > now:
            return None
        if (watched := self._watched.get(one.path)) is None:
            watched = Watched(one.sighting, now)
        else:
            watched.see(one.sighting, now)
        try:
            if one.marker is None and not watched.is_ready(now, self._scanner.patience, lambda: self._wholeness(one)):
                return watched
        except FileNotFoundError:
            return None
        except OSError:
            self._put_off(one)
            self._said.reason(one.path, Reason.SOURCE_UNREADABLE)
            return None
        document = _Document(HotFile(self._folder, one, self._said.shown(one.path)))
        self._documents[document.key] = document
        self._queue.append(document)
        return None

    def _wholeness(self, one: Found) -> Wholeness:
        with self._folder.opened(one.path) as file:
            return wholeness(one.path.name, one.sighting.size, reader_of(file))

    def _upload(self, until: float) -> None:
        """Send what is to be sent and take what comes back, until the next look is due."""
        while not self._stop.is_set() and (left := until - time.monotonic()) > 0:
            self._begin_uploads()
            if not self._uploads.in_hand:
                self._stop.wait(min(left, max(self._door.until - time.monotonic(), 0.05) if self._queue else left))
            elif (done := self._uploads.result(min(left, 0.25))) is not None:
                self._take(*done)

    def _begin_uploads(self) -> None:
        while self._queue and self._uploads.has_room and time.monotonic() >= self._door.until:
            try:
                batch = self._batches.current()
            except VankhoError as error:
                self._refused("door", self._door, error)
                return
            document = self._queue.popleft()
            depositor = Depositor(self._client, batch, self._scanner.batch, self._journal.context.lang)
            document.batch = batch
            self._uploads.begin(document, partial(deposited, depositor, document.file))

    def _take(self, document: _Document, result: Line | VankhoError) -> None:
        """What came back of an upload."""
        found, lang = document.file.found, self._journal.context.lang
        if isinstance(result, SourceFailed):
            del self._documents[document.key]  # one that changed or went away is watched as what it is now
            if result.reason is Reason.SOURCE_UNREADABLE:
                self._put_off(found)
                self._said.reason(found.path, result.reason)
        elif isinstance(result, VankhoError) and result.code == RequestTooLarge.code:
            self._finish(document, {"record_id": None, "outcome": "refused", "reason": "TOO_LARGE", "message": Reason.TOO_LARGE.text(lang)})
        elif isinstance(result, VankhoError) and result.status in _OF_THE_ARCHIVE:
            self._queue.appendleft(document)
            self._refused("door", self._door, result)
        elif isinstance(result, VankhoError):
            del self._documents[document.key]
            self._put_off(found)
            self._said.say(found.path, result.code, result.detail(lang))
        elif result["reason"] == Reason.STORE_FULL.name:
            self._queue.appendleft(document)
            self._refused("door", self._door, StoreFull())
        else:
            self._works("door", self._door)
            document.accepted, document.batch = result, str(result["batch"])
            self._batches.add(document.batch)
            if result["outcome"] != "accepted":
                self._finish(document, result)

    def _put_off(self, found: Found) -> None:
        self._held.setdefault((found.path, found.sighting), Backoff(self._scanner.poll, 300.0)).failed(time.monotonic())

    def _refused(self, what: str, backoff: Backoff, error: VankhoError) -> None:
        """Nothing is wrong with the file: wait, and try again, for ever unless it is to be done once."""
        now = time.monotonic()
        if error.status == NotFound.status:
            self._batches.forget()  # the archive was restored from before it
        backoff.failed(now)
        self._said.say(what, error.code, error.detail(self._journal.context.lang))
        if self._once and backoff.since is not None and now - backoff.since > _ONCE_PATIENCE:
            raise error

    def _works(self, what: str, backoff: Backoff) -> None:
        backoff.worked()
        self._said.worked(what)

    def _settle(self) -> None:
        """Ask what became of the accepted, one question a batch; then tell the figures of the batches that are complete."""
        unsettled = {str(one.accepted["receipt_id"]): one for one in self._documents.values() if one.accepted and one.final is None}
        if time.monotonic() < max(self._receipts.until, self._asked + _ASK_EVERY) or not (unsettled or self._batches.untold):
            return
        self._asked = time.monotonic()
        try:
            for batch in {one.batch for one in unsettled.values()}:
                answer = self._client.json("GET", f"batches/{batch}", query={"receipts": "true"})
                for receipt in rows(answer, "receipts"):
                    if receipt["outcome"] != "accepted" and (document := unsettled.get(str(receipt["receipt_id"]))) is not None:
                        self._finish(document, receipt)
            self._batches.tell({one.batch for one in self._documents.values() if one.final is None}, is_idle=self._is_idle())
        except VankhoError as error:
            for document in unsettled.values() if error.status == NotFound.status else ():
                self._documents.pop(document.key, None)  # what the archive does not know any more is brought to it again
            self._refused("receipts", self._receipts, error)
        else:
            self._works("receipts", self._receipts)

    def _finish(self, document: _Document, outcome: Line) -> None:
        known = {name: document.accepted.get(name) for name in ("receipt_id", "sha256", "size")}
        told = {name: outcome[name] for name in ("record_id", "outcome", "reason", "message")}
        document.final = {"path": document.file.shown, **told, **known, "batch": document.batch}
        self._journal.outcome(self._scanner.name, document.final)  # before it is moved: a line told twice is better than one never told
        self._move(document)

    def _move(self, document: _Document) -> None:
        """Move a file whose outcome is final; one that is not there any more as it was sent is watched anew."""
        if document.final is None:
            return
        try:
            self._folder.put_away(document.file.found, note_beside(document.file.shown, document.final))
        except OSError as error:
            self._said.not_moved(error)
            return
        self._said.worked("moving")
        self._documents.pop(document.key, None)

    def _is_idle(self) -> bool:
        """Whether nothing is waited for but what cannot be read or moved."""
        return not self._watched and all(one.final is not None for one in self._documents.values())
