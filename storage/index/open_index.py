"""All open partitions of an instance: one index of each office, in files here (`embedded`) or on Elasticsearch (`elastic`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from storage.catalog.names import OfficeId
from storage.errors import IndexDamaged, IndexIncomplete, VankhoError
from storage.ids import RecordId
from storage.index.entry import IndexEntry
from storage.index.question import Source

__all__ = [
    "PATIENCE",
    "Applied",
    "Batches",
    "Change",
    "Count",
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
