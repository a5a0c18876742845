"""The index files of closed partitions: one each, under a key derived from the partition's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from storage.catalog.names import OfficeId, PartitionName
from storage.index.embedded import EmbeddedPartition, open_or_make
from storage.index.open_index import Applied, Change, Hidden
from storage.index.question import Source
from storage.index.searching import ClosedSource
from storage.vault.age.filekey import hkdf
from storage.vault.keyring import KeyKind, Keyring

__all__ = ["ClosedFiles", "partition_key_name", "place_of"]

_PURPOSE = b"vankho closed index 1"


def partition_key_name(name: PartitionName, n: int) -> str:
    """How the keyring names the n-th key of a partition."""
    return f"{name}#{n}"


def place_of(keyring: Keyring, name: PartitionName) -> OfficeId:
    """What the index of a closed partition goes by, where an open one goes by its office: its key's id, which tells no office and no level.

    Raises KeyFileDamaged where its key does not open.
    """
    info = keyring.info(KeyKind.PARTITION, partition_key_name(name, 1))
    keyring.secret(KeyKind.PARTITION, info.name)
    return OfficeId(info.id)


class ClosedFiles:
    """The files, opened when first needed, as `storage.index.closed_index.ClosedPartitions` promises."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        self._folder, self._keyring = folder, keyring
        self._turn = threading.RLock()
        self._open: dict[OfficeId, EmbeddedPartition] = {}

    def apply(self, changes: Sequence[Change]) -> Applied:
        """One after the other; a file is made where there is none, and takes every record."""
        for change in changes:
            partition = self._partition(change.office)
            if change.entry is None:
                partition.delete(change.record)
            else:
                partition.put(change.entry)
        return Applied()

    def expunge(self, given_up: Sequence[Change]) -> frozenset[Change]:
        """At once: each file is rewritten."""
        for place in sorted({change.office for change in given_up}):
            self._partition(place).expunge()
        return frozenset(given_up)

    @contextmanager
    def asking_as(self, tokens: Mapping[OfficeId, frozenset[str]], hidden: Hidden) -> Iterator[list[Source]]:
        """One source for each file."""
        yield [ClosedSource(self._partition(place), tokens[place], hidden[place]) for place in sorted(hidden)]

    def _partition(self, place: OfficeId) -> EmbeddedPartition:
        """The file of a partition, made where there is none."""
        with self._turn:
            if place not in self._open:
                name = next(info.name for info in self._keyring.infos() if info.id == place)
                key = hkdf(bytes(self._keyring.secret(KeyKind.PARTITION, name)), salt=b"", info=_PURPOSE)
                self._open[place] = open_or_make(self._folder / f"{place}.db", key)
            return self._open[place]
