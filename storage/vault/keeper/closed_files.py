"""The index files of closed partitions: one each, under a key derived from the partition's own."""

from __future__ import annotations

import threading
from pathlib import Path

from storage.catalog.names import PartitionName
from storage.durable import sync_folder
from storage.index.embedded import EmbeddedPartition, create_partition, open_partition
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
        """The file of a partition, made where there is none: under another name first, so that a crash leaves a whole one or none.

        Raises KeyFileDamaged where its key does not open, IndexDamaged and IndexOutdated where the file is to be built again.
        """
        with self._turn:
            if name not in self._open:
                info = self._keyring.info(KeyKind.PARTITION, partition_key_name(name, 1))
                key = hkdf(bytes(self._keyring.secret(KeyKind.PARTITION, info.name)), salt=b"", info=_PURPOSE)
                path = self._folder / f"{info.id}.db"  # the key's id: a listing of the folder names no office and no level
                if not path.exists():
                    self._make(path, key)
                self._open[name] = open_partition(path, key)
            return self._open[name]

    def _make(self, path: Path, key: bytes) -> None:
        draft = path.with_name(f".{path.name}.part")
        for left in path.parent.glob(f"{draft.name}*"):
            left.unlink()
        create_partition(draft, key).close()  # the last connection empties the log into the file
        draft.rename(path)
        sync_folder(path.parent)
