"""The judge of a log: whether entries, tiles, checkpoint and older heads agree, and if not, the first entry concerned and what was done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from storage.audit.leaf import Leaf
from storage.audit.log import CHECKPOINT
from storage.audit.merkle import Digest, Tree, TreeHead, leaf_hash
from storage.audit.note import VerifierKey, open_checkpoint
from storage.audit.tiles import HEIGHT, WIDTH, bundle_name, levels, split_bundle, split_tile, tile_name, widths
from storage.errors import InvalidInput, NoteDamaged, NoteForeign, NoteForged

__all__ = ["Bad", "Damage", "Verdict", "verify_log"]


class Damage(StrEnum):
    """What was found. Where nothing is said of the entries, there is no number with it."""

    CHECKPOINT_ROOT = "CHECKPOINT_ROOT"  # entries and tiles agree, but were not signed so: no entry from this one on is vouched for
    CHECKPOINT_SIGNATURE = "CHECKPOINT_SIGNATURE"  # the checkpoint or its signature was changed
    ENTRY_CHANGED = "ENTRY_CHANGED"
    ENTRY_MISSING = "ENTRY_MISSING"  # its bundle is gone or ends before it, or an older head knows more entries than this log has
    FOREIGN_KEY = "FOREIGN_KEY"  # signed by another key than the one asked for
    FORKED = "FORKED"  # signed, but no continuation of an older head: rewritten from this entry on, by who holds the key
    KEYS_DAMAGED = "KEYS_DAMAGED"  # the bundle's list of keys is missing or changed
    SURPLUS = "SURPLUS"  # bytes or files that the checkpoint does not cover
    TILE_CHANGED = "TILE_CHANGED"
    TILE_MISSING = "TILE_MISSING"
    UNREADABLE = "UNREADABLE"  # no checkpoint, or an entry that runs past the end of its bundle or is no audit entry


@dataclass(frozen=True, slots=True)
class Bad:
    """The first finding: the number of the entry (from 0; of a tile, the first entry that the changed hash covers), and the kind."""

    seq: int | None
    kind: Damage


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement on a log; size and root as signed, None where no signature stands for them."""

    head: TreeHead | None
    first_bad: Bad | None

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return self.first_bad is None


def verify_log(folder: Path, key: VerifierKey, known: Iterable[TreeHead] = ()) -> Verdict:
    """Judge the log in `folder` from its files alone.

    known: heads of this log remembered from earlier (older checkpoints, the signer's memory), in any order.
    Raises OSError if the disk does not give out what is there.
    """
    try:
        head = open_checkpoint((folder / CHECKPOINT).read_bytes(), key).head
    except (FileNotFoundError, NoteDamaged):
        return Verdict(None, Bad(None, Damage.UNREADABLE))
    except NoteForeign:
        return Verdict(None, Bad(None, Damage.FOREIGN_KEY))
    except NoteForged:
        return Verdict(None, Bad(None, Damage.CHECKPOINT_SIGNATURE))
    return Verdict(head, _Hearing(folder, head, known).first_bad())


class _Hearing:
    """One pass over the log. Where entries and tile contradict each other, the tree above decides which of them is believed and goes on into the
    recomputed tree, so that one damage does not hide the state of the rest."""

    def __init__(self, folder: Path, head: TreeHead, known: Iterable[TreeHead]) -> None:
        self._folder = folder
        self._head = head
        self._known = [older for older in known if older.size]
        self._roots: dict[int, Digest | None] = {older.size: None for older in self._known}  # recomputed
        self._tree = Tree()
        self._upper: list[list[Digest]] = [[] for _ in levels(head.size)]  # recomputed hashes of the tiles above level 0
        self._found: list[Bad] = []

    def first_bad(self) -> Bad | None:
        for index, width in widths(self._head.size, 0):
            believed = self._hear(index, width)
            if believed is None:
                break
            self._grow(believed)
        above = list(self._compare_upper())
        is_whole = self._tree.size == self._head.size
        if is_whole and self._tree.root() != self._head.root and not self._found:
            return self._unsigned(above)
        return min([*self._found, *above, *self._contradicted(is_whole)], key=_seq, default=None)

    def _hear(self, index: int, width: int) -> Sequence[Digest] | None:
        """Set a bundle against its tile; returns the leaf hashes to believe, or None if neither file is whole."""
        entries, rest = split_bundle(_read(self._folder / bundle_name(index, width)) or b"")
        hashes = [leaf_hash(entry) for entry in entries]
        tile = self._tile(0, index, width)
        has_entries = len(hashes) == width and not rest
        has_tile = tile is not None and len(tile) == width
        if has_entries and hashes == tile:
            self._find_strangers(entries, index)
            return hashes
        same = min(_agreement(hashes, tile or []), width)
        if has_entries and (not has_tile or (self._vouches(index, hashes) and not self._vouches(index, tile or []))):
            self._found.append(Bad(index * WIDTH + min(same, width - 1), Damage.TILE_MISSING if tile is None else Damage.TILE_CHANGED))
            return hashes
        self._found.append(Bad(index * WIDTH + same, _entry_damage(same, len(hashes), width, rest)))
        return tile if has_tile else None

    def _find_strangers(self, entries: Sequence[bytes], index: int) -> None:
        for at, entry in enumerate(entries):
            try:
                Leaf.parse(entry)
            except InvalidInput:
                self._found.append(Bad(index * WIDTH + at, Damage.UNREADABLE))

    def _vouches(self, index: int, hashes: Sequence[Digest]) -> bool:
        """Whether the tree above holds these hashes of a tile of level 0: its parent tile, or for the last one the signed root."""
        if len(hashes) < WIDTH:
            tree = self._tree.copy()
            for digest in hashes:
                tree.append(digest)
            return tree.head() == self._head
        parent, at = divmod(index, WIDTH)
        tile = self._tile(1, parent, min(WIDTH, (self._head.size >> HEIGHT) - parent * WIDTH))
        return tile is not None and at < len(tile) and tile[at] == Tree.of(hashes).root()

    def _grow(self, leaves: Sequence[Digest]) -> None:
        for leaf in leaves:
            completed = self._tree.append(leaf)
            for level, digest in enumerate(completed[::HEIGHT]):
                if level:
                    self._upper[level].append(digest)
            if self._tree.size in self._roots:
                self._roots[self._tree.size] = self._tree.root()

    def _compare_upper(self) -> Iterator[Bad]:
        """The tiles above level 0 that are not what the entries make them."""
        for level in levels(self._head.size)[1:]:
            for index, width in widths(self._head.size, level):
                wanted = self._upper[level][index * WIDTH : index * WIDTH + width]
                tile = self._tile(level, index, width)
                if tile is None:
                    yield Bad(index * WIDTH << HEIGHT * level, Damage.TILE_MISSING)
                elif tile[: len(wanted)] != wanted or len(tile) != width:
                    at = min(_agreement(wanted, tile), width - 1)
                    yield Bad(index * WIDTH + at << HEIGHT * level, Damage.TILE_CHANGED)

    def _unsigned(self, above: Iterable[Bad]) -> Bad:
        """Entries and their hashes agree, but not with the signed root: the first entry that neither an older head nor a tile above vouches for."""
        # The lowest tiles come first, and tell more than those over them, each of whose hashes covers 256 times as many entries.
        contradicted = next((_seq(bad) for bad in above if bad.kind is Damage.TILE_CHANGED), 0)
        return Bad(max(contradicted, *self._agreeing(), 0), Damage.CHECKPOINT_ROOT)

    def _contradicted(self, is_whole: bool) -> Iterator[Bad]:
        """What older heads know otherwise, once the log is as it was signed."""
        denied = [older.size for older in self._known if self._roots[older.size] not in (None, older.root)]
        if is_whole and denied:
            yield Bad(max((size for size in self._agreeing() if size < min(denied)), default=0), Damage.FORKED)
        if any(older.size > self._head.size for older in self._known):
            yield Bad(self._head.size, Damage.ENTRY_MISSING)

    def _agreeing(self) -> list[int]:
        """Sizes at which an older head and the recomputed tree have the same root."""
        return [older.size for older in self._known if self._roots[older.size] == older.root]

    def _tile(self, level: int, index: int, width: int) -> list[Digest] | None:
        """The hashes in a tile's file, however many; None if it is missing."""
        raw = _read(self._folder / tile_name(level, index, width))
        return None if raw is None else split_tile(raw)


def _entry_damage(at: int, count: int, width: int, rest: bytes) -> Damage:
    """What happened to a bundle whose entries agree with the tile up to number `at`."""
    if at == width:
        return Damage.SURPLUS
    if at < count:
        return Damage.ENTRY_CHANGED
    return Damage.UNREADABLE if rest else Damage.ENTRY_MISSING


def _agreement(left: Sequence[Digest], right: Sequence[Digest]) -> int:
    """How many hashes agree before the first that does not, or that only one side has."""
    for at, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return at
    return min(len(left), len(right))


def _seq(bad: Bad) -> int:
    return -1 if bad.seq is None else bad.seq


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
