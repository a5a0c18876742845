"""All open partitions of an instance: one index of each office, in files here or on Elasticsearch."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from storage.catalog.names import OfficeId
from storage.durable import sync_folder
from storage.errors import IndexDamaged, IndexIncomplete, IndexOutdated, VankhoError
from storage.ids import RecordId
from storage.index.embedded import EmbeddedPartition, create_partition, open_or_make, open_partition
from storage.index.entry import IndexEntry
from storage.index.question import Source
from storage.index.searching import OpenSource

__all__ = [
    "PATIENCE",
    "Applied",
    "Batches",
    "Change",
    "Count",
    "EmbeddedOpenIndex",
    "Hidden",
    "IsNew",
    "OpenIndex",
    "Partitions",
    "Rebuilt",
    "Refused",
    "agreed",
    "always",
    "every",
    "require_new",
]

PATIENCE = 60.0
"""Seconds that an index built anew may take to catch up with what waits in the outbox."""

_PAUSE = 0.2
_BETWEEN_BATCHES = 0.005
"""Seconds in which others come to write: who lets go of a lock and takes it again at once keeps them from it (flock hands it to nobody)."""

Hidden = Mapping[OfficeId, frozenset[RecordId]]
"""The offices whose partitions are asked, each with the records that are to be in no answer: the index has yet to learn what became of them."""

Batches = Callable[[str], Sequence[IndexEntry]]
"""Some records by id, those after the id given; none after the last. What it gives is what holds while it is called."""

Count = Callable[[frozenset[RecordId]], int]
"""How many records there are, not counting these."""

IsNew = Callable[[OfficeId], bool]
"""Whether an office's index, which is not there, was never there either: it held no record, so that one may be made. Otherwise it was lost."""


def always(_: OfficeId) -> bool:
    """That whatever is not there was never there."""
    return True


@dataclass(frozen=True, slots=True)
class Change:
    """What the index of one office is to learn of one record. entry: what it shall hold; None where it is to give the record up.

    version: greater with each change to the record, so that one that comes late, or twice, changes nothing; the id of its outbox row.
    """

    office: OfficeId
    record: RecordId
    version: int
    entry: IndexEntry | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A change that the index does not take, however often it is given. why: the engine's name for it; never a word of the record."""

    change: Change
    why: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What of the changes given was not carried out.

    held_up: the offices whose index takes none, lost, damaged or made by another version of the analysis as it is, with that error. Their changes are
    in the index that is being built in its place, if there is one, and are to be given again.
    """

    refused: tuple[Refused, ...] = ()
    held_up: Mapping[OfficeId, VankhoError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """records: how many an index built anew holds. refused: those that the engine did not take, with its name for why; never a word of them."""

    records: int
    refused: Mapping[RecordId, str] = field(default_factory=dict)


class Partitions(Protocol):
    """What every engine offers of open and of closed partitions. Threads may share it, if one alone writes.

    All of it raises IndexUnreachable, IndexBusy, IndexDamaged, IndexOutdated, and what changes something StoreFull and StoreFailed.
    """

    def apply(self, changes: Sequence[Change], is_new: IsNew = always) -> Applied:
        """Carry out changes, those of an office in this order: when this returns they are durable and can be found, but for what it says.

        An office whose index is lost, damaged or outdated is in no other's way, and whatever index is built anew for it misses nothing.
        """

    def expunge(self, given_up: Sequence[Change]) -> frozenset[Change]:
        """Rewrite what holds words of records that were given up, and return the changes of which nothing is left in any file.

        The others are to be asked for again, in a while.
        """

    def missing(self, places: Iterable[OfficeId]) -> frozenset[OfficeId]:
        """Those of these partitions that have no index."""

    def count(self, office: OfficeId) -> int:
        """How many records the office's index holds; none where it is not there."""

    def verify(self, office: OfficeId) -> None:
        """Read all that lies on our own disk of the office's index. Raises IndexDamaged where some of it is not what was written."""

    def rebuild(self, office: OfficeId, read: Batches, expected: Count, patience: float = PATIENCE) -> Rebuilt:
        """Build the office's index anew while the one there goes on answering, then put it in its place.

        Changes that are applied meanwhile are in it. read: the records as the catalog has them when it is called; expected: how many there are
        to be. A record that the engine refuses is given back, and not counted, so that it stands in no other's way. Raises IndexIncomplete where
        the new one does not come to hold as many, or too much is refused; then the old one stays. One at a time for each office.
        """

    def close(self) -> None:
        """Give files and connections back; what is used after it is opened again."""


class OpenIndex(Partitions, Protocol):
    """The open partitions of all offices."""

    def asking(self, hidden: Hidden, is_new: IsNew = always) -> AbstractContextManager[list[Source]]:
        """These partitions, to be asked within the context; an office whose index was never written to has nothing to say.

        Raises IndexDamaged where an index was lost.
        """

    def entries(self, office: OfficeId) -> Iterator[IndexEntry]:
        """All records of the office's index as they are stored, by id; others may write meanwhile."""

    def vocabulary(self, office: OfficeId) -> frozenset[str]:
        """Every term of the office's postings, for the debug dump."""


def every(read: Batches) -> Iterator[IndexEntry]:
    """All records, batch by batch."""
    last = ""
    while batch := read(last):
        yield from batch
        last = batch[-1].record_id


def require_new(missing: Iterable[OfficeId], is_new: IsNew) -> None:
    """Raise IndexDamaged if one of these indexes, which are not there, was lost."""
    if not all(map(is_new, missing)):
        raise IndexDamaged


def agreed(found: Count, expected: Count, refused: frozenset[RecordId], patience: float) -> int:
    """How many records there are but for those refused, once that is as many as expected: what waits in the outbox comes within these seconds.

    Raises IndexIncomplete.
    """
    end = time.monotonic() + patience
    while (there := found(refused)) != (wanted := expected(refused)):
        if time.monotonic() > end:
            raise IndexIncomplete(found=there, expected=wanted)
        time.sleep(_PAUSE)
    return there


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
