"""Whatever is done to an exported log is found, with the first entry concerned and the kind of damage."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.audit.bundle import export, verify_bundle
from storage.audit.log import TileLog, read_memory
from storage.audit.merkle import Digest, Tree, TreeHead, leaf_hash, node_hash
from storage.audit.note import NoteSigner, sign_checkpoint
from storage.audit.tiles import bundle_name, encode_entry, layout, split_bundle, tile_name
from storage.audit.verify import Bad, Damage, Verdict, verify_log
from storage.errors import LogDamaged, TargetExists
from tests.storage.audit.conftest import EntryMaker

_SIZE = 600
_BUNDLES = {bundle_name(0, 256): 0, bundle_name(1, 256): 256, bundle_name(2, 88): 512}  # name: number of its first entry
_TILES = {  # name: (number of its first entry, entries that each of its hashes covers)
    tile_name(0, 0, 256): (0, 1),
    tile_name(0, 1, 256): (256, 1),
    tile_name(0, 2, 88): (512, 1),
    tile_name(1, 0, 2): (0, 256),
}
_FILES = {*_BUNDLES, *_TILES, "checkpoint", "keys.pub"}


def _head(entries: list[bytes]) -> TreeHead:
    return Tree.of(map(leaf_hash, entries)).head()


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory, signer: NoteSigner, entries: EntryMaker) -> Path:
    log = TileLog.create(tmp_path_factory.mktemp("audit"), signer)
    log.append(entries(0, 300))
    log.append(entries(300, _SIZE))
    target = tmp_path_factory.mktemp("out") / "bundle"
    export(log, target)
    return target


@pytest.fixture
def bundle(pristine: Path, tmp_path: Path) -> Path:
    """A bundle of 600 entries to spoil."""
    return Path(shutil.copytree(pristine, tmp_path / "bundle"))


@pytest.fixture
def judge(bundle: Path, signer: NoteSigner) -> Callable[..., Verdict]:
    return lambda *known: verify_bundle(bundle, signer.verifier, known)


def _flip(path: Path, at: int, mask: int = 1) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= mask
    path.write_bytes(content)


def _rewrite(folder: Path, name: str, change: Callable[[list[bytes]], None]) -> None:
    entries = split_bundle((folder / name).read_bytes())[0]
    change(entries)
    (folder / name).write_bytes(b"".join(map(encode_entry, entries)))


def test_an_untouched_bundle_verifies(bundle: Path, judge: Callable[..., Verdict], signer: NoteSigner, entries: EntryMaker) -> None:
    assert judge() == Verdict(_head(entries(0, _SIZE)), None)
    assert judge().ok
    assert verify_bundle(bundle).ok
    assert judge(*(_head(entries(0, size)) for size in (0, 1, 256, 599, 600))).ok
    assert {*layout(_SIZE), "checkpoint", "keys.pub"} == _FILES
    assert {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()} == _FILES


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257])
def test_untouched_logs_of_other_sizes_verify(log: TileLog, entries: EntryMaker, tmp_path: Path, size: int) -> None:
    log.append(entries(0, size))
    export(log, tmp_path / "out")
    assert verify_bundle(tmp_path / "out", log.verifier) == Verdict(_head(entries(0, size)), None)
    assert verify_log(log.folder, log.verifier, [read_memory(log.folder)]).ok


@pytest.mark.parametrize("name", _BUNDLES)
def test_a_flipped_byte_in_an_entry_names_this_entry(bundle: Path, judge: Callable[..., Verdict], name: str) -> None:
    original = (bundle / name).read_bytes()
    sizes = [2 + len(entry) for entry in split_bundle(original)[0]]
    for number in (0, 1, len(sizes) // 2, len(sizes) - 1):
        start = sum(sizes[:number])
        for at in (start, start + 1, start + 2, start + sizes[number] // 2, start + sizes[number] - 1):
            (bundle / name).write_bytes(original)
            _flip(bundle / name, at)
            verdict = judge()
            # A changed length makes the entry another one, or lets it run past the end of its bundle.
            kinds = {Damage.ENTRY_CHANGED, Damage.UNREADABLE} if at < start + 2 else {Damage.ENTRY_CHANGED}
            assert verdict.first_bad is not None
            assert verdict.first_bad.seq == _BUNDLES[name] + number
            assert verdict.first_bad.kind in kinds


@pytest.mark.parametrize("name", _TILES)
def test_a_flipped_byte_in_a_tile_names_the_first_entry_of_its_hash(bundle: Path, judge: Callable[..., Verdict], name: str) -> None:
    original = (bundle / name).read_bytes()
    first, span = _TILES[name]
    for at in (0, 31, 32, len(original) // 2, len(original) - 1):
        (bundle / name).write_bytes(original)
        _flip(bundle / name, at, 0x80)
        assert judge().first_bad == Bad(first + at // 32 * span, Damage.TILE_CHANGED)


def test_every_flipped_byte_of_the_checkpoint_is_found(bundle: Path, judge: Callable[..., Verdict]) -> None:
    original = (bundle / "checkpoint").read_bytes()
    text, signature = len(original.rpartition(b"\n\n")[0]), len(original.rpartition(b" ")[0])
    seen = set()
    for at in range(len(original)):
        (bundle / "checkpoint").write_bytes(original)
        _flip(bundle / "checkpoint", at)
        verdict = judge()
        assert verdict.head is None
        assert verdict.first_bad is not None
        assert verdict.first_bad.seq is None
        if at < text and original[at : at + 1] != b"\n":
            assert verdict.first_bad.kind is Damage.CHECKPOINT_SIGNATURE
        if text + len("\n\n— ".encode()) <= at < signature:
            assert verdict.first_bad.kind is Damage.FOREIGN_KEY
        seen.add(verdict.first_bad.kind)
    assert seen == {Damage.CHECKPOINT_SIGNATURE, Damage.FOREIGN_KEY, Damage.UNREADABLE}


def test_every_flipped_byte_of_the_keys_is_found(bundle: Path, judge: Callable[..., Verdict]) -> None:
    original = (bundle / "keys.pub").read_bytes()
    for at in range(len(original)):
        (bundle / "keys.pub").write_bytes(original)
        _flip(bundle / "keys.pub", at)
        assert judge().first_bad == Bad(None, Damage.KEYS_DAMAGED)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_flipped_bit_anywhere_goes_unnoticed(pristine: Path, signer: NoteSigner, data: st.DataObject) -> None:
    path = pristine / data.draw(st.sampled_from(sorted(_FILES)))
    original = path.read_bytes()
    try:
        _flip(path, data.draw(st.integers(0, len(original) - 1)), 1 << data.draw(st.integers(0, 7)))
        assert not verify_bundle(pristine, signer.verifier).ok
    finally:
        path.write_bytes(original)


@pytest.mark.parametrize("name", sorted(_FILES))
def test_a_deleted_file_is_named(bundle: Path, judge: Callable[..., Verdict], name: str) -> None:
    (bundle / name).unlink()
    if name in _BUNDLES:
        expected = Bad(_BUNDLES[name], Damage.ENTRY_MISSING)
    elif name in _TILES:
        expected = Bad(_TILES[name][0], Damage.TILE_MISSING)
    else:
        expected = Bad(None, Damage.UNREADABLE if name == "checkpoint" else Damage.KEYS_DAMAGED)
    assert judge().first_bad == expected


@pytest.mark.parametrize("name", _BUNDLES)
def test_a_bundle_cut_short_names_the_first_entry_that_is_gone(bundle: Path, judge: Callable[..., Verdict], name: str) -> None:
    original = (bundle / name).read_bytes()
    sizes = [2 + len(entry) for entry in split_bundle(original)[0]]
    for number in (0, 1, len(sizes) - 1):
        (bundle / name).write_bytes(original[: sum(sizes[:number])])
        assert judge().first_bad == Bad(_BUNDLES[name] + number, Damage.ENTRY_MISSING)
        (bundle / name).write_bytes(original[: sum(sizes[: number + 1]) - 1])
        assert judge().first_bad == Bad(_BUNDLES[name] + number, Damage.UNREADABLE)


@pytest.mark.parametrize("name", _TILES)
def test_a_tile_cut_short_or_lengthened_is_found(bundle: Path, judge: Callable[..., Verdict], name: str) -> None:
    original = (bundle / name).read_bytes()
    first, span = _TILES[name]
    for cut in (0, 1, 32, len(original) - 1):
        (bundle / name).write_bytes(original[:cut])
        assert judge().first_bad == Bad(first + cut // 32 * span, Damage.TILE_CHANGED)
    for more in (b"x", bytes(32)):
        (bundle / name).write_bytes(original + more)
        assert judge().first_bad == Bad(first + (len(original) // 32 - 1) * span, Damage.TILE_CHANGED)


@pytest.mark.parametrize("name", ["checkpoint", "keys.pub"])
def test_a_checkpoint_or_key_list_cut_short_or_lengthened_is_found(bundle: Path, judge: Callable[..., Verdict], name: str) -> None:
    original = (bundle / name).read_bytes()
    for content in (b"", original[:-1], original[: len(original) // 2], original + b"x", original + b"\n"):
        (bundle / name).write_bytes(content)
        assert judge().first_bad == Bad(None, Damage.UNREADABLE if name == "checkpoint" else Damage.KEYS_DAMAGED)


def test_swapped_entries_are_named(bundle: Path, judge: Callable[..., Verdict]) -> None:
    def swap(entries: list[bytes]) -> None:
        entries[10], entries[11] = entries[11], entries[10]

    _rewrite(bundle, bundle_name(1, 256), swap)
    assert judge().first_bad == Bad(266, Damage.ENTRY_CHANGED)


def test_swapped_bundles_are_named(bundle: Path, judge: Callable[..., Verdict]) -> None:
    one, other = (bundle / bundle_name(index, 256) for index in (0, 1))
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    assert judge().first_bad == Bad(0, Damage.ENTRY_CHANGED)


def test_a_removed_entry_is_named(bundle: Path, judge: Callable[..., Verdict]) -> None:
    _rewrite(bundle, bundle_name(1, 256), lambda entries: entries.pop(20) and None)
    assert judge().first_bad == Bad(276, Damage.ENTRY_CHANGED)


def test_a_dropped_last_entry_is_named(bundle: Path, judge: Callable[..., Verdict]) -> None:
    _rewrite(bundle, bundle_name(2, 88), lambda entries: entries.pop() and None)
    assert judge().first_bad == Bad(599, Damage.ENTRY_MISSING)
    tile = bundle / tile_name(0, 2, 88)
    tile.write_bytes(tile.read_bytes()[:-32])
    assert judge().first_bad == Bad(599, Damage.ENTRY_MISSING)


def test_an_inserted_entry_is_named(bundle: Path, judge: Callable[..., Verdict], entries: EntryMaker) -> None:
    _rewrite(bundle, bundle_name(1, 256), lambda kept: kept.insert(20, entries(700, 701)[0]))
    assert judge().first_bad == Bad(276, Damage.ENTRY_CHANGED)


def test_an_added_entry_is_named(bundle: Path, judge: Callable[..., Verdict], entries: EntryMaker) -> None:
    _rewrite(bundle, bundle_name(2, 88), lambda kept: kept.extend(entries(600, 601)))
    assert judge().first_bad == Bad(600, Damage.SURPLUS)
    tile = bundle / tile_name(0, 2, 88)
    tile.write_bytes(tile.read_bytes() + leaf_hash(entries(600, 601)[0]))
    assert judge().first_bad == Bad(600, Damage.SURPLUS)


@pytest.mark.parametrize("name", ["tile/entries/003", "tile/2/000.p/1", "tile/0/000.p/5", "tile/notes.txt"])
def test_a_file_too_many_is_found(bundle: Path, judge: Callable[..., Verdict], name: str) -> None:
    (bundle / name).parent.mkdir(parents=True, exist_ok=True)
    (bundle / name).write_bytes(b"x")
    assert judge().first_bad == Bad(None, Damage.SURPLUS)


def test_an_entry_and_its_hash_changed_together_contradict_the_signed_root(
    bundle: Path, judge: Callable[..., Verdict], entries: EntryMaker
) -> None:
    _forge(bundle, 400)
    # The tile above still tells which tile was changed; older heads tell what is still sound.
    assert judge().first_bad == Bad(256, Damage.CHECKPOINT_ROOT)
    assert judge(_head(entries(0, 300))).first_bad == Bad(300, Damage.CHECKPOINT_ROOT)
    _forge_above(bundle)
    assert judge().first_bad == Bad(0, Damage.CHECKPOINT_ROOT)
    assert judge(*(_head(entries(0, size)) for size in (100, 399, 401, 600))).first_bad == Bad(399, Damage.CHECKPOINT_ROOT)


def test_a_log_rewritten_by_the_holder_of_its_key_contradicts_older_heads(
    bundle: Path, judge: Callable[..., Verdict], signer: NoteSigner, entries: EntryMaker
) -> None:
    _forge(bundle, 400)
    _forge_above(bundle)
    forged = [*entries(0, 400), _forged(entries(400, 401)[0]), *entries(401, _SIZE)]
    (bundle / "checkpoint").write_bytes(sign_checkpoint(_head(forged), signer))
    assert judge().ok
    assert judge(*(_head(entries(0, size)) for size in (100, 399, 401, 600))).first_bad == Bad(399, Damage.FORKED)
    assert judge(_head(entries(0, 401))).first_bad == Bad(0, Damage.FORKED)
    assert judge(_head(forged), _head(entries(0, _SIZE)), _head(entries(0, 300))).first_bad == Bad(300, Damage.FORKED)


def test_a_log_rolled_back_misses_entries_that_an_older_head_knows(log: TileLog, entries: EntryMaker, tmp_path: Path) -> None:
    log.append(entries(0, 300))
    export(log, tmp_path / "out")
    assert verify_bundle(tmp_path / "out", log.verifier, [_head(entries(0, 301))]).first_bad == Bad(300, Damage.ENTRY_MISSING)


def test_the_first_of_two_damages_is_named(bundle: Path, judge: Callable[..., Verdict]) -> None:
    _flip(bundle / bundle_name(2, 88), 500)
    _flip(bundle / tile_name(0, 1, 256), 32 * 5)
    assert judge().first_bad == Bad(261, Damage.TILE_CHANGED)
    _flip(bundle / bundle_name(0, 256), 2)
    assert judge().first_bad == Bad(0, Damage.ENTRY_CHANGED)


def test_what_is_damaged_behind_a_lost_tile_and_bundle_does_not_hide_them(bundle: Path, judge: Callable[..., Verdict]) -> None:
    (bundle / bundle_name(1, 256)).unlink()
    (bundle / tile_name(0, 1, 256)).unlink()
    _flip(bundle / bundle_name(2, 88), 500)
    assert judge().first_bad == Bad(256, Damage.ENTRY_MISSING)


def test_an_entry_that_is_no_audit_entry_is_named(log: TileLog, entries: EntryMaker) -> None:
    log.append([*entries(0, 3), b'{"v":1}', *entries(4, 5)])
    assert verify_log(log.folder, log.verifier).first_bad == Bad(3, Damage.UNREADABLE)


def test_a_foreign_key_is_found(bundle: Path, judge: Callable[..., Verdict], signer: NoteSigner, entries: EntryMaker) -> None:
    stranger = NoteSigner(signer.verifier.name, Ed25519PrivateKey.generate())
    assert verify_bundle(bundle, stranger.verifier).first_bad == Bad(None, Damage.FOREIGN_KEY)
    keys = (bundle / "keys.pub").read_text()
    (bundle / "keys.pub").write_text(f"{stranger.verifier}\n")
    assert judge().first_bad == Bad(None, Damage.FOREIGN_KEY)
    (bundle / "keys.pub").write_text(keys)
    (bundle / "checkpoint").write_bytes(sign_checkpoint(_head(entries(0, _SIZE)), stranger))
    assert judge().first_bad == Bad(None, Damage.FOREIGN_KEY)
    # Signed and keyed anew by a stranger it is sound in itself: only a key that came another way tells.
    (bundle / "keys.pub").write_text(f"{stranger.verifier}\n")
    assert judge().first_bad == Bad(None, Damage.FOREIGN_KEY)
    assert verify_bundle(bundle).ok


def test_export_writes_into_an_empty_folder_and_no_other(log: TileLog, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    export(log, tmp_path / "empty")
    assert verify_bundle(tmp_path / "empty", log.verifier).ok
    (tmp_path / "file").write_bytes(b"")
    for taken in ("empty", "file"):
        with pytest.raises(TargetExists):
            export(log, tmp_path / taken)


def test_export_of_a_log_that_lost_a_file_says_so(log: TileLog, entries: EntryMaker, tmp_path: Path) -> None:
    log.append(entries(0, 3))
    (log.folder / bundle_name(0, 3)).unlink()
    with pytest.raises(LogDamaged):
        export(log, tmp_path / "out")
    assert not verify_bundle(tmp_path / "out", log.verifier).ok


def _forged(entry: bytes) -> bytes:
    return entry.replace(b'"done"', b'"denied"')


def _forge(folder: Path, number: int) -> None:
    """Change entry `number`, of the second bundle, and its hash."""
    at = number - 256

    def change(entries: list[bytes]) -> None:
        entries[at] = _forged(entries[at])

    _rewrite(folder, bundle_name(1, 256), change)
    hashes = map(leaf_hash, split_bundle((folder / bundle_name(1, 256)).read_bytes())[0])
    (folder / tile_name(0, 1, 256)).write_bytes(b"".join(hashes))


def _forge_above(folder: Path) -> None:
    """Make the tile of level 1 fit what lies below."""
    roots = []
    for index in (0, 1):
        raw = (folder / tile_name(0, index, 256)).read_bytes()
        nodes = [Digest(raw[at : at + 32]) for at in range(0, len(raw), 32)]
        while len(nodes) > 1:
            nodes = [node_hash(left, right) for left, right in zip(nodes[::2], nodes[1::2], strict=True)]
        roots += nodes
    (folder / tile_name(1, 0, 2)).write_bytes(b"".join(roots))
