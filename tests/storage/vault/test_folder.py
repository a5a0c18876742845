"""The folder store keeps what it acknowledged bit by bit, keeps nothing else, and refuses what was changed."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.errors import BlobMissing, DamagedHeader, FixityError, NotFound, StoreFailed, StoreFull, TargetExists, VankhoError
from storage.failpoints import arm, disarm
from storage.ids import BlobId, RandomIds, SeededIds
from storage.vault.age import HybridIdentity, open_header, seal_header
from storage.vault.blob import Found, Stored
from storage.vault.folder import FolderStore

IDENTITY = HybridIdentity.generate()
RECIPIENTS = [IDENTITY.recipient(), HybridIdentity.generate().recipient()]
DOCUMENT = bytes(range(256)) * 1_000  # four chunks of the payload
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


def new_id() -> BlobId:
    return BlobId(RandomIds().new("blob"))


def apart_from(other: BlobId) -> BlobId:
    """An id whose folder is another one, so that a put passes the points at which that is made."""
    while (blob_id := new_id())[:2] == other[:2]:
        pass
    return blob_id


def put(store: FolderStore, document: bytes = DOCUMENT, blob_id: BlobId | None = None) -> Stored:
    return store.put(io.BytesIO(document), blob_id or new_id(), RECIPIENTS)


def read(store: FolderStore, blob_id: BlobId, version: int = 1) -> bytes:
    file_key = open_header(store.read_header(blob_id, version), [IDENTITY])
    with store.open(blob_id, file_key) as reader:
        return b"".join(reader.read(0, reader.size))


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def payload_of(root: Path, blob_id: BlobId) -> Path:
    return root / "payloads" / blob_id[:2] / blob_id


def header_of(root: Path, blob_id: BlobId, version: int = 1) -> Path:
    return root / "headers" / blob_id[:2] / f"{blob_id}.{version}"


def flip(path: Path, offset: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[offset] ^= 1
    path.write_bytes(raw)


# What was put in


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 3_000_000])
def test_what_was_put_reads_back_bit_by_bit(store: FolderStore, size: int) -> None:
    document = os.urandom(size)
    stored = put(store, document)
    assert read(store, stored.id) == document
    assert (stored.plain_size, stored.plain_sha256) == (size, hashlib.sha256(document).digest())


def test_the_digests_are_those_of_the_files(store: FolderStore, root: Path) -> None:
    stored = put(store)
    payload, header = payload_of(root, stored.id).read_bytes(), header_of(root, stored.id).read_bytes()
    assert (stored.payload_size, stored.payload_sha256) == (len(payload), hashlib.sha256(payload).digest())
    assert (stored.header_version, stored.header_sha256) == (1, hashlib.sha256(header).digest())
    store.verify(stored.id, 1, stored.header_sha256, stored.payload_sha256)


def test_a_draft_seals_the_same_however_it_is_cut(store: FolderStore) -> None:
    blob_id = new_id()
    with store.draft(blob_id, RECIPIENTS) as draft:
        for start in range(0, len(DOCUMENT), 999):
            draft.write(DOCUMENT[start : start + 999])
        stored = draft.publish()
    assert read(store, blob_id) == DOCUMENT
    assert stored.plain_sha256 == hashlib.sha256(DOCUMENT).digest()


def test_any_range_is_read(store: FolderStore) -> None:
    stored = put(store)
    file_key = open_header(store.read_header(stored.id, 1), [IDENTITY])
    with store.open(stored.id, file_key) as reader:
        for start, length in [(0, 10), (65_530, 12), (131_072, 1), (len(DOCUMENT) - 5, 5)]:
            assert b"".join(reader.read(start, length)) == DOCUMENT[start : start + length]


def test_an_export_is_a_plain_age_file(store: FolderStore, root: Path) -> None:
    stored = put(store)
    exported = b"".join(store.export(stored.id, 1))
    assert exported.startswith(b"age-encryption.org/v1\n")
    assert exported == header_of(root, stored.id).read_bytes() + payload_of(root, stored.id).read_bytes()


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


def test_another_store_object_finds_what_was_put(store: FolderStore, root: Path) -> None:
    stored = put(store)
    again = FolderStore(root)
    assert list(again.walk()) == [Found(stored.id, (1,), stored.payload_size)]
    assert read(again, stored.id) == DOCUMENT


# What was not published


def test_a_draft_that_is_left_leaves_nothing(store: FolderStore, root: Path) -> None:
    with store.draft(new_id(), RECIPIENTS) as draft:
        draft.write(DOCUMENT)
        assert files(root)
    assert not files(root)


def test_a_source_that_fails_leaves_nothing(store: FolderStore, root: Path) -> None:
    class Torn(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if block := super().read(size):
                return block
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.put(Torn(DOCUMENT), new_id(), RECIPIENTS)
    assert not files(root)


def test_a_draft_in_the_making_is_no_blob(store: FolderStore) -> None:
    with store.draft(new_id(), RECIPIENTS) as draft:
        draft.write(DOCUMENT)
        assert list(store.walk()) == []


def test_a_draft_that_failed_can_neither_go_on_nor_be_published(store: FolderStore, root: Path) -> None:
    with store.draft(new_id(), RECIPIENTS) as draft:
        draft.write(DOCUMENT)
        arm("enospc@1")
        with pytest.raises(StoreFull):
            draft.write(DOCUMENT)
        with pytest.raises(ValueError, match="ended"):
            draft.write(b"short")
        with pytest.raises(ValueError, match="ended"):
            draft.publish()
    assert not files(root)


def test_a_published_draft_stays_whatever_is_tried_with_it(store: FolderStore) -> None:
    with pytest.raises(ValueError, match="ended"), store.draft(blob_id := new_id(), RECIPIENTS) as draft:
        draft.write(DOCUMENT)
        draft.publish()
        draft.write(DOCUMENT)
    assert read(store, blob_id) == DOCUMENT


# Names


@pytest.mark.parametrize(
    "text",
    ["", "..", "../../etc/passwd", "aa/../../x", "a" * 25, "a" * 27, "A" * 26, "a" * 25 + "b", "a" * 26 + "\n", "\0" * 26, "." + "a" * 25],
)
def test_what_is_no_id_never_reaches_the_disk(store: FolderStore, root: Path, text: str) -> None:
    wrong = BlobId(text)
    for act in (
        lambda: store.draft(wrong, RECIPIENTS),
        lambda: store.read_header(wrong, 1),
        lambda: store.open(wrong, b"k" * 16).__enter__(),
        lambda: list(store.export(wrong, 1)),
        lambda: store.verify(wrong, 1, b"", b""),
        lambda: store.add_header(wrong, 1, b"h"),
        lambda: store.remove_header(wrong, 1),
        lambda: store.remove(wrong),
    ):
        with pytest.raises(NotFound):
            act()
    assert sorted(path.name for path in root.iterdir()) == ["headers", "payloads"]
    assert not [*root.glob("*/*")]


@pytest.mark.parametrize("version", [0, -1, 10**9])
def test_a_version_counts_from_one(store: FolderStore, version: int) -> None:
    stored = put(store)
    with pytest.raises(NotFound):
        store.read_header(stored.id, version)
    with pytest.raises(NotFound):
        store.add_header(stored.id, version, b"h")


def test_every_id_of_our_sources_is_an_id(store: FolderStore) -> None:
    for source in (RandomIds(), SeededIds(b"seed")):
        for number in range(50):
            store.draft(BlobId(source.new(str(number))), RECIPIENTS)


def test_what_is_not_there_is_missing(store: FolderStore) -> None:
    absent = new_id()
    for act in (
        lambda: store.read_header(absent, 1),
        lambda: store.open(absent, b"k" * 16).__enter__(),
        lambda: list(store.export(absent, 1)),
        lambda: store.verify(absent, 1, b"", b""),
        lambda: store.add_header(absent, 2, b"h"),
    ):
        with pytest.raises(BlobMissing):
            act()


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


# Never overwritten


def test_a_taken_id_is_refused_and_stays_as_it_is(store: FolderStore, root: Path) -> None:
    stored = put(store)
    before = files(root)
    with pytest.raises(TargetExists):
        put(store, b"another", stored.id)
    assert files(root) == before


def test_of_two_writers_of_one_id_exactly_one_wins(store: FolderStore, root: Path) -> None:
    for _ in range(10):
        blob_id = new_id()
        together = threading.Barrier(2)

        def write(document: bytes, blob_id: BlobId = blob_id, together: threading.Barrier = together) -> bytes | None:
            with FolderStore(root).draft(blob_id, RECIPIENTS) as draft:
                draft.write(document)
                together.wait()
                try:
                    draft.publish()
                except TargetExists:
                    return None
            return document

        with ThreadPoolExecutor(2) as pool:
            winners = [document for document in pool.map(write, [b"first", b"second"]) if document]
        assert winners == [read(store, blob_id)]
    assert len(files(root)) == 20


def test_many_drafts_at_once_keep_apart(store: FolderStore, root: Path) -> None:
    documents = [bytes([number]) * (number * 9_973) for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(lambda document: put(store, document), documents))
    assert [read(store, one.id) for one in stored] == documents
    assert [found.id for found in store.walk()] == sorted(one.id for one in stored)
    assert len(files(root)) == 80


# Headers


def header_for_one(store: FolderStore, stored: Stored) -> bytes:
    return seal_header(open_header(store.read_header(stored.id, 1), [IDENTITY]), [IDENTITY.recipient()])


def test_a_new_header_opens_the_same_payload(store: FolderStore) -> None:
    stored = put(store)
    raw = header_for_one(store, stored)
    assert store.add_header(stored.id, 2, raw) == hashlib.sha256(raw).digest()
    assert [found.header_versions for found in store.walk()] == [(1, 2)]
    store.remove_header(stored.id, 1)
    assert [found.header_versions for found in store.walk()] == [(2,)]
    assert read(store, stored.id, 2) == DOCUMENT
    with pytest.raises(BlobMissing):
        store.read_header(stored.id, 1)


def test_the_same_header_may_come_again_and_another_may_not(store: FolderStore, root: Path) -> None:
    stored = put(store)
    store.add_header(stored.id, 2, b"second")
    before = files(root)
    assert store.add_header(stored.id, 2, b"second") == hashlib.sha256(b"second").digest()
    with pytest.raises(TargetExists):
        store.add_header(stored.id, 2, b"other")
    assert files(root) == before


def test_a_header_too_long_is_neither_written_nor_read(store: FolderStore, root: Path) -> None:
    stored = put(store)
    before = files(root)
    with pytest.raises(DamagedHeader):
        store.add_header(stored.id, 2, b"h" * 262_145)
    assert files(root) == before
    header_of(root, stored.id).write_bytes(b"h" * 262_145)
    with pytest.raises(FixityError):
        store.read_header(stored.id, 1)
    store.add_header(stored.id, 2, b"h" * 262_144)
    assert len(store.read_header(stored.id, 2)) == 262_144


# Removal


def test_removal_leaves_nothing_and_may_be_repeated(store: FolderStore, root: Path) -> None:
    kept, gone = put(store), put(store)
    store.add_header(gone.id, 2, b"second")
    store.remove(gone.id)
    store.remove(gone.id)
    store.remove_header(gone.id, 2)
    assert [found.id for found in store.walk()] == [kept.id]
    assert len(files(root)) == 2


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


def test_a_half_that_was_left_is_told_from_a_blob(store: FolderStore, root: Path) -> None:
    whole, headless, bodiless = (put(store) for _ in range(3))
    header_of(root, headless.id).unlink()
    payload_of(root, bodiless.id).unlink()
    found = {one.id: one for one in store.walk()}
    assert found[whole.id].is_complete
    assert found[headless.id] == Found(headless.id, (), headless.payload_size)
    assert found[bodiless.id] == Found(bodiless.id, (1,), None)
    assert [one.id for one in found.values() if one.is_complete] == [whole.id]


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


# Damage


@pytest.mark.parametrize("offset", [0, 15, 16, 70_000, -1])
def test_a_flipped_bit_of_the_payload_is_found_and_never_served(store: FolderStore, root: Path, offset: int) -> None:
    stored = put(store)
    flip(payload_of(root, stored.id), offset)
    with pytest.raises(FixityError, match=stored.id):
        store.verify(stored.id, 1, stored.header_sha256, stored.payload_sha256)
    with pytest.raises(FixityError, match=stored.id):
        read(store, stored.id)


@pytest.mark.parametrize("cut", [1, 16, 65_552, 150_000, len(DOCUMENT)])
def test_a_torn_payload_is_found_and_never_served(store: FolderStore, root: Path, cut: int) -> None:
    stored = put(store)
    payload = payload_of(root, stored.id)
    os.truncate(payload, stored.payload_size - cut)
    with pytest.raises(FixityError):
        store.verify(stored.id, 1, stored.header_sha256, stored.payload_sha256)
    with pytest.raises(FixityError):
        read(store, stored.id)


@pytest.mark.parametrize("offset", [0, 40, 1_000, -1])
def test_a_changed_header_is_found_and_opens_nothing(store: FolderStore, root: Path, offset: int) -> None:
    stored = put(store)
    flip(header_of(root, stored.id), offset)
    with pytest.raises(FixityError):
        store.verify(stored.id, 1, stored.header_sha256, stored.payload_sha256)
    with pytest.raises(VankhoError):
        read(store, stored.id)


def test_a_payload_in_anothers_place_is_not_served(store: FolderStore, root: Path) -> None:
    one, other = put(store, b"one"), put(store, b"other")
    payload_of(root, one.id).write_bytes(payload_of(root, other.id).read_bytes())
    with pytest.raises(FixityError):
        read(store, one.id)


def test_a_missing_part_is_named_by_verify(store: FolderStore, root: Path) -> None:
    stored = put(store)
    payload_of(root, stored.id).unlink()
    with pytest.raises(BlobMissing, match=stored.id):
        store.verify(stored.id, 1, stored.header_sha256, stored.payload_sha256)


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
def test_a_put_that_fails_at_any_step_leaves_nothing(tmp_path: Path, fault: str, error: type[VankhoError]) -> None:
    steps = len(points_of("put", tmp_path))
    for number in range(1, steps + 1):
        root = tmp_path / str(number)
        store = FolderStore(root)
        earlier = put(store, b"earlier")
        before = files(root)
        arm(f"{fault}@{number}")
        with pytest.raises(error):
            put(store, blob_id=apart_from(earlier.id))
        disarm()
        assert files(root) == before, number
        assert read(store, put(store).id) == DOCUMENT
        assert read(store, earlier.id) == b"earlier"
    store = FolderStore(tmp_path / "whole")
    arm(f"{fault}@{steps + 1}")
    put(store)


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
