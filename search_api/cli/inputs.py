"""What is to be taken in: the files that the person named, and those in the folders that she named."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.reasons import Reason
from storage.errors import VankhoError

__all__ = ["Input", "OpenInput", "SourceFailed", "inputs"]

_PIECE = 1 << 18


class SourceFailed(VankhoError):
    """A file could not be taken in as it is: it is refused, and the others go on."""

    def __init__(self, reason: Reason) -> None:
        super().__init__()
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Input:
    """One file to take in. failed: why it cannot be, where that is known without opening it."""

    path: Path
    failed: Reason | None = None

    @property
    def shown(self) -> str:
        """The path as text, whatever bytes it is made of."""
        return os.fsencode(self.path).decode("utf-8", "replace")

    @property
    def name(self) -> bytes:
        """The file name, as the disk has it."""
        return os.fsencode(self.path.name)

    @contextmanager
    def opened(self) -> Iterator[OpenInput]:
        """The file, to be read once. Raises SourceFailed where it is missing, no regular file or not to be read."""
        try:
            # O_NONBLOCK: to open a pipe that nobody writes would wait for ever
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            raise SourceFailed(Reason.SOURCE_MISSING) from None
        except OSError:
            raise SourceFailed(Reason.SOURCE_UNREADABLE) from None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise SourceFailed(Reason.SOURCE_UNREADABLE)
            yield OpenInput(descriptor)
        finally:
            os.close(descriptor)


class OpenInput:
    """A file that is being read. sha256: hex, of what was read; the whole content's once `pieces` has ended."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before = os.fstat(descriptor)
        self._sha256 = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    def pieces(self) -> Iterator[bytes]:
        """The content. Raises SourceFailed if it cannot be read to its end, or is not at its end what it was at its beginning."""
        read = 0
        try:
            while piece := os.read(self._descriptor, _PIECE):
                read += len(piece)
                self._sha256.update(piece)
                yield piece
            after = os.fstat(self._descriptor)
        except OSError:
            raise SourceFailed(Reason.SOURCE_UNREADABLE) from None
        if (read, after.st_size, after.st_mtime_ns) != (self._before.st_size, self._before.st_size, self._before.st_mtime_ns):
            raise SourceFailed(Reason.SOURCE_CHANGED)


def inputs(paths: Iterable[str]) -> Iterator[Input]:
    """Each file of `paths`, and of a folder each file at any depth, in the order of names.

    A folder that cannot be listed and a link to a folder inside of one (which could lead anywhere) are inputs that failed: nothing
    is left out in silence.
    """
    for path in map(Path, paths):
        if path.is_dir():
            yield from _within(path)
        else:
            yield Input(path)


def _within(folder: Path) -> Iterator[Input]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError:
        yield Input(folder, Reason.SOURCE_UNREADABLE)
        return
    for entry in entries:
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _within(path)
        else:
            yield Input(path, Reason.SOURCE_UNREADABLE if entry.is_dir() else None)
