"""How a log lies in files: tiles of 256 hashes, bundles of 256 entries, and their names. Source: C2SP tlog-tiles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from storage.audit.merkle import Digest, Tree
from storage.errors import LogDamaged

__all__ = [
    "ENTRY_LIMIT",
    "HEIGHT",
    "WIDTH",
    "TileReader",
    "bundle_name",
    "encode_entry",
    "is_name",
    "layout",
    "levels",
    "parse_name",
    "split_bundle",
    "split_tile",
    "tile_name",
    "widths",
]

WIDTH = 256
HEIGHT = 8  # a full tile is a perfect subtree of this height
ENTRY_LIMIT = 0xFFFF  # bytes; the length of an entry is a uint16

_DIGEST_SIZE = 32
_NAME = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/[0-9]{1,3})?", re.ASCII)


def tile_name(level: int, index: int, width: int) -> str:
    """The path of a tile below the log's folder: `tile/0/x001/234`, with `.p/<width>` if it is not full."""
    return f"tile/{level}/{_number(index, width)}"


def bundle_name(index: int, width: int) -> str:
    """The path of an entry bundle below the log's folder."""
    return f"tile/entries/{_number(index, width)}"


def _number(index: int, width: int) -> str:
    """Groups of three digits, all but the last with an x, so that no folder bears the name of a file."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups) + (f".p/{width}" if width < WIDTH else "")


def levels(size: int) -> range:
    """The levels at which a log of `size` entries has tiles."""
    return range((size.bit_length() + HEIGHT - 1) // HEIGHT)


def widths(size: int, level: int) -> Iterator[tuple[int, int]]:
    """(index, width) of the tiles of `level` in a log of `size` entries; of level 0, those of the bundles too."""
    count = size >> HEIGHT * level
    for first in range(0, count, WIDTH):
        yield first // WIDTH, min(WIDTH, count - first)


def layout(size: int) -> Iterator[str]:
    """The names of all tiles and bundles of a log of `size` entries."""
    for index, width in widths(size, 0):
        yield bundle_name(index, width)
    for level in levels(size):
        for index, width in widths(size, level):
            yield tile_name(level, index, width)


def is_name(name: str) -> bool:
    """Whether a tile or bundle of some log could have this name: no other path, absolute or upwards."""
    return _NAME.fullmatch(name) is not None


def parse_name(name: str, size: int) -> tuple[int | None, int, int] | None:
    """Level (None: entries), index and width of the file of this name in a log of `size` entries; None for any name not in `layout(size)`."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    level, index = None if match[1] == "entries" else int(match[1]), int(re.sub("[x/]", "", match[2]))
    width = min(WIDTH, (size >> HEIGHT * (level or 0)) - index * WIDTH)
    if width < 1 or name != (bundle_name(index, width) if level is None else tile_name(level, index, width)):
        return None
    return level, index, width


def encode_entry(entry: bytes) -> bytes:
    """An entry as it stands in its bundle: length in two bytes, big-endian, then its bytes."""
    return len(entry).to_bytes(2, "big") + entry


def split_bundle(raw: bytes) -> tuple[list[bytes], bytes]:
    """The entries of a bundle, and the bytes behind the last whole one (none, if the bundle is sound)."""
    entries, at = [], 0
    while len(raw) - at >= 2:
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        if end > len(raw):
            break
        entries.append(raw[at + 2 : end])
        at = end
    return entries, raw[at:]


def split_tile(raw: bytes) -> list[Digest]:
    """The hashes of a tile; the last is short if the tile is cut."""
    return [Digest(raw[at : at + _DIGEST_SIZE]) for at in range(0, len(raw), _DIGEST_SIZE)]


class TileReader:
    """Hashes and entries of the first `size` entries of the log in a folder."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        self.size = size
        self.tile = lru_cache(maxsize=64)(self._tile)

    def _tile(self, level: int, index: int) -> Sequence[Digest]:
        """The hashes of a tile as this size has it. Raises LogDamaged if the file is missing or not of the right length."""
        width = min(WIDTH, (self.size >> HEIGHT * level) - index * WIDTH)
        name = tile_name(level, index, width)
        raw = self._read(name)
        if len(raw) != width * _DIGEST_SIZE:
            raise LogDamaged(what=name)
        return split_tile(raw)

    def bundle(self, index: int) -> list[bytes]:
        """The entries of a bundle as this size has it. Raises LogDamaged if it is missing or has not as many."""
        width = min(WIDTH, self.size - index * WIDTH)
        name = bundle_name(index, width)
        entries, rest = split_bundle(self._read(name))
        if rest or len(entries) != width:
            raise LogDamaged(what=name)
        return entries

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """The entries from number `start` to `stop` - 1. Raises LogDamaged."""
        for index in range(start // WIDTH, (min(stop, self.size) + WIDTH - 1) // WIDTH):
            first = index * WIDTH
            yield from self.bundle(index)[max(0, start - first) : stop - first]

    def node(self, height: int, index: int) -> Digest:
        """The hash of a perfect subtree: the source of hashes for proofs and roots at any size up to this one. Raises LogDamaged."""
        level, climb = divmod(height, HEIGHT)
        tile, at = divmod(index << climb, WIDTH)
        hashes = self.tile(level, tile)[at : at + (1 << climb)]
        return hashes[0] if climb == 0 else Tree.of(hashes).root()

    def _read(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise LogDamaged(what=name) from None
