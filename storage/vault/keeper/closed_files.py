"""The index files of closed partitions: one each, under a key derived from the partition's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from storage.catalog.names import OfficeId, PartitionName
from storage.index import embedded
from storage.index.closed_index import ClosedSource
from storage.index.open_index import Hidden
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


class ClosedFiles(embedded.EmbeddedOpenIndex):
    """The files `<place>.db`, as `storage.index.closed_index.ClosedPartitions` promises; otherwise as those of open partitions."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        super().__init__(folder, b"")
        self._keyring = keyring

    @contextmanager
    def asking_as(self, tokens: Mapping[OfficeId, frozenset[str]], hidden: Hidden) -> Iterator[list[ClosedSource]]:
        """One source for each file."""
        with self._opened(hidden) as there:
            yield [_OneFile(partition, tokens[place], hidden[place], frozenset({place})) for place, partition in there.items()]

    def _stem(self, office: OfficeId) -> str:
        return office

    def _key_of(self, office: OfficeId) -> bytes:
        name = next(info.name for info in self._keyring.infos() if info.id == office)
        return hkdf(bytes(self._keyring.secret(KeyKind.PARTITION, name)), salt=b"", info=_PURPOSE)


@dataclass(frozen=True, slots=True)
class _OneFile(embedded.ClosedSource):
    """One source, which says of which file it is."""

    places: frozenset[OfficeId] = frozenset()
