"""The log on files: the same tree however it was written, and a signer that signs no other past."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.audit.log import TileLog, read_memory
from storage.audit.merkle import Tree, consistency_proof, inclusion_proof, leaf_hash, root_at, verify_consistency, verify_inclusion
from storage.audit.note import NoteSigner, open_checkpoint, sign_checkpoint
from storage.audit.tiles import bundle_name, encode_entry, layout, split_bundle, tile_name
from storage.errors import LogDamaged, LogForked, NoteForeign, TargetExists
from tests.storage.audit.conftest import EntryMaker


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("index", "width", "path"),
    [(0, 256, "000"), (7, 1, "007.p/1"), (999, 256, "999"), (1000, 256, "x001/000"), (1234067, 255, "x001/x234/067.p/255")],
)
def test_tile_paths_follow_the_specification(index: int, width: int, path: str) -> None:
    assert tile_name(3, index, width) == f"tile/3/{path}"
    assert bundle_name(index, width) == f"tile/entries/{path}"


def test_the_layout_of_70000_entries_is_that_of_the_specification() -> None:
    names = list(layout(70_000))
    assert sum(name.startswith("tile/0/") for name in names) == 274
    assert sum(name.startswith("tile/entries/") for name in names) == 274
    assert [name for name in names if ".p/" in name or name.startswith(("tile/1/", "tile/2/"))] == [
        "tile/entries/273.p/112",
        "tile/0/273.p/112",
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]


@pytest.mark.parametrize(("size", "names"), [(0, []), (256, ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"])])
def test_there_are_no_empty_tiles(size: int, names: list[str]) -> None:
    assert list(layout(size)) == names


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300)), st.binary(max_size=1))
def test_bundles_read_back(entries: list[bytes], rest: bytes) -> None:
    assert split_bundle(b"".join(map(encode_entry, entries)) + rest) == (entries, rest)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=4))
def test_batches_of_any_size_write_what_one_batch_writes(
    tmp_path_factory: pytest.TempPathFactory, signer: NoteSigner, entries: EntryMaker, batches: list[int]
) -> None:
    folders = [tmp_path_factory.mktemp("audit") for _ in range(2)]
    total = sum(batches)
    TileLog.create(folders[0], signer).append(entries(0, total))
    log, size = TileLog.create(folders[1], signer), 0
    for count in batches:
        log.append(entries(size, size + count))
        size += count
        if count % 2:
            log = TileLog(folders[1], signer)
    at_once, in_batches = map(_files, folders)
    assert at_once.keys() == {*layout(total), "checkpoint", "signer"}
    assert {name: in_batches.get(name) for name in at_once} == at_once
    # What else is there are partial tiles of earlier checkpoints, and none whose full tile is there.
    assert not [name for name in in_batches if ".p/" in name and name.partition(".p/")[0] in in_batches]
    assert Tree.of(map(leaf_hash, entries(0, total))).head() == log.checkpoint.head


def test_the_checkpoint_on_disk_is_the_one_returned(log: TileLog, signer: NoteSigner, entries: EntryMaker) -> None:
    returned = log.append(entries(0, 5))
    assert open_checkpoint((log.folder / "checkpoint").read_bytes(), signer.verifier) == returned == log.checkpoint
    assert read_memory(log.folder) == returned.head


def test_appending_nothing_changes_nothing(log: TileLog) -> None:
    before = _files(log.folder)
    log.append([])
    assert _files(log.folder) == before


def test_an_append_leaves_files_alone_that_it_does_not_change(log: TileLog, entries: EntryMaker) -> None:
    log.append(entries(0, 300))
    before = {name: (log.folder / name).stat().st_ino for name in layout(300)}
    log.append(entries(300, 301))
    assert {name: (log.folder / name).stat().st_ino for name in layout(300)} == before


def test_entries_read_back_from_any_to_any(log: TileLog, entries: EntryMaker) -> None:
    log.append(entries(0, 600))
    for start, stop in [(0, 600), (0, 0), (255, 257), (256, 512), (511, 600), (599, 700), (600, 700)]:
        assert list(log.reader().entries(start, stop)) == entries(start, min(stop, 600))


def test_nothing_is_read_from_a_file_that_is_not_whole(grown: TileLog) -> None:
    bundle, tile = grown.folder / bundle_name(0, 256), grown.folder / tile_name(0, 0, 256)
    for path in (bundle, tile):
        original = path.read_bytes()
        for content in (original[:-1], original + b"x", original + bytes(32), b""):
            path.write_bytes(content)
            reader = grown.reader()
            with pytest.raises(LogDamaged):
                list(reader.entries(0, 1)) if path == bundle else reader.node(0, 0)
        path.write_bytes(original)


def test_proofs_from_tiles_verify(log: TileLog, entries: EntryMaker) -> None:
    log.append(entries(0, 1000))
    node, head = log.reader().node, log.checkpoint.head
    for index in (0, 255, 256, 767, 768, 999):
        assert verify_inclusion(index, 1000, leaf_hash(entries(index, index + 1)[0]), inclusion_proof(index, 1000, node), head.root)
    for older in (1, 255, 256, 257, 512, 999, 1000):
        before = Tree.of(map(leaf_hash, entries(0, older))).head()
        assert root_at(older, node) == before.root
        assert verify_consistency(before, head, consistency_proof(older, 1000, node))


@pytest.mark.parametrize("entry", [b"", bytes(65_536)])
def test_an_entry_that_no_bundle_can_hold_is_refused_before_anything_is_written(log: TileLog, entry: bytes) -> None:
    with pytest.raises(ValueError, match="entry"):
        log.append([b"good", entry])
    assert log.append([b"good", bytes(65_535)]).head.size == 2


def test_a_log_is_begun_once(log: TileLog, signer: NoteSigner) -> None:
    with pytest.raises(TargetExists):
        TileLog.create(log.folder, signer)


def test_no_log_is_begun_where_one_lost_its_checkpoint(log: TileLog, signer: NoteSigner, entries: EntryMaker) -> None:
    memory = log.append(entries(0, 3)).head
    (log.folder / "checkpoint").unlink()
    with pytest.raises(LogDamaged):
        TileLog.create(log.folder, signer)
    assert read_memory(log.folder) == memory


def test_another_signer_does_not_take_a_log_up(log: TileLog) -> None:
    with pytest.raises(NoteForeign):
        TileLog(log.folder, NoteSigner("vankho.example/log", Ed25519PrivateKey.generate()))


@pytest.fixture
def grown(log: TileLog, entries: EntryMaker) -> Iterator[TileLog]:
    """A log of 300 entries, then of 600."""
    log.append(entries(0, 300))
    shutil.copytree(log.folder, log.folder.with_name("yesterday"))
    log.append(entries(300, 600))
    return log


def test_a_log_rolled_back_is_not_signed_on(grown: TileLog, signer: NoteSigner) -> None:
    shutil.copy(grown.folder.with_name("yesterday") / "checkpoint", grown.folder)
    with pytest.raises(LogForked):
        TileLog(grown.folder, signer)


def test_a_log_restored_under_the_memory_of_its_signer_is_not_signed_on(grown: TileLog, signer: NoteSigner) -> None:
    shutil.copy(grown.folder / "signer", grown.folder.with_name("yesterday"))
    with pytest.raises(LogForked):
        TileLog(grown.folder.with_name("yesterday"), signer)


@pytest.mark.parametrize("size", [600, 700])
def test_another_past_is_not_signed_on(grown: TileLog, signer: NoteSigner, entries: EntryMaker, tmp_path: Path, size: int) -> None:
    (tmp_path / "other").mkdir()
    other = TileLog.create(tmp_path / "other", signer)
    other.append([b"forged", *entries(1, size)])
    shutil.copy(grown.folder / "signer", other.folder)
    with pytest.raises(LogForked):
        TileLog(other.folder, signer)


def test_a_second_writer_is_found_out(grown: TileLog, signer: NoteSigner, entries: EntryMaker) -> None:
    TileLog(grown.folder, signer).append(entries(600, 610))
    with pytest.raises(LogForked):
        grown.append(entries(700, 710))


@pytest.mark.parametrize("name", ["checkpoint", "signer", "tile/entries/002.p/88", "tile/0/002.p/88", "tile/1/000.p/2"])
def test_a_log_without_a_file_it_goes_on_from_is_not_taken_up(grown: TileLog, signer: NoteSigner, name: str) -> None:
    (grown.folder / name).unlink()
    with pytest.raises(LogDamaged):
        TileLog(grown.folder, signer)


@pytest.mark.parametrize("name", ["tile/entries/002.p/88", "tile/0/002.p/88", "tile/1/000.p/2"])
@pytest.mark.parametrize("at", [0, 40, -1])
def test_a_log_with_a_changed_file_it_goes_on_from_is_not_taken_up(grown: TileLog, signer: NoteSigner, name: str, at: int) -> None:
    content = bytearray((grown.folder / name).read_bytes())
    content[at] ^= 1
    (grown.folder / name).write_bytes(content)
    with pytest.raises(LogDamaged):
        TileLog(grown.folder, signer)


@pytest.mark.parametrize("memory", [b"", b"600", b"six\nAAAA\n", b"\xff\n"])
def test_a_memory_that_cannot_be_read_is_no_memory(grown: TileLog, signer: NoteSigner, memory: bytes) -> None:
    (grown.folder / "signer").write_bytes(memory)
    with pytest.raises(LogDamaged):
        TileLog(grown.folder, signer)


def test_a_checkpoint_that_the_tiles_do_not_bear_out_is_not_signed_on(grown: TileLog, signer: NoteSigner) -> None:
    head = Tree.of([leaf_hash(b"other")] * 600).head()
    (grown.folder / "checkpoint").write_bytes(sign_checkpoint(head, signer))
    with pytest.raises(LogDamaged):
        TileLog(grown.folder, signer)
