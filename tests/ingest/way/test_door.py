"""The deposit door: what it acknowledges is durable and sealed, and of what it refuses nothing is left."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

import pytest
from way_world import World

from ingest.door import Reception, Request, receive
from storage import failpoints
from storage.archive import open_archive
from storage.catalog.shown_size import padded
from storage.catalog.states import BlobPart, Outcome, Reason
from storage.clock import SystemClock
from storage.errors import RequestKeyReused, StoreFailed
from storage.ids import RandomIds
from storage.vault.keeper.client import KeeperClient
from storage.vault.keeper.protocol import Role

pytestmark = pytest.mark.servers


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    failpoints.disarm()


def test_a_document_is_acknowledged_when_it_is_durable_and_only_recovery_and_transit_open_it(world: World) -> None:
    content = "Kính gửi: Sở Nội vụ\n".encode() * 9_000
    taken = receive(world.archive, world.arrival("đơn.txt".encode()), [content[:70_000], b"", content[70_000:]])
    assert (taken.receipt.outcome, taken.receipt.size, taken.sha256) == (Outcome.ACCEPTED, len(content), hashlib.sha256(content).hexdigest())
    blobs = world.blobs(taken.receipt.record)
    assert world.content(blobs[BlobPart.ORIGINAL]) == content
    envelope = json.loads(world.content(blobs[BlobPart.ENVELOPE]))
    assert envelope == {"file_name": "đơn.txt", "plain_sha256": taken.sha256}
    header = world.archive.store.read_header(blobs[BlobPart.ORIGINAL].id, 1)
    assert header.count(b"mlkem768x25519") == 2
    assert world.row(taken.receipt.record)["size_shown"] == padded(len(content)) > len(content)
    assert world.actions(taken.receipt.record) == ["deposit"]


@pytest.mark.parametrize("name", [unicodedata.normalize("NFD", "Chỉ thị.txt").encode(), b"\xff\xfe cong van.txt", "../../tệp".encode()])
def test_a_file_name_of_any_bytes_is_kept_and_shown_as_text(world: World, name: bytes) -> None:
    taken = receive(world.archive, world.arrival(name), [b"content of " + name])
    envelope = json.loads(world.content(world.blobs(taken.receipt.record)[BlobPart.ENVELOPE]))
    assert unicodedata.is_normalized("NFC", envelope["file_name"])
    assert (envelope["file_name"].encode() == name) is ("file_name_raw" not in envelope)


def test_an_empty_document_is_refused_and_nothing_is_kept(world: World) -> None:
    before = world.files()
    taken = world.deposit(b"")
    assert (taken.receipt.outcome, taken.receipt.reason, taken.receipt.record) == (Outcome.REFUSED, Reason.EMPTY, None)
    assert world.receipt(taken.receipt.id) == taken.receipt
    assert world.files() == before


def test_a_document_beyond_the_limit_is_refused_as_soon_as_it_is_and_nothing_is_kept(world: World) -> None:
    before = world.files()
    with world.reception(largest=100_000) as reception:
        reception.write(bytes(100_000))
        assert reception.refused is None
        reception.write(b"x")
        assert reception.refused is Reason.TOO_LARGE
        reception.write(bytes(10))
        taken = reception.finish()
    assert (taken.receipt.outcome, taken.receipt.reason, taken.receipt.size, taken.sha256) == (Outcome.REFUSED, Reason.TOO_LARGE, 100_011, None)
    assert world.files() == before


def test_a_connection_that_breaks_leaves_nothing(world: World) -> None:
    before, records = world.files(), len(world.rows("record"))
    with pytest.raises(ConnectionError), world.reception() as reception:
        reception.write(bytes(200_000))
        raise ConnectionError
    assert (world.files(), len(world.rows("record"))) == (before, records)


@pytest.mark.parametrize("where", ["store.2", "store.3", "store.4", "store.5", "store.7"])
def test_a_full_store_refuses_and_says_so(world: World, where: str) -> None:
    before = world.files()
    failpoints.arm(f"enospc@{where}")
    taken = world.deposit(f"full at {where}" * 10_000)
    assert failpoints.disarm()
    assert (taken.receipt.outcome, taken.receipt.reason) == (Outcome.REFUSED, Reason.STORE_FULL)
    assert world.files() == before
    assert world.deposit(f"full at {where}" * 10_000).receipt.outcome is Outcome.ACCEPTED


def test_a_failed_disk_is_never_asked_again(world: World) -> None:
    before = world.files()
    failpoints.arm("eio@store.4")
    with pytest.raises(StoreFailed):
        world.deposit("failed disk")
    assert world.files() == before


def test_a_repeat_by_the_same_depositor_joins_her_record_and_what_was_sealed_again_is_gone(world: World) -> None:
    first = world.deposit("the same words")
    before = world.files()
    again = world.deposit("the same words", name="another name.txt")
    assert again.receipt.record == first.receipt.record
    assert again.receipt.id != first.receipt.id
    assert world.files() == before
    other = world.deposit("the same words", person="minh")
    assert other.receipt.record != first.receipt.record


def test_a_request_repeated_gets_the_same_receipt_and_with_other_bytes_it_is_refused(world: World) -> None:
    request = Request("credential", "key with a name in it.pdf")
    first = world.deposit("idempotent", request=request)
    before = world.files()
    again = world.deposit("idempotent", request=request).receipt
    assert replace(again, promise=None) == first.receipt  # the log may have given its promise since
    with pytest.raises(RequestKeyReused):
        world.deposit("other bytes", request=request)
    assert world.files() == before
    assert all("name in it" not in str(dict(row)) for row in world.rows("idempotency"))


def test_the_worker_has_no_door(world: World) -> None:
    keeper = KeeperClient(world.household.ends[Role.WORKER])
    archive, _ = open_archive(world.home, world.settings, keeper, RandomIds(), SystemClock())
    with pytest.raises(ValueError, match="duplicates"):
        Reception(archive, world.arrival())


def test_padded_sizes_are_at_most_twelve_percent_more_and_few() -> None:
    sizes = range(1, 70_000)
    assert all(size <= padded(size) <= size * 1.12 for size in sizes)
    assert len({padded(size) for size in sizes}) < 200
    assert padded(0) == 0
