"""One document's way, from the door until the keeper alone can open it, with a worker of the household's own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from way_world import LETTER, World, armed, made_instance, marked, open_index_path

from classification import Level
from search_api.household import Household
from storage.archive import decode_key
from storage.catalog.names import PartitionName
from storage.catalog.schema import work
from storage.catalog.states import BlobPart, Outcome, Reason, State
from storage.description import Description, read_open
from storage.errors import KeyNotRight
from storage.home import Home
from storage.index.embedded import open_partition
from storage.vault.age import HybridIdentity, open_header
from storage.vault.keeper.client import KeeperClient
from storage.vault.keeper.protocol import Role
from tests.waiting import until

pytestmark = pytest.mark.servers

DAMAGED = Path(__file__).parents[2] / "data" / "pdf" / "ocrmypdf__invalid.pdf"
ACTIVE = Path(__file__).parents[2] / "data" / "pdf" / "format-corpus__javascript.pdf"


@pytest.fixture(scope="module", autouse=True)
def _worker(world: World) -> None:
    world.household.start_workers()


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    armed(None)


def test_an_open_letter_is_kept_described_and_found(world: World) -> None:
    text = LETTER.format(number=12, what="lụt bão", text="Thực hiện từ ngày ký.")
    taken = world.deposit(text, "quyết định.txt")
    settled = world.settled(taken)
    assert (settled.outcome, settled.reason) == (Outcome.STORED, None)
    until(world.is_idle)
    facts, row = world.facts(settled.record), world.row(settled.record)
    assert facts.is_open
    assert (row["state"], row["review"], row["size_shown"], row["page_count"]) == (State.KEPT, False, len(text.encode()), 1)
    assert row["indexed_at"] is not None
    with world.archive.catalog.read() as connection:
        described = read_open(connection, facts.id)
    assert described is not None
    assert (described.ref_code, described.ref_no, described.doc_type, described.date) == ("12/QĐ-UBND", 12, "DECISION", "2019-07-24")
    assert (described.subject, described.file_name) == ("phê duyệt kế hoạch phòng chống lụt bão", "quyết định.txt")
    blobs = world.blobs(settled.record)
    assert set(blobs) == {BlobPart.ORIGINAL, BlobPart.TEXT, BlobPart.DESCRIPTION}
    assert world.content(blobs[BlobPart.ORIGINAL]) == text.encode()
    assert Description.decode(world.content(blobs[BlobPart.DESCRIPTION])) == described
    index = open_partition(open_index_path(world.home, world.archive.office), world.archive.open_index_key)
    entry = index.entry(facts.id)
    index.close()
    assert entry is not None
    assert (entry.subject, entry.ref_code) == (described.subject, "12/QĐ-UBND")
    assert "Thực hiện từ ngày ký." in entry.text
    assert world.actions(settled.record) == ["deposit", "classify", "keep"]


def test_what_is_kept_transit_no_longer_opens(world: World, transit: HybridIdentity) -> None:
    settled = world.settled(world.deposit(LETTER.format(number=13, what="hạn hán", text="Khoản 1.")))
    until(world.is_idle)
    for blob in world.blobs(settled.record).values():
        with pytest.raises(KeyNotRight):
            open_header(world.archive.store.read_header(blob.id, blob.header_version), [transit])


def test_words_of_a_closed_record_stand_in_no_row_and_no_file(world: World) -> None:
    open_words, closed_words = ("rongbien", "hoadao"), ("ngoctrai", "sancat")
    opened = world.settled(world.deposit(LETTER.format(number=14, what=open_words[0], text=open_words[1]), "opennamecanary.txt"))
    closed = world.settled(world.deposit(marked(LETTER.format(number=15, what=closed_words[0], text=closed_words[1])), "closednamecanary.txt"))
    until(world.is_idle)
    assert world.facts(closed.record).home == PartitionName(world.archive.office, Level.TOI_MAT)
    seen = "\n".join(str(dict(row)) for table in _tables(world) for row in world.rows(table))
    index = open_partition(open_index_path(world.home, world.archive.office), world.archive.open_index_key)
    seen += "\n".join(map(str, index.entries())) + " ".join(index.vocabulary())
    index.close()
    for canary in (*open_words, "opennamecanary"):
        assert canary in seen, "the scanner finds what stands in clear"
    for canary in (*closed_words, "closednamecanary"):
        assert canary not in seen
    everything = b"".join(path.read_bytes() + path.name.encode() for path in world.home.root.rglob("*") if path.is_file())
    for canary in (*open_words, *closed_words, "opennamecanary", "closednamecanary"):
        assert canary.encode() not in everything
    assert closed_words[0].encode() in world.content(world.blobs(closed.record)[BlobPart.DESCRIPTION])
    waiting = [row for row in world.rows("outbox") if row["record_id"] == closed.record]
    about = (f"closed/{world.archive.office}/TOI_MAT/", None)
    assert all((str(row["partition_id"]), row["content"]) == about for row in waiting), "one row, until the keeper has applied it"
    assert opened.record != closed.record


def test_a_document_of_unknown_type_is_stored_for_review_at_the_highest_level(world: World) -> None:
    content = b"\x00\x01\x02\x03 no known type " * 99
    settled = world.settled(world.deposit(content, "bản vẽ.xyz"))
    assert (settled.outcome, settled.reason) == (Outcome.STORED, None)
    row = world.row(settled.record)
    assert (row["level"], row["review"], row["proposed_level"], row["state"]) == (Level.TUYET_MAT, True, None, State.KEPT)
    assert row["size_shown"] > len(content)
    blobs = world.blobs(settled.record)
    assert world.content(blobs[BlobPart.ORIGINAL]) == content
    assert Description.decode(world.content(blobs[BlobPart.DESCRIPTION])).file_name == "bản vẽ.xyz"


def test_a_repeat_of_a_kept_document_is_a_duplicate(world: World) -> None:
    text = LETTER.format(number=16, what="cháy rừng", text="Khoản 2.")
    first = world.settled(world.deposit(text))
    again = world.deposit(text)
    assert (again.receipt.outcome, again.receipt.record) == (Outcome.DUPLICATE, first.record)


def test_a_damaged_document_is_quarantined_at_the_highest_level_as_it_came(world: World) -> None:
    content = DAMAGED.read_bytes()
    settled = world.settled(world.deposit(content, "hỏng.pdf"))
    assert (settled.outcome, settled.reason) == (Outcome.QUARANTINED, Reason.DAMAGED)
    until(world.is_idle)
    facts = world.facts(settled.record)
    assert facts.wrapped == facts.home == PartitionName(world.archive.office, Level.TUYET_MAT)
    blobs = world.blobs(settled.record)
    assert set(blobs) == {BlobPart.ORIGINAL, BlobPart.ENVELOPE}
    assert world.content(blobs[BlobPart.ORIGINAL]) == content
    assert {found.header_versions for found in world.archive.store.walk() if found.id == blobs[BlobPart.ORIGINAL].id} == {(2,)}
    assert world.actions(settled.record) == ["deposit", "quarantine"]
    again = world.deposit(content)
    assert (again.receipt.outcome, again.receipt.reason, again.receipt.record) == (Outcome.QUARANTINED, Reason.DAMAGED, settled.record)


def test_an_active_pdf_is_kept_as_it_came_beside_a_copy_without_what_would_act(world: World) -> None:
    settled = world.settled(world.deposit(ACTIVE.read_bytes(), "biểu mẫu.pdf"))
    assert settled.outcome is Outcome.STORED
    blobs = world.blobs(settled.record)
    assert world.content(blobs[BlobPart.ORIGINAL]) == ACTIVE.read_bytes()
    assert b"/JavaScript" in ACTIVE.read_bytes()
    assert b"/JavaScript" not in world.content(blobs[BlobPart.ACCESS])
    assert Description.decode(world.content(blobs[BlobPart.DESCRIPTION])).active


def test_a_document_that_kills_its_worker_three_times_is_quarantined_and_the_others_go_on(world: World) -> None:
    _end_worker(world)
    armed("kill@keep.1")
    taken = world.deposit("the worker dies of this")
    for attempt in (1, 2, 3):
        world.household.tend()
        until(lambda: world.household.worker_pid is None)
        assert _attempts(world, taken.receipt.record) == attempt
        _lease_runs_out(world)
    armed(None)
    world.household.tend()
    settled = world.settled(taken)
    assert (settled.outcome, settled.reason) == (Outcome.QUARANTINED, Reason.CRASHED)
    assert world.settled(world.deposit("and this one is kept")).outcome is Outcome.STORED


def test_without_its_sandbox_the_worker_ends_and_never_reads_behind_weaker_walls(world: World) -> None:
    pid = world.household.worker_pid
    zygote, *others = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert not others
    os.kill(int(zygote), signal.SIGKILL)
    taken = world.deposit("read behind whole walls, or not at all")
    until(lambda: world.household.worker_pid is None)
    assert not world.receipt(taken.receipt.id).outcome.final
    world.household.tend()
    assert world.settled(taken).outcome is Outcome.STORED


def test_a_worker_that_is_asked_to_end_gives_back_what_it_has(world: World) -> None:
    taken = [world.deposit(f"one of several {number}") for number in range(12)]
    _end_worker(world)
    assert any(not row["done"] for row in world.rows("work"))
    assert all(row["owner"] is None for row in world.rows("work"))
    world.household.tend()
    assert {world.settled(one).outcome for one in taken} == {Outcome.STORED}


def test_an_instance_that_may_hold_no_secret_closes_one_at_once_and_reports_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = made_instance(tmp_path, "--network-class", "CONNECTED")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(instance.config))
    with Household(Home(instance.home)) as household:
        household.start_workers()
        world = World(instance, household)
        secret = world.settled(world.deposit(marked(LETTER.format(number=1, what="x", text="y"))))
        plain = world.settled(world.deposit(LETTER.format(number=2, what="lụt bão", text="y")))
        assert world.facts(secret.record).home == PartitionName(world.archive.office, Level.TOI_MAT)
        assert "secret-on-connected" in world.actions(secret.record)
        assert world.facts(plain.record).is_open
        assert "secret-on-connected" not in world.actions(plain.record)


@pytest.fixture(scope="module")
def transit(world: World) -> HybridIdentity:
    return HybridIdentity(decode_key(KeeperClient(world.household.ends[Role.WORKER]).ask("handover")["transit"]))


def _tables(world: World) -> list[str]:
    with world.archive.catalog.read() as connection:
        return [name for name in sa.inspect(connection).get_table_names() if name != "alembic_version"]


def _end_worker(world: World) -> None:
    pid = world.household.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    until(lambda: world.household.worker_pid is None)


def _attempts(world: World, record: str | None) -> int:
    return next(row["attempts"] for row in world.rows("work") if row["record_id"] == record)


def _lease_runs_out(world: World) -> None:
    with world.archive.catalog.write() as connection:
        connection.execute(work.update().where(work.c.lease_until.is_not(None)).values(lease_until=world.archive.clock.now()))
