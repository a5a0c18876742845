"""What the folder store promises beside what every store does: rights, temporary files, and every step that fails in turn."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blobs import DOCUMENT, RECIPIENTS, files, header_of, new_id, payload_of, put, read

from storage.errors import FixityError, StoreFailed, StoreFull, VankhoError
from storage.failpoints import arm, disarm
from storage.vault.blob import Stored
from storage.vault.folder import FolderStore

DOCS = Path(__file__).parents[3] / "docs" / "write-order.md"


@pytest.fixture(autouse=True)
def _always_disarmed() -> Iterator[None]:
    yield
    disarm()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> FolderStore:
    return FolderStore(root)


# What lies on the disk


def test_only_the_owner_may_read_the_files(store: FolderStore, root: Path) -> None:
    before = os.umask(0)
    try:
        put(store)
    finally:
        os.umask(before)
    for path in [root, *root.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_no_clear_text_lies_anywhere(store: FolderStore, root: Path) -> None:
    canary = "Văn bản tối mật canary-7f3a".encode()
    put(store, canary * 10_000)
    with store.draft(new_id(), RECIPIENTS) as draft:
        draft.write(canary * 10_000)
        names_and_bytes = b"".join(name.encode() + raw for name, raw in files(root).items())
    assert len(names_and_bytes) > 2 * 10_000 * len(canary) - 200_000
    assert canary not in names_and_bytes


def test_a_draft_that_is_left_leaves_no_temporary_file(store: FolderStore, root: Path) -> None:
    with store.draft(new_id(), RECIPIENTS) as draft:
        draft.write(DOCUMENT)
        assert files(root)
    assert not files(root)


@pytest.mark.parametrize("plant", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path.with_name("outside"))], ids=["folder", "pipe", "link"])
def test_what_is_no_plain_file_is_neither_followed_nor_waited_for(store: FolderStore, root: Path, plant: Callable[[Path], None]) -> None:
    stored = put(store)
    for path in (header_of(root, stored.id), payload_of(root, stored.id)):
        path.rename(path.with_name("outside"))
        plant(path)
    for act in (
        lambda: store.read_header(stored.id, 1),
        lambda: store.open(stored.id, b"k" * 16).__enter__(),
        lambda: store.verify(stored.id, 1, stored.header_sha256, stored.payload_sha256),
    ):
        with pytest.raises(FixityError):
            act()
    assert list(store.walk()) == []


# Removal


def test_removal_takes_along_the_copies_that_a_crash_left(store: FolderStore, root: Path) -> None:
    stored = put(store)
    copy = header_of(root, stored.id).with_name(f".{stored.id}.1.{'0' * 16}.part")
    of_second = copy.with_name(f".{stored.id}.2.{'1' * 16}.part")
    copy.write_bytes(b"header")
    of_second.write_bytes(b"header")
    store.remove_header(stored.id, 1)
    assert (copy.exists(), of_second.exists()) == (False, True)
    store.remove(stored.id)
    assert not files(root)


# Found in the store


def test_only_old_temporaries_are_swept(store: FolderStore, root: Path) -> None:
    stored = put(store)
    old, new = (payload_of(root, stored.id).with_name(f".{stored.id}.{digit * 16}.part") for digit in "ab")
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (old.stat().st_mtime - 100,) * 2)
    assert store.sweep_temporaries(older_than=50) == 1
    assert (old.exists(), new.exists()) == (False, True)
    assert store.sweep_temporaries(older_than=0) == 1
    assert read(store, stored.id) == DOCUMENT


def test_a_draft_that_was_swept_fails_when_it_is_published(store: FolderStore, root: Path) -> None:
    with store.draft(new_id(), RECIPIENTS) as draft:
        draft.write(DOCUMENT)
        assert store.sweep_temporaries(older_than=0) == 1
        with pytest.raises(FileNotFoundError):
            draft.publish()
    assert not files(root)


# Every step fails in turn


def points_of(act: str, tmp_path: Path) -> tuple[str, ...]:
    store = FolderStore(tmp_path / f"count-{act}")
    stored = None if act == "put" else put(store)
    arm("count")
    perform(act, store, stored)
    return disarm()


def perform(act: str, store: FolderStore, stored: Stored | None) -> None:
    if stored is None:
        put(store)
    elif act == "add_header":
        store.add_header(stored.id, 2, b"second")
    elif act == "remove_header":
        store.remove_header(stored.id, 1)
    else:
        store.remove(stored.id)


@pytest.mark.parametrize(("fault", "error"), [("eio", StoreFailed), ("enospc", StoreFull)])
@pytest.mark.parametrize("act", ["add_header", "remove_header", "remove"])
def test_a_change_that_fails_at_any_step_is_done_by_doing_it_again(tmp_path: Path, act: str, fault: str, error: type[VankhoError]) -> None:
    for number in range(1, len(points_of(act, tmp_path)) + 1):
        root = tmp_path / f"{act}-{number}"
        store = FolderStore(root)
        stored = put(store)
        arm(f"{fault}@{number}")
        with pytest.raises(error):
            perform(act, store, stored)
        disarm()
        if act == "add_header":
            assert [found.header_versions for found in store.walk()] == [(1,)], number
        perform(act, store, stored)
        expected = {"add_header": [(1, 2)], "remove_header": [()], "remove": []}[act]
        assert [found.header_versions for found in store.walk()] == expected
        assert store.sweep_temporaries(0) == 0


def test_a_disk_that_gives_back_other_bytes_is_found_before_the_answer(root: Path) -> None:
    store = FolderStore(root)
    with store.draft(new_id(), RECIPIENTS) as draft:
        draft.write(DOCUMENT)
        (temporary,) = root.glob("payloads/*/.*.part")
        flip_in_place(temporary, 1_000)
        with pytest.raises(FixityError):
            draft.publish()
    assert not files(root)


def flip_in_place(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


def test_the_documented_steps_are_the_steps_taken(tmp_path: Path) -> None:
    text = DOCS.read_text()
    taken = {act: list(dict.fromkeys(points_of(act, tmp_path))) for act in ("put", "add_header", "remove_header", "remove")}
    for name in (name for names in taken.values() for name in names):
        assert f"`{name}`" in text, name
    places = [text.index(f"`{name}`") for name in taken["put"] if name.startswith("store.")]
    assert len(places) == 15
    assert places == sorted(places)
