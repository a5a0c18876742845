"""A file that has no name of its own until it is whole on the disk, and how the disk's refusals are told apart."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.errors import FixityError, StoreFailed, StoreFull, TargetExists
from storage.failpoints import failpoint
from storage.ids import BlobId

__all__ = ["PendingFile", "disk_errors", "disk_sha256", "give_names", "sync_folder", "temporary_target"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# A file system that met an error it cannot bear turns read-only, so EROFS in the middle of our work is a failed disk as well.
_FAILED = frozenset({errno.EIO, errno.EROFS})
_TEMPORARY_NAME = re.compile(r"\.(.+)\.[0-9a-f]{16}\.part", re.DOTALL)
_BLOCK = 1_048_576  # bytes read at a time


class PendingFile:
    """A new file under a temporary name in the folder of its target: written, settled on the disk, and only then named.

    The temporary name lies in the target's own folder because Landlock before its second ABI forbids every link and rename from
    folder to folder. It is given its name with link and unlink, not renameat2(RENAME_NOREPLACE): both refuse a name that exists in
    one atomic step, but link does so on every file system that has hard links (NFS and older ZFS refuse the flag) and is POSIX.
    What a crash may leave is the temporary name, and `temporary_target` knows it.
    """

    def __init__(self, target: Path, blob_id: BlobId, what: str) -> None:
        """Create the file (0600). what: a word for the names of the failpoints. Raises OSError."""
        self.size = 0
        self._target = target
        self._temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
        self._blob_id = blob_id
        self._what = what
        self._sha256 = hashlib.sha256()
        self._is_named = False
        descriptor = os.open(self._temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        self._file = os.fdopen(descriptor, "r+b", buffering=0)

    @property
    def folder(self) -> Path:
        """Where it lies, under either name."""
        return self._target.parent

    @property
    def sha256(self) -> bytes:
        """Digest (32 bytes) of what was written so far."""
        return self._sha256.digest()

    def write(self, data: bytes) -> None:
        """Append `data`. Raises OSError."""
        self._sha256.update(data)
        self.size += len(data)
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]

    def begin_settling(self) -> None:
        """Ask the disk to begin, so that of several files the first fsync waits for all, and a journal takes them in one go. A hint, no promise."""
        os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # of pages that are not written yet, Linux begins the writing

    def settle(self, step: str) -> None:
        """Have the disk keep what was written, and prove it by giving it back.

        Raises StoreFull or StoreFailed if it will not keep it (it is never asked twice), FixityError if it gives back other bytes, OSError.
        """
        failpoint(f"{step} fsync {self._what}")
        _sync(self._file.fileno())
        failpoint(f"{step} re-read {self._what}")
        if disk_sha256(self._file.fileno()) != self.sha256:
            raise FixityError(blob=self._blob_id)

    def give_name(self, step: str) -> None:
        """Have the file bear its own name, and that name alone; `give_names` has it do so durably. Raises TargetExists, OSError."""
        failpoint(f"{step} link {self._what}")
        try:
            os.link(self._temporary, self._target)
        except FileExistsError as error:
            raise TargetExists(path=self._target.name) from error
        self._is_named = True
        failpoint(f"{step} drop the {self._what}'s temporary name")
        self._temporary.unlink()

    def sync_folder(self, step: str) -> None:
        """Make the file's name durable, with all others in its folder. Raises StoreFull or StoreFailed."""
        failpoint(f"{step} fsync the {self._what}'s folder")
        sync_folder(self._target.parent)

    def close(self) -> None:
        """End the work on a file that keeps its name."""
        self._file.close()

    def discard(self) -> None:
        """Remove every name that this file was given; a disk that refuses leaves them to the sweep and to `check`."""
        self._file.close()
        for name in (self._target, self._temporary) if self._is_named else (self._temporary,):
            with suppress(OSError):
                name.unlink()


def give_names(files: Sequence[PendingFile], step: str) -> None:
    """Have each file bear its own name, that name alone, and durably: one fsync for those that share a folder.

    Raises TargetExists if anything has such a name, since nothing is ever replaced; StoreFull, StoreFailed, OSError.
    """
    for file in files:
        file.give_name(step)
    for file in {file.folder: file for file in files}.values():
        file.sync_folder(step)


def temporary_target(name: str) -> str | None:
    """The file name that a temporary name was waiting for, or None if `name` is no temporary name."""
    match = _TEMPORARY_NAME.fullmatch(name)
    return match[1] if match else None


def disk_sha256(descriptor: int) -> bytes:
    """Digest (32 bytes) of a whole file, asked of the disk and not of the page cache as far as the kernel obliges.

    The kernel drops clean pages only: call it after fsync. Raises OSError.
    """
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    digest = hashlib.sha256()
    offset = 0
    while block := os.pread(descriptor, _BLOCK, offset):
        digest.update(block)
        offset += len(block)
    return digest.digest()


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable. Raises StoreFull or StoreFailed."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _sync(descriptor)
    finally:
        os.close(descriptor)


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise (StoreFull() if error.errno in _FULL else StoreFailed()) from error


@contextmanager
def disk_errors() -> Iterator[None]:
    """Raise StoreFull where the disk has no room, StoreFailed where it fails; other OSErrors pass, being neither."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFull from error
        if error.errno in _FAILED:
            raise StoreFailed from error
        raise
