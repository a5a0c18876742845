"""The folder store: immutable sealed payloads and their small versioned headers, durable before anyone is told that they are kept."""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from storage.errors import BlobMissing, DamagedHeader, DamagedPayload, FixityError, TargetExists
from storage.failpoints import failpoint
from storage.ids import BlobId
from storage.vault.age import MAX_HEADER, HybridRecipient, PayloadReader
from storage.vault.blob import Found, found_in, header_name, is_shard, payload_name
from storage.vault.draft import Draft
from storage.vault.landing import FolderLanding
from storage.vault.pending import PendingFile, disk_errors, disk_sha256, give_names, sync_folder, temporary_target
from storage.vault.store import BlobStore

__all__ = ["FolderStore"]

_BLOCK = 1_048_576  # bytes read at a time


class FolderStore(BlobStore):
    """Blobs in a folder of this machine. Files are 0600, folders 0700. Any act that writes may raise StoreFull.

    Source: docs/write-order.md, "folder store".
    """

    def __init__(self, root: Path) -> None:
        """Use the store at `root`, made if it is not there. Raises StoreFull or StoreFailed."""
        self._headers = root / "headers"
        self._payloads = root / "payloads"
        self._durable_folders: set[Path] = set()
        self._making = threading.Lock()
        with disk_errors():
            if not root.is_dir():
                root.mkdir(mode=0o700)
                sync_folder(root.parent)
            self._make_durable(self._headers)
            self._make_durable(self._payloads)

    def draft(self, blob_id: BlobId, recipients: Sequence[HybridRecipient]) -> Draft:
        landing = FolderLanding(self._payloads / payload_name(blob_id), self._headers / header_name(blob_id, 1), blob_id, self._make_durable)
        return Draft(blob_id, recipients, landing)

    def read_header(self, blob_id: BlobId, version: int) -> bytes:
        with _opened(self._headers / header_name(blob_id, version), blob_id) as file:
            raw = file.read(MAX_HEADER + 1)
        if len(raw) > MAX_HEADER:
            raise FixityError(blob=blob_id)
        return raw

    @contextmanager
    def open(self, blob_id: BlobId, file_key: bytes) -> Iterator[PayloadReader]:
        with _opened(self._payloads / payload_name(blob_id), blob_id) as file:
            yield PayloadReader(file, 0, os.fstat(file.fileno()).st_size, file_key)

    def export(self, blob_id: BlobId, version: int) -> Iterator[bytes]:
        header = self.read_header(blob_id, version)
        with _opened(self._payloads / payload_name(blob_id), blob_id) as file:
            yield header
            while block := file.read(_BLOCK):
                yield block

    def verify(self, blob_id: BlobId, version: int, header_sha256: bytes, payload_sha256: bytes) -> None:
        parts = (self._headers / header_name(blob_id, version), header_sha256), (self._payloads / payload_name(blob_id), payload_sha256)
        for path, sha256 in parts:
            with _opened(path, blob_id) as file:
                if disk_sha256(file.fileno()) != sha256:
                    raise FixityError(blob=blob_id)

    def verify_header(self, blob_id: BlobId, version: int, header_sha256: bytes, payload_size: int) -> None:
        with _opened(self._headers / header_name(blob_id, version), blob_id) as file:
            if disk_sha256(file.fileno()) != header_sha256:
                raise FixityError(blob=blob_id)
        with _opened(self._payloads / payload_name(blob_id), blob_id) as file:
            if os.fstat(file.fileno()).st_size != payload_size:
                raise FixityError(blob=blob_id)

    def written_at(self, blob_id: BlobId) -> datetime | None:
        paths = [self._payloads / payload_name(blob_id), *(self._headers / blob_id[:2]).glob(f"{blob_id}.*")]
        times = []
        for path in paths:
            with suppress(FileNotFoundError):
                times.append(path.stat().st_mtime)
        return datetime.fromtimestamp(max(times), UTC) if times else None

    def add_header(self, blob_id: BlobId, version: int, raw: bytes) -> bytes:
        target = self._headers / header_name(blob_id, version)
        if not (self._payloads / payload_name(blob_id)).is_file():
            raise BlobMissing(blob=blob_id)
        if len(raw) > MAX_HEADER:
            raise DamagedHeader(rule=f"it is longer than {MAX_HEADER} bytes")
        with disk_errors():
            self._make_durable(target.parent)
            failpoint("header.1 open header")
            file = PendingFile(target, blob_id, "header")
            try:
                failpoint("header.1 write header")
                file.write(raw)
                file.settle("header.2")
                give_names([file], "header.3")
                failpoint("header.3 return")
                file.close()
            except TargetExists:
                file.discard()
                if self.read_header(blob_id, version) != raw:
                    raise
                sync_folder(target.parent)  # whoever wrote it may have died before doing this
            except BaseException:
                file.discard()
                raise
        return file.sha256

    def remove_header(self, blob_id: BlobId, version: int) -> None:
        target = self._headers / header_name(blob_id, version)
        _remove(target.parent, lambda name: name == target.name, "remove.1", "header")

    def remove(self, blob_id: BlobId) -> None:
        payload = self._payloads / payload_name(blob_id)
        _remove(self._headers / blob_id[:2], lambda name: name.startswith(f"{blob_id}."), "remove.1", "headers")
        _remove(payload.parent, lambda name: name == blob_id, "remove.2", "payload")

    def walk(self) -> Iterator[Found]:
        for shard in sorted({*_shards(self._headers), *_shards(self._payloads)}):
            yield from found_in((entry.name for entry in _files(self._headers / shard)), _sizes(self._payloads / shard))

    def sweep_temporaries(self, older_than: float) -> int:
        # The disk stamps files with the machine's clock, so that clock and not an injected one measures their age.
        limit = time.time() - older_than
        swept = 0
        for tree in (self._headers, self._payloads):
            for shard in _shards(tree):
                for entry in _files(tree / shard):
                    with suppress(FileNotFoundError):
                        if temporary_target(entry.name) is not None and entry.stat(follow_symlinks=False).st_mtime <= limit:
                            (tree / shard / entry.name).unlink()
                            swept += 1
        return swept

    def _make_durable(self, folder: Path) -> None:
        """Make `folder` if it is not there, and its name durable whoever made it: its maker may have died, or may not be done."""
        if folder in self._durable_folders:
            return
        with self._making:
            if folder in self._durable_folders:  # by another thread, just now
                return
            there = {folder}
            failpoint("folder.1 make folder")
            try:
                folder.mkdir(mode=0o700)
            except FileExistsError:
                there.update(folder.with_name(name) for name in _shards(folder.parent))
            failpoint("folder.2 fsync its parent")
            sync_folder(folder.parent)
            self._durable_folders |= there  # one fsync for all that lay there before it


def _remove(folder: Path, is_meant: Callable[[str], bool], step: str, what: str) -> None:
    """Remove the files of `folder` whose name is meant, and the temporary files that were to get such a name."""
    with disk_errors():
        for entry in _files(folder):
            if is_meant(temporary_target(entry.name) or entry.name):
                failpoint(f"{step} remove {what}")
                (folder / entry.name).unlink(missing_ok=True)
        failpoint(f"{step} fsync the folder of {what}")
        with suppress(FileNotFoundError):
            sync_folder(folder)


@contextmanager
def _opened(path: Path, blob_id: BlobId) -> Iterator[BinaryIO]:
    """A file of the store to read; what is no plain file (a link or a pipe that someone planted) is neither followed nor waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise BlobMissing(blob=blob_id) from None
        if error.errno in (errno.ELOOP, errno.EIO):
            raise FixityError(blob=blob_id) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FixityError(blob=blob_id)
    with os.fdopen(descriptor, "rb") as file:
        try:
            yield file
        except DamagedPayload as error:
            raise FixityError(blob=blob_id) from error
        except OSError as error:
            if error.errno == errno.EIO:
                raise FixityError(blob=blob_id) from error
            raise


def _shards(tree: Path) -> list[str]:
    with os.scandir(tree) as entries:
        return [entry.name for entry in entries if is_shard(entry.name) and entry.is_dir(follow_symlinks=False)]


def _sizes(folder: Path) -> Iterator[tuple[str, int]]:
    for entry in _files(folder):
        with suppress(FileNotFoundError):
            yield entry.name, entry.stat(follow_symlinks=False).st_size


def _files(folder: Path) -> list[os.DirEntry[str]]:
    """The plain files of `folder`; none where it does not exist."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        return [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    return []
