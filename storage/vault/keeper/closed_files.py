"""The index files of closed partitions: one each, under a key derived from the partition's own."""

from __future__ import annotations

import threading
from pathlib import Path

from storage.catalog.names import PartitionName
from storage.index.embedded import EmbeddedPartition, open_or_make
from storage.vault.age.filekey import hkdf
from storage.vault.keyring import KeyKind, Keyring

__all__ = ["ClosedFiles", "partition_key_name"]

_PURPOSE = b"vankho closed index 1"


def partition_key_name(name: PartitionName, n: int) -> str:
    """How the keyring names the n-th key of a partition."""
    return f"{name}#{n}"


class ClosedFiles:
    """The files, opened when first needed. Threads may share them."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        self._folder, self._keyring = folder, keyring
        self._turn = threading.RLock()
        self._open: dict[PartitionName, EmbeddedPartition] = {}

    def partition(self, name: PartitionName) -> EmbeddedPartition:
        """The file of a partition, made where there is none.

        Raises KeyFileDamaged where its key does not open, IndexDamaged and IndexOutdated where the file is to be built again.
        """
        with self._turn:
            if name not in self._open:
                info = self._keyring.info(KeyKind.PARTITION, partition_key_name(name, 1))
                key = hkdf(bytes(self._keyring.secret(KeyKind.PARTITION, info.name)), salt=b"", info=_PURPOSE)
                path = self._folder / f"{info.id}.db"  # the key's id: a listing of the folder names no office and no level
                self._open[name] = open_or_make(path, key)
            return self._open[name]
