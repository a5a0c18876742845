"""The folder store: immutable sealed payloads and their small versioned headers, durable before anyone is told that they are kept."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from storage.errors import BlobMissing, DamagedHeader, DamagedPayload, FixityError, TargetExists
from storage.failpoints import failpoint
from storage.ids import BlobId
from storage.vault.age import MAX_HEADER, HybridRecipient, PayloadReader
from storage.vault.blob import Found, Stored, header_name, parse_header_name, parse_payload_name, payload_name
from storage.vault.draft import Draft
from storage.vault.pending import PendingFile, disk_errors, disk_sha256, sync_folder, temporary_target

__all__ = ["FolderStore"]

_BLOCK = 1_048_576  # bytes read at a time
_SHARD = re.compile(r"[a-z2-7]{2}")


class FolderStore:
    """Blobs in a folder: `payloads/aa/<id>` never changes once it is there, `headers/aa/<id>.<n>` come and go; one after the other
    they are a plain age file. Files are 0600, folders 0700. Safe for threads and for several processes at once.

    Source: docs/format.md; the write order of docs/architecture.md.
    """

    def __init__(self, root: Path) -> None:
        """Use the store at `root`, made if it is not there. Raises StoreFull or StoreFailed."""
        self._headers = root / "headers"
        self._payloads = root / "payloads"
        self._durable_folders: set[Path] = set()
        with disk_errors():
            if not root.is_dir():
                root.mkdir(mode=0o700)
                sync_folder(root.parent)
            self._make_durable(self._headers)
            self._make_durable(self._payloads)

    def draft(self, blob_id: BlobId, recipients: Sequence[HybridRecipient]) -> Draft:
        """A blob to be written piece by piece, `with store.draft(...) as draft:`; left without `publish`, nothing of it remains.

        Raises NotFound if `blob_id` is no id; on entering StoreFull or StoreFailed.
        """
        return Draft(self._payloads / payload_name(blob_id), self._headers / header_name(blob_id, 1), blob_id, recipients, self._make_durable)

    def put(self, source: BinaryIO, blob_id: BlobId, recipients: Sequence[HybridRecipient]) -> Stored:
        """Seal `source` to its end and keep it; durable when this returns.

        Raises StoreFull, StoreFailed, FixityError and TargetExists as `Draft` does: then nothing of it is kept.
        """
        with self.draft(blob_id, recipients) as draft:
            while block := source.read(_BLOCK):
                draft.write(block)
            return draft.publish()

    def read_header(self, blob_id: BlobId, version: int) -> bytes:
        """One version of the header. Raises BlobMissing, and FixityError if it cannot be read or is longer than a header can be."""
        with _opened(self._headers / header_name(blob_id, version), blob_id) as file:
            raw = file.read(MAX_HEADER + 1)
        if len(raw) > MAX_HEADER:
            raise FixityError(blob=blob_id)
        return raw

    @contextmanager
    def open(self, blob_id: BlobId, file_key: bytes) -> Iterator[PayloadReader]:
        """Read any range of what was put in. file_key: 16 bytes, from any version of the header.

        Raises BlobMissing, and FixityError here or in the reader when what it meets is damaged or not sealed under this key.
        """
        with _opened(self._payloads / payload_name(blob_id), blob_id) as file:
            yield PayloadReader(file, 0, os.fstat(file.fileno()).st_size, file_key)

    def export(self, blob_id: BlobId, version: int) -> Iterator[bytes]:
        """The blob as a plain age file, piece by piece: both parts are open before the first piece is given.

        Raises BlobMissing, and FixityError if the disk does not give a part; whether the bytes are right is for `verify` or for age to say.
        """
        header = self.read_header(blob_id, version)
        with _opened(self._payloads / payload_name(blob_id), blob_id) as file:
            yield header
            while block := file.read(_BLOCK):
                yield block

    def verify(self, blob_id: BlobId, version: int, header_sha256: bytes, payload_sha256: bytes) -> None:
        """Read both parts from the disk again. Raises BlobMissing, and FixityError if either is not what these digests (32 bytes) say."""
        parts = (self._headers / header_name(blob_id, version), header_sha256), (self._payloads / payload_name(blob_id), payload_sha256)
        for path, sha256 in parts:
            with _opened(path, blob_id) as file:
                if disk_sha256(file.fileno()) != sha256:
                    raise FixityError(blob=blob_id)

    def verify_header(self, blob_id: BlobId, version: int, header_sha256: bytes, payload_size: int) -> None:
        """Read the header from the disk again, and see that the payload has its size (bytes, sealed). Raises as `verify` does."""
        with _opened(self._headers / header_name(blob_id, version), blob_id) as file:
            if disk_sha256(file.fileno()) != header_sha256:
                raise FixityError(blob=blob_id)
        with _opened(self._payloads / payload_name(blob_id), blob_id) as file:
            if os.fstat(file.fileno()).st_size != payload_size:
                raise FixityError(blob=blob_id)

    def written_at(self, blob_id: BlobId) -> datetime | None:
        """When the blob's newest file was written, by the machine's clock; None if there is none."""
        paths = [self._payloads / payload_name(blob_id), *(self._headers / blob_id[:2]).glob(f"{blob_id}.*")]
        times = []
        for path in paths:
            with suppress(FileNotFoundError):
                times.append(path.stat().st_mtime)
        return datetime.fromtimestamp(max(times), UTC) if times else None

    def add_header(self, blob_id: BlobId, version: int, raw: bytes) -> bytes:
        """Keep one more version of the header; returns its SHA-256 (32 bytes), durable when it returns.

        The same bytes may come again, as they do after a crash. Raises TargetExists if this version has other bytes, BlobMissing if there is no
        payload that it could open, DamagedHeader if it is longer than a header can be, FixityError if it does not read back, StoreFull and
        StoreFailed: then nothing of it is kept.
        """
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
                file.settle("header.2", "header.3")
                file.give_name("header.4")
                failpoint("header.4 return")
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
        """Remove one version of the header, with every copy that a crash left of it; durable when it returns, and nothing if it is gone.

        Raises StoreFull and StoreFailed.
        """
        target = self._headers / header_name(blob_id, version)
        _remove(target.parent, lambda name: name == target.name, "remove.1", "header")

    def remove(self, blob_id: BlobId) -> None:
        """Remove all headers, then the payload, with what a crash left of them; durable when it returns, and nothing if they are gone.

        Headers first: what a crash leaves is a payload that nobody can open, never a header whose destruction was promised.
        Raises StoreFull and StoreFailed.
        """
        payload = self._payloads / payload_name(blob_id)
        _remove(self._headers / blob_id[:2], lambda name: name.startswith(f"{blob_id}."), "remove.1", "headers")
        _remove(payload.parent, lambda name: name == blob_id, "remove.2", "payload")

    def walk(self) -> Iterator[Found]:
        """What lies in the store, in the order of ids, without temporary files. One put or removed meanwhile may be given by half."""
        for shard in sorted({*_shards(self._headers), *_shards(self._payloads)}):
            versions: dict[BlobId, list[int]] = defaultdict(list)
            # Headers first, since a payload gets its name before its header: what has a header here has its payload below.
            for entry in _files(self._headers / shard):
                if header := parse_header_name(entry.name):
                    versions[header[0]].append(header[1])
            sizes: dict[BlobId, int] = {}
            for entry in _files(self._payloads / shard):
                if blob_id := parse_payload_name(entry.name):
                    with suppress(FileNotFoundError):
                        sizes[blob_id] = entry.stat(follow_symlinks=False).st_size
            for blob_id in sorted({*versions, *sizes}):
                yield Found(blob_id, tuple(sorted(versions[blob_id])), sizes.get(blob_id))

    def sweep_temporaries(self, older_than: float) -> int:
        """Remove the temporary files not written to for `older_than` seconds, which nobody was ever told are kept; returns their number.

        A draft that lives on after its file was swept fails when it is published. Raises OSError.
        """
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
        if folder not in self._durable_folders:
            failpoint("folder.1 make folder")
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            failpoint("folder.2 fsync its parent")
            sync_folder(folder.parent)
            self._durable_folders.add(folder)


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
        return [entry.name for entry in entries if _SHARD.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)]


def _files(folder: Path) -> list[os.DirEntry[str]]:
    """The plain files of `folder`; none where it does not exist."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        return [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    return []
