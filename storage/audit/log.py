"""The log on its folder: entries appended durably, a checkpoint signed over them, and the signer's own memory of what it signed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from storage.audit.merkle import Digest, Tree, TreeHead, leaf_hash, root_at
from storage.audit.note import Checkpoint, NoteSigner, VerifierKey, decode_digest, encode_digest, open_checkpoint, sign_checkpoint
from storage.audit.tiles import ENTRY_LIMIT, HEIGHT, WIDTH, TileReader, bundle_name, encode_entry, levels, tile_name
from storage.durable import sync_folder
from storage.errors import LogDamaged, LogForked, NoteDamaged, TargetExists
from storage.failpoints import failpoint

__all__ = ["CHECKPOINT", "SIGNER", "TileLog", "read_memory"]

CHECKPOINT = "checkpoint"
SIGNER = "signer"

_PARTIAL = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})\.p")
_DRAFT = ".new"  # one name for every file being written, so that a crash leaves one draft a folder, and the next write takes it


class TileLog:
    """The one writer of a log; not for use by two threads at once.

    What the log holds is what its checkpoint says. A batch is written in this order, each step repeatable after a crash:
    1 entry bundles and 2 tiles (draft, fsync, rename), 3 their folders, 4 the checkpoint, 5 the signer's memory, 6 partial tiles that a full one
    replaces are removed. Files beyond the checkpoint's size are of no account and are written anew.
    The memory follows the checkpoint, so that a checkpoint older than the memory is never the work of a crash.
    """

    def __init__(self, folder: Path, signer: NoteSigner) -> None:
        """Open the log in `folder`.

        Raises LogDamaged if a file that it goes on from is missing or does not fit the checkpoint; LogForked if the checkpoint is not a
        continuation of the signer's memory; NoteDamaged, NoteForeign or NoteForged if the checkpoint is not this signer's.
        """
        self._folder = folder
        self._signer = signer
        self.checkpoint = open_checkpoint(_read(folder, CHECKPOINT), signer.verifier)
        reader, signed = self.reader(), read_memory(folder)
        if signed.size > reader.size:
            raise LogForked(signed=signed.size, found=reader.size)
        self._edge: _Edge | None = _edge(reader)
        if self._edge.tree.root() != self.checkpoint.head.root:
            raise LogDamaged(what=CHECKPOINT)
        if root_at(signed.size, reader.node) != signed.root:
            raise LogForked(signed=signed.size, found=reader.size)
        if signed != self.checkpoint.head:
            self._remember(self.checkpoint.head)
        self._drop_superseded(folder.glob("tile/**/*.p"))

    @classmethod
    def create(cls, folder: Path, signer: NoteSigner) -> TileLog:
        """Begin an empty log in `folder`, which exists.

        Raises TargetExists if a log is there, LogDamaged if one was there that lost its checkpoint.
        """
        if (folder / CHECKPOINT).exists():
            raise TargetExists(path=CHECKPOINT)
        if (folder / SIGNER).exists() and read_memory(folder).size:
            raise LogDamaged(what=CHECKPOINT)
        # The memory first: a log without one was tampered with, whatever its size.
        head = Tree().head()
        _put(folder / SIGNER, _memory(head), "audit.5 signer's memory")
        sync_folder(folder)
        _put(folder / CHECKPOINT, sign_checkpoint(head, signer), "audit.4 checkpoint")
        sync_folder(folder)
        return cls(folder, signer)

    @property
    def verifier(self) -> VerifierKey:
        """The key that this log's checkpoints are checked with."""
        return self._signer.verifier

    @property
    def folder(self) -> Path:
        """Where the log lies."""
        return self._folder

    def reader(self) -> TileReader:
        """Hashes and entries as the checkpoint stands now."""
        return TileReader(self._folder, self.checkpoint.head.size)

    def append(self, entries: Sequence[bytes]) -> Checkpoint:
        """Append entries of 1 to 65,535 bytes; they and the checkpoint over them are durable when this returns.

        Raises LogForked if another writer signed meanwhile, and OSError as the disk does. After an OSError nobody knows how far the write came:
        this object takes no more, and the log opened anew shows what stands.
        """
        if not all(0 < len(entry) <= ENTRY_LIMIT for entry in entries):
            raise ValueError(f"an entry has 1 to {ENTRY_LIMIT} bytes")
        if not entries:
            return self.checkpoint
        if self._edge is None:
            raise RuntimeError("an earlier write failed: open the log anew")
        if (signed := read_memory(self._folder)) != self.checkpoint.head:
            raise LogForked(signed=signed.size, found=self.checkpoint.head.size)
        edge, self._edge = self._edge, None
        bundles, tiles = edge.grow(entries)
        self._write(bundles, tiles)
        head = edge.tree.head()
        _put(self._folder / CHECKPOINT, sign_checkpoint(head, self._signer), "audit.4 checkpoint")
        sync_folder(self._folder)
        self.checkpoint = Checkpoint(self.verifier.name, head)
        self._remember(head)
        full = (self._folder / name for name in (*bundles, *tiles) if ".p/" not in name)
        self._drop_superseded(file.with_name(file.name + ".p") for file in full)
        self._edge = edge
        return self.checkpoint

    def _write(self, bundles: dict[str, bytes], tiles: dict[str, bytes]) -> None:
        for step, files in (("audit.1 entry bundle", bundles), ("audit.2 tile", tiles)):
            for name, content in files.items():
                (self._folder / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _put(self._folder / name, content, step)
        failpoint("audit.3 folders")
        for parent in {parent for name in (*bundles, *tiles) for parent in PurePosixPath(name).parents}:
            sync_folder(self._folder / parent)

    def _remember(self, head: TreeHead) -> None:
        _put(self._folder / SIGNER, _memory(head), "audit.5 signer's memory")
        sync_folder(self._folder)

    def _drop_superseded(self, partials: Iterable[Path]) -> None:
        """Remove folders of partial tiles where the checkpoint covers the full one."""
        failpoint("audit.6 superseded partial tiles")
        for folder in list(partials):
            match = _PARTIAL.fullmatch(folder.relative_to(self._folder).as_posix())
            if match and folder.is_dir():
                height = HEIGHT * (0 if match[1] == "entries" else int(match[1]))
                index = int(re.sub("[x/]", "", match[2]))
                if (index + 1) * WIDTH <= self.checkpoint.head.size >> height:
                    shutil.rmtree(folder)


@dataclass(slots=True)
class _Edge:
    """The unfinished right border of the log: all that is needed to go on, however large the log is."""

    tree: Tree = field(default_factory=Tree)
    tiles: list[bytearray] = field(default_factory=list)  # per level, the hashes of the tile that is not full
    bundle: bytearray = field(default_factory=bytearray)

    def grow(self, entries: Sequence[bytes]) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """Append; returns the bundles and the tiles that differ now, by name."""
        since = self.tree.size
        bundles, tiles = {}, {}
        for entry in entries:
            self.bundle += encode_entry(entry)
            completed = self.tree.append(leaf_hash(entry))
            size = self.tree.size
            for level, digest in enumerate(completed[::HEIGHT]):
                if self._add(level, digest):
                    tiles[tile_name(level, (size >> HEIGHT * level) // WIDTH - 1, WIDTH)] = bytes(self.tiles[level])
                    self.tiles[level].clear()
            if size % WIDTH == 0:
                bundles[bundle_name(size // WIDTH - 1, WIDTH)] = bytes(self.bundle)
                self.bundle.clear()
        if size % WIDTH:
            bundles[bundle_name(size // WIDTH, size % WIDTH)] = bytes(self.bundle)
        for level, tile in enumerate(self.tiles):
            index, width = divmod(size >> HEIGHT * level, WIDTH)
            if width and since >> HEIGHT * level < size >> HEIGHT * level:
                tiles[tile_name(level, index, width)] = bytes(tile)
        return bundles, tiles

    def _add(self, level: int, digest: Digest) -> bool:
        """Put a hash into the unfinished tile of its level; whether that is full now."""
        if level == len(self.tiles):
            self.tiles.append(bytearray())
        self.tiles[level] += digest
        return len(self.tiles[level]) == WIDTH * len(digest)


def _edge(reader: TileReader) -> _Edge:
    """The border as the files have it, their entries hashed once more, since they will be written again. Raises LogDamaged."""
    edge = _Edge()
    peaks: list[Digest] = []
    for level in levels(reader.size):
        index, width = divmod(reader.size >> HEIGHT * level, WIDTH)
        hashes = reader.tile(level, index) if width else ()
        edge.tiles.append(bytearray(b"".join(hashes)))
        peaks[:0] = Tree.of(hashes).peaks
    edge.tree = Tree(reader.size, peaks)
    index, width = divmod(reader.size, WIDTH)
    if width:
        entries = reader.bundle(index)
        if list(map(leaf_hash, entries)) != list(reader.tile(0, index)):
            raise LogDamaged(what=bundle_name(index, width))
        edge.bundle += b"".join(map(encode_entry, entries))
    return edge


def read_memory(folder: Path) -> TreeHead:
    """Size and root that the signer of the log in `folder` signed last. Raises LogDamaged."""
    size, _, root = _read(folder, SIGNER).decode("ascii", "replace").removesuffix("\n").partition("\n")
    try:
        head = TreeHead(int(size), decode_digest(root))
    except (ValueError, NoteDamaged):
        raise LogDamaged(what=SIGNER) from None
    return head


def _memory(head: TreeHead) -> bytes:
    return f"{head.size}\n{encode_digest(head.root)}\n".encode()


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        raise LogDamaged(what=name) from None


def _put(path: Path, content: bytes, step: str) -> None:
    """Put a whole file in its place; the folder's own fsync is the caller's, once for many."""
    # In the same folder: a rename across folders is forbidden under the first Landlock ABI.
    draft = path.with_name(_DRAFT)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    failpoint(step)
    draft.rename(path)
