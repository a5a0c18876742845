"""A hot folder on the disk: what lies in it, and moving what is done with. No link is ever followed below its root."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Final

from ingest.hot_folder.names import HIDDEN, TEMPORARY, extended, matches, numbered
from ingest.hot_folder.readiness import Sighting
from ingest.hot_folder.renaming import rename_new
from ingest.hot_folder.tiff import ReadAt

__all__ = ["Found", "HotFolder", "Left", "Names", "Why", "reader_of"]

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DEEPEST: Final = 32
_NOTE_DRAFT: Final = ".note.part"
_NOTE: Final = ".txt"


@dataclass(frozen=True, slots=True)
class Names:
    """What names mean in a hot folder. done, failed: the folders in it to which files are moved.

    marker: x.pdf is whole once x.pdf.done or x.done lies beside it. temporary: patterns of names that wait for their renaming.
    """

    done: str = "done"
    failed: str = "failed"
    marker: str = ".done"
    temporary: tuple[str, ...] = TEMPORARY


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is to be taken in. path: below the root. marker: the name of the file beside it that says it is whole."""

    path: PurePosixPath
    sighting: Sighting
    marker: str | None


class Why(Enum):
    """Why something in the folder is left where it is."""

    LINK = "link"
    NO_FILE = "no file"
    TOO_DEEP = "too deep"
    UNREADABLE = "unreadable"
    TEMPORARY = "temporary"


@dataclass(frozen=True, slots=True)
class Left:
    """Something that is not taken in."""

    path: PurePosixPath
    why: Why


class HotFolder:
    """The folder at `root`. It is opened anew for each act: a share may go and come back, and nothing keeps it from being unmounted.

    Every method raises OSError where the root or the file in question cannot be reached.
    """

    def __init__(self, root: Path, names: Names) -> None:
        self._root, self._names = root, names

    def look(self) -> list[Found | Left]:
        """All that lies in the folder and its subfolders, by name; what is hidden is passed over."""
        with self._folder(PurePosixPath()) as root:
            return list(self._within(root, PurePosixPath(), self._own(root)))

    @contextmanager
    def opened(self, path: PurePosixPath) -> Iterator[int]:
        """The regular file at `path`, to be read: its descriptor. Whatever else is there raises OSError."""
        with self._folder(path.parent) as folder, _opened(path.name, _FILE, folder) as file:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            yield file

    def put_away(self, found: Found, note: str | None) -> PurePosixPath | None:
        """Move a file to where its subfolder's like lies in `done`, or, with a note, in `failed`, the note beside it; where it lies now.

        None where the file is no longer there as it was found, and nothing was moved. What has the name already keeps it.
        """
        names = self._names
        with self._folder(found.path.parent) as source, self._made(names.done if note is None else names.failed, found.path.parent) as (target, at):
            if not _is_there(source, found.path.name, found.sighting):
                return None
            name = _moved(source, found.path.name, target, note)
            now = os.lstat(name, dir_fd=target)
            if (now.st_size, now.st_mtime_ns) != (found.sighting.size, found.sighting.modified):  # another came in its place at this very moment
                _renamed(target, name, source, found.path.name)
                return None
            if found.marker is not None:
                with suppress(FileNotFoundError):
                    _renamed(source, found.marker, target, found.marker)
        return at / name

    def _own(self, root: int) -> set[int]:
        """The inodes of `done` and `failed`: a share that does not tell small letters from capitals may list them by other names."""
        inodes = set[int]()
        for name in (self._names.done, self._names.failed):
            with suppress(FileNotFoundError):
                inodes.add(os.lstat(name, dir_fd=root).st_ino)
        return inodes

    def _within(self, folder: int, at: PurePosixPath, own: Collection[int] = ()) -> Iterator[Found | Left]:
        with os.scandir(folder) as listed:
            entries = sorted(listed, key=lambda entry: os.fsencode(entry.name))
        names = {entry.name for entry in entries}
        for entry in entries:
            if matches(entry.name, HIDDEN) or entry.inode() in own:
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    yield from self._subfolder(folder, at / entry.name)
                elif (one := self._entry(entry, at / entry.name, names)) is not None:
                    yield one
            except FileNotFoundError:
                continue
            except OSError:  # one file that its disk or share cannot show must not hide the others
                yield Left(at / entry.name, Why.UNREADABLE)

    def _entry(self, entry: os.DirEntry[str], path: PurePosixPath, names: set[str]) -> Found | Left | None:
        marker = self._names.marker
        if entry.is_symlink():
            return Left(path, Why.LINK)
        if not entry.is_file(follow_symlinks=False):
            return Left(path, Why.NO_FILE)
        if matches(entry.name, self._names.temporary):
            return Left(path, Why.TEMPORARY)
        if entry.name.endswith(marker):
            return None
        sighting = Sighting.of(entry.stat(follow_symlinks=False))
        return Found(path, sighting, next((name for name in (path.name + marker, path.stem + marker) if name in names), None))

    def _subfolder(self, parent: int, at: PurePosixPath) -> Iterator[Found | Left]:
        if len(at.parts) > _DEEPEST:
            yield Left(at, Why.TOO_DEEP)
            return
        with _opened(at.name, _FOLDER, parent) as folder:
            yield from self._within(folder, at)

    @contextmanager
    def _folder(self, path: PurePosixPath) -> Iterator[int]:
        folder = os.open(self._root, _FOLDER & ~os.O_NOFOLLOW)
        try:
            for part in path.parts:
                inner = os.open(part, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            yield folder
        finally:
            os.close(folder)

    @contextmanager
    def _made(self, top: str, path: PurePosixPath) -> Iterator[tuple[int, PurePosixPath]]:
        """The folder top/path, made where it is not there; a part of the path whose name a file has got is numbered."""
        at = PurePosixPath(top)
        with self._folder(PurePosixPath()) as root, suppress(FileExistsError):
            os.mkdir(top, dir_fd=root)
        for wanted in path.parts:
            with self._folder(at) as folder:
                at /= _made_in(folder, wanted)
        with self._folder(at) as folder:
            yield folder, at


def reader_of(file: int) -> ReadAt:
    """How to look into an open file."""
    return lambda offset, size: os.pread(file, size, offset)


@contextmanager
def _opened(path: str | Path, flags: int, folder: int | None = None) -> Iterator[int]:
    descriptor = os.open(path, flags, 0o666, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _has(folder: int, name: str) -> bool:
    try:
        os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def _is_there(folder: int, name: str, sighting: Sighting) -> bool:
    try:
        return Sighting.of(os.lstat(name, dir_fd=folder)) == sighting
    except FileNotFoundError:
        return False


def _moved(source: int, name: str, target: int, note: str | None) -> str:
    """Move a file, its note first: a crash between the two leaves a note that the next attempt finds as its own."""
    longest = os.fpathconf(target, "PC_NAME_MAX")

    def fits(new: str) -> bool:
        return not _has(target, new) and (note is None or _noted(target, extended(new, _NOTE, longest), note))

    return _renamed(source, name, target, name, fits, 0 if note is None else len(_NOTE))


def _renamed(source: int, name: str, target: int, wanted: str, fits: Callable[[str], bool] = lambda new: True, room: int = 0) -> str:
    """Rename to the first name for `wanted` that is free and fits. room: bytes that a number must leave, for a note's name to stay its own."""
    longest, number = os.fpathconf(target, "PC_NAME_MAX") - room, 1
    while True:
        new = numbered(wanted, number, longest)
        if fits(new):
            with suppress(FileExistsError):
                rename_new(source, name, target, new)
                return new
        number += 1


def _made_in(folder: int, wanted: str) -> str:
    longest, number = os.fpathconf(folder, "PC_NAME_MAX"), 1
    while True:
        name = numbered(wanted, number, longest)
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=folder)
            return name
        if stat.S_ISDIR(os.lstat(name, dir_fd=folder).st_mode):
            return name
        number += 1


def _noted(folder: int, name: str, note: str) -> bool:
    """Whether the note lies under this name, written now or by an attempt that was cut off; False where something else does."""
    content = note.encode()
    try:
        with _opened(name, _FILE, folder) as file:
            return os.pread(file, len(content) + 1, 0) == content
    except FileNotFoundError:
        pass
    except OSError:
        return False
    with _opened(_NOTE_DRAFT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, folder) as file:
        os.write(file, content)
        os.fsync(file)
    with suppress(FileExistsError):
        rename_new(folder, _NOTE_DRAFT, folder, name)
        return True
    return False
