"""Whether a TIFF is whole: its chain of directories, and all that these point to, lies within the file."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["ReadAt", "is_tiff", "tiff_is_whole"]

ReadAt = Callable[[int, int], bytes]
"""(offset, size) -> the bytes there; fewer where the file ends before."""

_MOST_DIRECTORIES: Final = 100_000
_MOST_VALUES: Final = 1 << 20
_TYPE_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_INTEGERS: Final = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_DATA: Final = {273: 279, 324: 325, 513: 514}
"""Tags of offsets and those of the byte counts beside them: strips, tiles, the JPEG stream of old."""


class _Cut(Exception):
    """Something points behind the file's end."""


@dataclass(frozen=True, slots=True)
class _Form:
    """order: of struct. offset, count, entry: struct codes of an offset, of a directory's length, and of an entry without its value."""

    order: str
    offset: str
    count: str
    entry: str

    def size(self, code: str) -> int:
        return struct.calcsize(self.order + code)


def is_tiff(head: bytes) -> bool:
    """Whether a file begins as TIFF or BigTIFF does."""
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def tiff_is_whole(size: int, read: ReadAt) -> bool:
    """Follow the directories of a file of `size` bytes that begins as a TIFF.

    Source: TIFF 6.0 section 2; BigTIFF: the specification in libtiff's documentation. Writers differ in what they write last, so
    neither the chain nor the picture data alone would do.
    """
    head = read(0, 16)
    order = "<" if head[:1] == b"I" else ">"
    is_big = head[2:4] in (b"+\0", b"\0+")
    form = _Form(order, "Q", "Q", "HHQ") if is_big else _Form(order, "I", "H", "HHI")
    file = _File(size, read, form)
    try:
        at, seen = file.number(8 if is_big else 4, form.offset), set[int]()
        if not at:
            return False  # the header was written first; its pointer comes last
        while at:
            if at in seen or len(seen) >= _MOST_DIRECTORIES:
                return False
            seen.add(at)
            at = file.directory(at)
    except _Cut:
        return False
    return True


class _File:
    def __init__(self, size: int, read: ReadAt, form: _Form) -> None:
        self._size, self._read, self._form = size, read, form

    def number(self, at: int, code: str) -> int:
        return next(self._numbers(at, code, 1))

    def directory(self, at: int) -> int:
        """Check one directory; the offset of the next, 0 after the last."""
        form = self._form
        count, first, width = self.number(at, form.count), at + form.size(form.count), form.size(form.entry) + form.size(form.offset)
        after = first + count * width
        self._require(first, count * width)
        extents: dict[int, tuple[int, str, int]] = {}
        for place in range(first, after, width):
            tag, kind, values = struct.unpack(form.order + form.entry, self._bytes(place, form.size(form.entry)))
            length, value_at = values * _TYPE_SIZES.get(kind, 1), place + form.size(form.entry)
            if length > form.size(form.offset):
                value_at = self.number(value_at, form.offset)
                self._require(value_at, length)
            if kind in _INTEGERS and values <= _MOST_VALUES:
                extents[tag] = (value_at, _INTEGERS[kind], values)
        for offsets, sizes in _DATA.items():
            if offsets in extents and sizes in extents:
                for start, length in zip(self._numbers(*extents[offsets]), self._numbers(*extents[sizes]), strict=False):
                    self._require(start, length)
        return self.number(after, form.offset)

    def _numbers(self, at: int, code: str, count: int) -> Iterator[int]:
        content = self._bytes(at, self._form.size(code) * count)
        return iter(struct.unpack(f"{self._form.order}{count}{code}", content))

    def _bytes(self, at: int, length: int) -> bytes:
        self._require(at, length)
        content = self._read(at, length)
        if len(content) != length:
            raise _Cut
        return content

    def _require(self, at: int, length: int) -> None:
        if at + length > self._size:
            raise _Cut
