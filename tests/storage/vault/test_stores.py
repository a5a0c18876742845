"""A store, in a folder or on a server, keeps what it acknowledged bit by bit, keeps nothing else, and refuses what was changed."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from blobs import DOCUMENT, IDENTITY, LARGE, RECIPIENTS, Kept, files, flip, header_for_one, header_of, new_id, payload_of, put, read

from storage.errors import BlobMissing, DamagedHeader, FixityError, NotFound, StoreFailed, StoreFull, TargetExists, VankhoError
from storage.failpoints import arm, disarm
from storage.ids import BlobId, RandomIds, SeededIds
from storage.vault.age import open_header
from storage.vault.blob import Found


@pytest.fixture(autouse=True)
def _always_disarmed() -> Iterator[None]:
    yield
    disarm()


# What was put in


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 1_048_000, 1_049_000, 9_000_000])
def test_what_was_put_reads_back_bit_by_bit(kept: Kept, size: int) -> None:
    document = os.urandom(size)
    stored = put(kept.store, document)
    assert read(kept.store, stored.id) == document
    assert (stored.plain_size, stored.plain_sha256) == (size, hashlib.sha256(document).digest())


@pytest.mark.parametrize("document", [DOCUMENT, LARGE], ids=["small", "large"])
def test_the_digests_are_those_of_the_files(kept: Kept, document: bytes) -> None:
    stored = put(kept.store, document)
    payload, header = payload_of(kept.root, stored.id).read_bytes(), header_of(kept.root, stored.id).read_bytes()
    assert (stored.payload_size, stored.payload_sha256) == (len(payload), hashlib.sha256(payload).digest())
    assert (stored.header_version, stored.header_sha256) == (1, hashlib.sha256(header).digest())
    kept.store.verify(stored.id, 1, stored.header_sha256, stored.payload_sha256)
    kept.store.verify_header(stored.id, 1, stored.header_sha256, stored.payload_size)


def test_a_draft_seals_the_same_however_it_is_cut(kept: Kept) -> None:
    blob_id = new_id()
    with kept.store.draft(blob_id, RECIPIENTS) as draft:
        for start in range(0, len(DOCUMENT), 999):
            draft.write(DOCUMENT[start : start + 999])
        stored = draft.publish()
    assert read(kept.store, blob_id) == DOCUMENT
    assert stored.plain_sha256 == hashlib.sha256(DOCUMENT).digest()


@pytest.mark.parametrize("document", [DOCUMENT, os.urandom(14_000_000)], ids=["small", "large"])
def test_any_range_is_read_in_any_order(kept: Kept, document: bytes) -> None:
    stored = put(kept.store, document)
    last = len(document)
    file_key = open_header(kept.store.read_header(stored.id, 1), [IDENTITY])
    with kept.store.open(stored.id, file_key) as reader:
        for start, length in [(last - 5, 5), (0, 10), (last // 2, last), (65_530, 12), (last // 3, 1), (0, last), (last, 5), (last // 2, 70_000)]:
            assert b"".join(reader.read(start, length)) == document[start : start + length]


@pytest.mark.parametrize("document", [DOCUMENT, LARGE], ids=["small", "large"])
def test_an_export_is_a_plain_age_file(kept: Kept, document: bytes) -> None:
    stored = put(kept.store, document)
    exported = b"".join(kept.store.export(stored.id, 1))
    assert exported.startswith(b"age-encryption.org/v1\n")
    assert exported == header_of(kept.root, stored.id).read_bytes() + payload_of(kept.root, stored.id).read_bytes()


def test_another_process_finds_what_was_put(kept: Kept) -> None:
    stored = put(kept.store)
    again = kept.another()
    assert list(again.walk()) == [Found(stored.id, (1,), stored.payload_size)]
    assert read(again, stored.id) == DOCUMENT


def test_a_blob_tells_when_it_was_written(kept: Kept) -> None:
    assert kept.store.written_at(new_id()) is None
    before = datetime.now(UTC) - timedelta(seconds=2)  # a server gives whole seconds
    stored = put(kept.store)
    written = kept.store.written_at(stored.id)
    assert written is not None
    assert before < written < datetime.now(UTC) + timedelta(seconds=2)


# What was not published


def test_a_draft_that_is_left_leaves_nothing(kept: Kept) -> None:
    with kept.store.draft(new_id(), RECIPIENTS) as draft:
        draft.write(LARGE)
    assert not files(kept.root)


def test_a_source_that_fails_leaves_nothing(kept: Kept) -> None:
    class Torn(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if block := super().read(size):
                return block
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        kept.store.put(Torn(DOCUMENT), new_id(), RECIPIENTS)
    assert not files(kept.root)


def test_a_draft_in_the_making_is_no_blob(kept: Kept) -> None:
    with kept.store.draft(new_id(), RECIPIENTS) as draft:
        draft.write(DOCUMENT)
        assert list(kept.store.walk()) == []


def test_a_draft_that_failed_can_neither_go_on_nor_be_published(kept: Kept) -> None:
    with kept.store.draft(new_id(), RECIPIENTS) as draft:
        draft.write(DOCUMENT)
        arm("enospc@1")
        with pytest.raises(StoreFull):
            draft.write(DOCUMENT)
        with pytest.raises(ValueError, match="ended"):
            draft.write(b"short")
        with pytest.raises(ValueError, match="ended"):
            draft.publish()
    assert not files(kept.root)


def test_a_published_draft_stays_whatever_is_tried_with_it(kept: Kept) -> None:
    with pytest.raises(ValueError, match="ended"), kept.store.draft(blob_id := new_id(), RECIPIENTS) as draft:
        draft.write(DOCUMENT)
        draft.publish()
        draft.write(DOCUMENT)
    assert read(kept.store, blob_id) == DOCUMENT


def test_drafts_published_together_are_all_there_or_none_is(kept: Kept) -> None:
    number, is_kept = 0, False
    while not is_kept:
        number += 1
        one, other = new_id(), new_id()
        with kept.store.draft(one, RECIPIENTS) as first, kept.store.draft(other, RECIPIENTS) as second:
            first.write(DOCUMENT)
            second.write(b"beside it")
            arm(f"enospc@{number}")
            try:
                stored = first.publish_with(second)
                is_kept = True
            except StoreFull:
                assert not files(kept.root), f"at step {number}"
    assert number > 10
    assert [each.id for each in stored] == [one, other]
    assert (read(kept.store, one), read(kept.store, other)) == (DOCUMENT, b"beside it")


@pytest.mark.parametrize(("fault", "error"), [("eio", StoreFailed), ("enospc", StoreFull)])
@pytest.mark.parametrize("document", [DOCUMENT, LARGE], ids=["small", "large"])
def test_a_put_that_fails_at_any_step_leaves_nothing(kept: Kept, fault: str, error: type[VankhoError], document: bytes) -> None:
    earlier = put(kept.store, b"earlier")
    before = files(kept.root)
    number, has_failed = 0, True
    while has_failed:
        number += 1
        arm(f"{fault}@{number}")
        try:
            last = put(kept.another(), document, apart_from(earlier.id))
            has_failed = False
        except error:
            assert files(kept.root) == before, number
        disarm()
    assert number > 8
    assert read(kept.store, last.id) == document
    assert read(kept.store, earlier.id) == b"earlier"


def apart_from(other: BlobId) -> BlobId:
    """An id whose folder is another one, so that a put passes the points at which that is made."""
    while (blob_id := new_id())[:2] == other[:2]:
        pass
    return blob_id


# Names


@pytest.mark.parametrize(
    "text",
    ["", "..", "../../etc/passwd", "aa/../../x", "a" * 25, "a" * 27, "A" * 26, "a" * 25 + "b", "a" * 26 + "\n", "\0" * 26, "." + "a" * 25],
)
def test_what_is_no_id_reaches_nothing(kept: Kept, text: str) -> None:
    wrong, store = BlobId(text), kept.store
    for act in (
        lambda: store.draft(wrong, RECIPIENTS),
        lambda: store.read_header(wrong, 1),
        lambda: store.open(wrong, b"k" * 16).__enter__(),
        lambda: list(store.export(wrong, 1)),
        lambda: store.verify(wrong, 1, b"", b""),
        lambda: store.verify_header(wrong, 1, b"", 0),
        lambda: store.written_at(wrong),
        lambda: store.add_header(wrong, 1, b"h"),
        lambda: store.remove_header(wrong, 1),
        lambda: store.remove(wrong),
    ):
        with pytest.raises(NotFound):
            act()
    assert not files(kept.root)


@pytest.mark.parametrize("version", [0, -1, 10**9])
def test_a_version_counts_from_one(kept: Kept, version: int) -> None:
    stored = put(kept.store)
    with pytest.raises(NotFound):
        kept.store.read_header(stored.id, version)
    with pytest.raises(NotFound):
        kept.store.add_header(stored.id, version, b"h")


def test_every_id_of_our_sources_is_an_id(kept: Kept) -> None:
    for source in (RandomIds(), SeededIds(b"seed")):
        for number in range(50):
            kept.store.draft(BlobId(source.new(str(number))), RECIPIENTS)


def test_what_is_not_there_is_missing(kept: Kept) -> None:
    absent, store = new_id(), kept.store
    for act in (
        lambda: store.read_header(absent, 1),
        lambda: store.open(absent, b"k" * 16).__enter__(),
        lambda: list(store.export(absent, 1)),
        lambda: store.verify(absent, 1, b"", b""),
        lambda: store.verify_header(absent, 1, b"", 0),
        lambda: store.add_header(absent, 2, b"h"),
    ):
        with pytest.raises(BlobMissing, match=absent):
            act()


# Never overwritten


@pytest.mark.parametrize("size", [10, 4 << 20])
def test_a_taken_id_is_refused_and_stays_as_it_is(kept: Kept, size: int) -> None:
    stored = put(kept.store, os.urandom(size))
    before = files(kept.root)
    for _ in range(5):
        with pytest.raises(TargetExists):
            put(kept.store, os.urandom(size), stored.id)
    assert files(kept.root) == before


@pytest.mark.parametrize(("size", "rounds"), [(10, 10), (3 << 20, 2)])
def test_of_many_writers_of_one_id_exactly_one_wins(kept: Kept, size: int, rounds: int) -> None:
    writers = 16
    for _ in range(rounds):
        blob_id, together = new_id(), threading.Barrier(writers)

        def write(number: int, blob_id: BlobId = blob_id, together: threading.Barrier = together) -> bytes | None:
            document = bytes([number]) * size
            with kept.another().draft(blob_id, RECIPIENTS) as draft:
                draft.write(document)
                together.wait()
                try:
                    draft.publish()
                except TargetExists:
                    return None
            return document

        with ThreadPoolExecutor(writers) as pool:
            winners = [document for document in pool.map(write, range(writers)) if document]
        assert winners == [read(kept.store, blob_id)]
    assert len(files(kept.root)) == 2 * rounds


def test_many_drafts_at_once_keep_apart(kept: Kept) -> None:
    documents = [bytes([number]) * (number * 9_973) for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(lambda document: put(kept.store, document), documents))
    assert [read(kept.store, one.id) for one in stored] == documents
    assert [found.id for found in kept.store.walk()] == sorted(one.id for one in stored)
    assert len(files(kept.root)) == 80


# Headers


def test_a_new_header_opens_the_same_payload(kept: Kept) -> None:
    store, stored = kept.store, put(kept.store)
    raw = header_for_one(store, stored)
    assert store.add_header(stored.id, 2, raw) == hashlib.sha256(raw).digest()
    assert [found.header_versions for found in store.walk()] == [(1, 2)]
    store.remove_header(stored.id, 1)
    assert [found.header_versions for found in store.walk()] == [(2,)]
    assert read(store, stored.id, 2) == DOCUMENT
    with pytest.raises(BlobMissing):
        store.read_header(stored.id, 1)


def test_the_same_header_may_come_again_and_another_may_not(kept: Kept) -> None:
    stored = put(kept.store)
    kept.store.add_header(stored.id, 2, b"second")
    before = files(kept.root)
    assert kept.store.add_header(stored.id, 2, b"second") == hashlib.sha256(b"second").digest()
    for other in (b"other", b"secon", b"seconds"):
        with pytest.raises(TargetExists):
            kept.store.add_header(stored.id, 2, other)
    assert files(kept.root) == before


def test_a_header_too_long_is_neither_written_nor_read(kept: Kept) -> None:
    stored = put(kept.store)
    before = files(kept.root)
    with pytest.raises(DamagedHeader):
        kept.store.add_header(stored.id, 2, b"h" * 262_145)
    assert files(kept.root) == before
    header_of(kept.root, stored.id).write_bytes(b"h" * 262_145)
    with pytest.raises(FixityError):
        kept.store.read_header(stored.id, 1)
    kept.store.add_header(stored.id, 2, b"h" * 262_144)
    assert len(kept.store.read_header(stored.id, 2)) == 262_144


# Removal


def test_removal_leaves_nothing_and_may_be_repeated(kept: Kept) -> None:
    store, staying, gone = kept.store, put(kept.store), put(kept.store)
    store.add_header(gone.id, 2, b"second")
    store.add_header(gone.id, 10, b"tenth")
    store.remove(gone.id)
    assert [found.id for found in store.walk()] == [staying.id]
    assert len(files(kept.root)) == 2
    store.remove(gone.id)
    store.remove_header(gone.id, 2)
    assert read(store, staying.id) == DOCUMENT


# Found in the store


def test_a_half_that_was_left_is_told_from_a_blob(kept: Kept) -> None:
    whole, headless, bodiless = (put(kept.store) for _ in range(3))
    header_of(kept.root, headless.id).unlink()
    payload_of(kept.root, bodiless.id).unlink()
    found = {one.id: one for one in kept.store.walk()}
    assert found[whole.id].is_complete
    assert found[headless.id] == Found(headless.id, (), headless.payload_size)
    assert found[bodiless.id] == Found(bodiless.id, (1,), None)
    assert [one.id for one in found.values() if one.is_complete] == [whole.id]


def test_what_lies_in_one_folder_is_given_in_order(kept: Kept) -> None:
    ids = [put(kept.store, b"", BlobId(f"aa{new_id()[2:]}")).id for _ in range(12)]
    assert [found.id for found in kept.store.walk()] == sorted(ids)


def test_foreign_files_are_passed_over(kept: Kept) -> None:
    stored = put(kept.store)
    for name in ("payloads/README", "payloads/zz!/x", f"payloads/{stored.id[:2]}/x", f"headers/{stored.id[:2]}/{stored.id}.01"):
        path = kept.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"foreign")
    assert list(kept.store.walk()) == [Found(stored.id, (1,), stored.payload_size)]


# Damage


@pytest.mark.parametrize("offset", [0, 15, 16, 70_000, -1])
def test_a_flipped_bit_of_the_payload_is_found_and_never_served(kept: Kept, offset: int) -> None:
    stored = put(kept.store)
    flip(payload_of(kept.root, stored.id), offset)
    with pytest.raises(FixityError, match=stored.id):
        kept.store.verify(stored.id, 1, stored.header_sha256, stored.payload_sha256)
    with pytest.raises(FixityError, match=stored.id):
        read(kept.store, stored.id)


@pytest.mark.parametrize("cut", [1, 16, 65_552, 150_000, len(DOCUMENT), len(DOCUMENT) + 80])
def test_a_torn_payload_is_found_and_never_served(kept: Kept, cut: int) -> None:
    stored = put(kept.store)
    assert stored.payload_size == len(DOCUMENT) + 80
    os.truncate(payload_of(kept.root, stored.id), stored.payload_size - cut)
    with pytest.raises(FixityError):
        kept.store.verify(stored.id, 1, stored.header_sha256, stored.payload_sha256)
    with pytest.raises(FixityError):
        kept.store.verify_header(stored.id, 1, stored.header_sha256, stored.payload_size)
    with pytest.raises(FixityError):
        read(kept.store, stored.id)


@pytest.mark.parametrize("offset", [0, 40, 1_000, -1])
def test_a_changed_header_is_found_and_opens_nothing(kept: Kept, offset: int) -> None:
    stored = put(kept.store)
    flip(header_of(kept.root, stored.id), offset)
    with pytest.raises(FixityError):
        kept.store.verify(stored.id, 1, stored.header_sha256, stored.payload_sha256)
    with pytest.raises(VankhoError):
        read(kept.store, stored.id)


def test_a_payload_in_anothers_place_is_not_served(kept: Kept) -> None:
    one, other = put(kept.store, b"one"), put(kept.store, b"other")
    payload_of(kept.root, one.id).write_bytes(payload_of(kept.root, other.id).read_bytes())
    with pytest.raises(FixityError):
        read(kept.store, one.id)


def test_a_missing_part_is_named_by_verify(kept: Kept) -> None:
    stored = put(kept.store)
    payload_of(kept.root, stored.id).unlink()
    with pytest.raises(BlobMissing, match=stored.id):
        kept.store.verify(stored.id, 1, stored.header_sha256, stored.payload_sha256)
