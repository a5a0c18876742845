"""Open partitions in files here: one for each office."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path

from storage.catalog.names import OfficeId
from storage.durable import sync_folder
from storage.errors import IndexDamaged, IndexOutdated, VankhoError
from storage.index.embedded.partition import EmbeddedPartition, create_partition, open_or_make, open_partition
from storage.index.embedded.source import OpenSource
from storage.index.entry import IndexEntry
from storage.index.open_index import PATIENCE, Applied, Batches, Change, Count, Hidden, IsNew, Rebuilt, agreed, always, require_new
from storage.index.question import Source

__all__ = ["EmbeddedOpenIndex"]

_BETWEEN_BATCHES = 0.005
"""Seconds in which others come to write: who lets go of a lock and takes it again at once keeps them from it (flock hands it to nobody)."""


class EmbeddedOpenIndex:
    """A file `open-<office>.db` for each office in one folder, all under one key. key: 32 bytes.

    A file built anew has another name, `open-<office>@<n>.db`, and the newest counts: beside a file that is in use lie its log and its memory,
    which must never meet another file. Processes take turns to write by a lock beside it.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder, self._key = folder, key
        self._written: dict[OfficeId, tuple[tuple[Path, int], EmbeddedPartition]] = {}

    def apply(self, changes: Sequence[Change], is_new: IsNew = always) -> Applied:
        """Each change is durable by itself. A file takes what it is given last: on one host no change comes late."""
        held_up: dict[OfficeId, VankhoError] = {}
        for office, mine in _by_office(changes).items():
            try:
                self._in_each(office, partial(_carry_out, mine), is_new)
            except (IndexDamaged, IndexOutdated) as error:
                held_up[office] = error
        return Applied(held_up=held_up)

    def expunge(self, given_up: Sequence[Change]) -> frozenset[Change]:
        """Rewrite the files; all is gone when this returns, but for offices whose file does not open. A file that is not there holds nothing."""
        gone: set[Change] = set()
        for office, mine in _by_office(given_up).items():
            with suppress(IndexDamaged, IndexOutdated):
                with suppress(_NotThere):
                    self._in_each(office, EmbeddedPartition.expunge, lambda _: False)
                gone.update(mine)
        return frozenset(gone)

    def missing(self, places: Iterable[OfficeId]) -> frozenset[OfficeId]:
        """Those without a file."""
        there = self._all_newest()
        return frozenset(place for place in places if self._stem(place) not in there)

    @contextmanager
    def asking(self, hidden: Hidden, is_new: IsNew = always) -> Iterator[list[Source]]:
        """One source for each file there is, opened for this asker alone: several may read at once."""
        with self._opened(hidden) as there:
            require_new(hidden.keys() - there.keys(), is_new)
            yield [OpenSource(partition, hidden[office]) for office, partition in there.items()]

    def count(self, office: OfficeId) -> int:
        """Counted in the file."""
        with self._reading(office) as partition:
            return 0 if partition is None else partition.count()

    def verify(self, office: OfficeId) -> None:
        """Every page of the file."""
        with self._reading(office) as partition:
            if partition is not None and not partition.is_intact():
                raise IndexDamaged

    def entries(self, office: OfficeId) -> Iterator[IndexEntry]:
        """Read from the file, a batch at a time."""
        with self._reading(office) as partition:
            if partition is not None:
                yield from partition.entries()

    def vocabulary(self, office: OfficeId) -> frozenset[str]:
        """Read from the file."""
        with self._reading(office) as partition:
            return frozenset() if partition is None else partition.vocabulary()

    def rebuild(self, office: OfficeId, read: Batches, expected: Count, patience: float = PATIENCE) -> Rebuilt:
        """In a new file, which is named like the newest once it is whole. While a batch is read, changes wait. A file refuses no record."""
        with _locked(self._building(office)):
            path = self._folder / f"{self._stem(office)}@{1 + self._number(self._newest(office))}.db"
            draft = path.with_name(f".{path.name}.part")
            with _locked(self._lock(office)):
                self._remove_drafts(office)
                new = create_partition(draft, self._key_of(office))
            try:
                last: str | None = ""
                while last is not None:
                    last = self._copy(office, new, read, last)
                    time.sleep(_BETWEEN_BATCHES)
                found = agreed(lambda _: new.count(), expected, frozenset(), patience)
                with _locked(self._lock(office)):
                    old = self._newest(office)
                    new.close()  # the last connection empties the log into the file
                    draft.rename(path)
                    sync_folder(self._folder)
                    _remove(old)
            finally:
                new.close()
                _remove(draft)
        return Rebuilt(found)

    def close(self) -> None:
        """Close what was opened to write."""
        for office in list(self._written):
            self._give_back(office)

    def _stem(self, office: OfficeId) -> str:
        """What the names of an office's files begin with."""
        return f"open-{office}"

    def _key_of(self, office: OfficeId) -> bytes:
        """The key of an office's files."""
        return self._key

    def _in_each(self, office: OfficeId, act: Callable[[EmbeddedPartition], None], is_new: IsNew) -> None:
        """Do this in the file that is being built, if there is one, then in the office's own, while nobody else writes to either.

        In this order, so that a file that does not open keeps nothing from the one that is to take its place. Raises IndexDamaged, IndexOutdated.
        """
        with _locked(self._lock(office)):
            for draft in self._drafts(office):
                if _is_free(self._building(office)):  # whoever built it died
                    _remove(draft)
                else:
                    with closing(open_partition(draft, self._key_of(office))) as partition:
                        act(partition)
            try:
                act(self._own(office, is_new))
            except (IndexDamaged, IndexOutdated):
                self._give_back(office)  # to be opened again: it may have been put right
                raise

    def _own(self, office: OfficeId, is_new: IsNew) -> EmbeddedPartition:
        path = self._newest(office)
        there = path.stat().st_ino if path.exists() else None
        if office in self._written and self._written[office][0] != (path, there):
            self._give_back(office)
        if office not in self._written:
            if there is None and not is_new(office):
                raise _NotThere
            partition = open_or_make(path, self._key_of(office))
            self._written[office] = (path, path.stat().st_ino), partition
        return self._written[office][1]

    def _give_back(self, office: OfficeId) -> None:
        if office in self._written:
            self._written.pop(office)[1].close()

    @contextmanager
    def _opened(self, offices: Iterable[OfficeId]) -> Iterator[dict[OfficeId, EmbeddedPartition]]:
        """Those of these offices that have a file, in the order of their ids."""
        newest = self._all_newest()
        with ExitStack() as files:
            opened = {office: files.enter_context(self._reading(office, newest.get(self._stem(office)))) for office in sorted(offices)}
            yield {office: partition for office, partition in opened.items() if partition is not None}

    @contextmanager
    def _reading(self, office: OfficeId, seen: Path | None = None) -> Iterator[EmbeddedPartition | None]:
        """seen: the office's newest file, if that is known; another may have come in its place since."""
        partition, path = None, seen or self._newest(office)
        while partition is None:
            try:
                partition = open_partition(path, self._key_of(office))
            except IndexDamaged:
                before, path = path, self._newest(office)
                if path != before:
                    continue
                if path.exists():
                    raise
                break
        try:
            yield partition
        finally:
            if partition is not None:
                partition.close()

    def _copy(self, office: OfficeId, new: EmbeddedPartition, read: Batches, last: str) -> str | None:
        """Take in the records after `last`; returns the last of them, if there are any."""
        with _locked(self._lock(office)):
            batch = read(last)
            for entry in batch:
                new.put(entry)
        return batch[-1].record_id if batch else None

    def _lock(self, office: OfficeId) -> Path:
        return self._folder / f"{self._stem(office)}.lock"

    def _building(self, office: OfficeId) -> Path:
        return self._folder / f"{self._stem(office)}.building"

    def _newest(self, office: OfficeId) -> Path:
        stem = self._stem(office)
        return max([self._folder / f"{stem}.db", *self._folder.glob(f"{stem}@*.db")], key=self._number)

    def _all_newest(self) -> dict[str, Path]:
        """The newest file of each stem, by one look into the folder: of hundreds of partitions a look for each takes longer than to ask them."""
        newest: dict[str, Path] = {}
        for path in sorted(self._folder.glob("*.db"), key=self._number):
            newest[path.name.removesuffix(".db").partition("@")[0]] = path
        return newest

    @staticmethod
    def _number(path: Path) -> int:
        return int(path.name.removesuffix(".db").rpartition("@")[2]) if "@" in path.name else 0

    def _drafts(self, office: OfficeId) -> list[Path]:
        return list(self._folder.glob(f".{self._stem(office)}@*.db.part"))

    def _remove_drafts(self, office: OfficeId) -> None:
        for draft in self._drafts(office):
            _remove(draft)


class _NotThere(IndexDamaged):
    """The file is missing."""


def _by_office(changes: Sequence[Change]) -> dict[OfficeId, list[Change]]:
    by_office: dict[OfficeId, list[Change]] = {}
    for change in changes:
        by_office.setdefault(change.office, []).append(change)
    return by_office


def _carry_out(changes: Sequence[Change], partition: EmbeddedPartition) -> None:
    for change in changes:
        if change.entry is None:
            partition.delete(change.record)
        else:
            partition.put(change.entry)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes, and threads, that all open the same file."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_free(path: Path) -> bool:
    """Whether nobody holds this lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _remove(path: Path) -> None:
    """Remove a file with its log and its memory."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
