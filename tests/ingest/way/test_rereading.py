"""A kept record that is read again: until the new reading is whole, and where it fails, it is what it was; afterwards the new one stands."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import ClassVar

import pytest
from way_world import LETTER, READER_DIES, World, made_instance, open_index_path

from classification import Level
from ingest.desk import Desk
from ingest.pipeline import take_next
from ingest.sandbox.sandbox import Sandbox
from ingest.text_part import Reading
from ingest.working import Worker
from search_api.household import Household
from storage.archive import partition_key
from storage.catalog.audit_rows import add_audit_row
from storage.catalog.blobs import add_blob, retire_blob
from storage.catalog.names import PartitionName
from storage.catalog.schema import record as record_table
from storage.catalog.schema import work
from storage.catalog.states import BlobPart, Reason, State
from storage.clock import FixedClock
from storage.description import Description, read_open
from storage.errors import InvalidInput, NotAllowed, NotFound
from storage.home import Home
from storage.ids import BlobId, RandomIds, RecordId
from storage.index.embedded import open_partition
from storage.vault.age import HybridRecipient
from storage.vault.blob import Stored
from storage.vault.keeper.protocol import Role
from storage.vault.loan import Loan
from storage.vault.tokens import new_token, read_key_file, token_hash
from tests.waiting import until

pytestmark = pytest.mark.servers

EARLY = (str(Path(__file__).with_name("early_zygote.py")),)
LIFE = Path(__file__).with_name("reread_life.py")
KILLED = -9
DIES_EARLY = "its reader dies of each page up to 16"
CORRECTED = "một trích yếu do người sửa"


@pytest.fixture(scope="module")
def early(world: World) -> Iterator[Desk]:
    """A desk of an earlier day, whose reader is worse."""
    with Sandbox(entry=EARLY) as sandbox:
        yield world.desk(sandbox)


def kept(world: World, early: Desk, text: str) -> str:
    """A record as the reader of that day left it."""
    taken = world.deposit(text, "tờ trình.txt")
    to_the_end(early)
    record = world.receipt(taken.receipt.id).record
    assert record is not None and world.row(record)["state"] is State.KEPT
    until(lambda: is_indexed(world, record))
    return record


def to_the_end(desk: Desk) -> None:
    worker = Worker(desk)
    while worker.turn() == 0.0:
        pass
    worker.close()


def is_indexed(world: World, record: str) -> bool:
    return not [row for row in world.rows("outbox") if row["record_id"] == record]


def session(world: World, token: str | None = None) -> str:
    key = token or read_key_file(world.home.officer_key(world.settings.instance))
    return str(world.household.keeper.ask("sign_in", token=key, address=None)["session"])


def order(world: World, record: str, of: str | None = None) -> None:
    world.household.keeper.ask("reread", session=of or session(world), address=None, record=record, password=None)


def text_of(world: World, record: str) -> str:
    return Reading.parse(world.content(world.blobs(record)[BlobPart.TEXT])).plain


def description_of(world: World, record: str) -> Description:
    return Description.decode(world.content(world.blobs(record)[BlobPart.DESCRIPTION]))


def waiting(world: World, record: str) -> dict[str, object]:
    return dict(next(row for row in world.rows("work") if row["record_id"] == record))


def correct(world: World, record: str) -> None:
    """What a person's correction does to the parts."""
    archive, facts = world.archive, world.facts(record)
    changed = description_of(world, record).corrected({"subject": CORRECTED}, {"set": {"subject": CORRECTED}, "person": "lan", "reason": "sai"})
    assert facts.wrapped is not None
    recipients = [HybridRecipient.parse(partition_key(archive, facts.wrapped).recipient), archive.recovery]
    new = archive.store.put(io.BytesIO(changed.encode()), BlobId(RandomIds().new("blob")), recipients)
    with archive.catalog.write() as connection:
        retire_blob(connection, facts.id, BlobPart.DESCRIPTION, archive.clock.now())
        add_blob(connection, facts.id, BlobPart.DESCRIPTION, new, "application/json")


def test_an_open_record_is_found_as_it_was_until_the_new_reading_stands_in_its_place(world: World, early: Desk, desk: Desk) -> None:
    text = LETTER.format(number=41, what="lụt bão", text="Khoản 1.")
    record = kept(world, early, text)
    facts, parts, receipts, before = world.facts(record), world.blobs(record), receipts_of(world), dict(world.row(record))
    assert "ph0ng ch6ng" in text_of(world, record)
    order(world, record)
    assert (world.facts(record), world.blobs(record), dict(world.row(record))) == (facts, parts, before)
    assert is_indexed(world, record) and not waiting(world, record)["done"]
    order(world, record)  # asked again, it joins what waits

    to_the_end(desk)
    assert "phòng chống" in text_of(world, record)
    described = description_of(world, record)
    assert (described.subject, described.date) == ("phê duyệt kế hoạch phòng chống lụt bão", "2019-07-24")
    with world.archive.catalog.read() as connection:
        assert read_open(connection, facts.id) == described
    assert (world.facts(record), receipts_of(world)) == (facts, receipts)
    assert world.blobs(record)[BlobPart.ORIGINAL] == parts[BlobPart.ORIGINAL]
    assert world.content(parts[BlobPart.ORIGINAL]) == text.encode()
    assert_own_parts_alone(world, record)
    entry = found(world, record)
    assert entry is not None and "phòng chống" in entry
    assert (waiting(world, record)["done"], waiting(world, record)["last_error"]) == (True, None)
    assert world.actions(record) == ["deposit", "classify", "keep", "reread", "reread", "classify", "reread"]


def test_a_closed_record_stays_closed_and_its_words_in_sealed_parts_alone(world: World, early: Desk, desk: Desk) -> None:
    record = kept(world, early, "MẬT\n" + LETTER.format(number=42, what="sancatmoi", text="Khoản 2."))
    facts = world.facts(record)
    assert facts.home == PartitionName(world.archive.office, Level.MAT)
    order(world, record)
    lent = waiting(world, record)["sealed_input"]
    assert isinstance(lent, bytes) and lent.startswith(b"age-encryption.org/v1\n")
    assert world.facts(record) == facts
    to_the_end(desk)
    until(lambda: is_indexed(world, record))
    assert "phòng chống sancatmoi" in text_of(world, record)
    assert (world.facts(record), world.row(record)["indexed_at"] is not None) == (facts, True)
    assert found(world, record) is None
    assert waiting(world, record)["sealed_input"] is None
    assert "sancatmoi" not in "\n".join(str(dict(row)) for table in ("record", "work", "outbox", "open_description") for row in world.rows(table))
    assert_own_parts_alone(world, record)


def test_a_mark_that_the_earlier_reader_missed_closes_the_record(world: World, early: Desk, desk: Desk) -> None:
    record = kept(world, early, LETTER.format(number=43, what="kho", text="Khoản 3.") + "\nTỐI MẬT\n")
    assert world.facts(record).is_open and found(world, record) is not None
    order(world, record)
    to_the_end(desk)
    until(lambda: is_indexed(world, record))
    facts = world.facts(record)
    assert facts.home == facts.wrapped == PartitionName(world.archive.office, Level.TOI_MAT)
    with world.archive.catalog.read() as connection:
        assert read_open(connection, facts.id) is None
    assert found(world, record) is None
    assert "TỐI MẬT" in text_of(world, record)
    assert_own_parts_alone(world, record)
    for blob in world.blobs(record).values():
        assert next(one.header_versions for one in world.archive.store.walk() if one.id == blob.id) == (blob.header_version,)


def test_a_person_s_level_stands_against_what_she_was_told_before(world: World, early: Desk, desk: Desk) -> None:
    """The level is put down in the row as a decision of hers would leave it, with her act in the log."""
    for proposed, level in ((Level.TOI_MAT, Level.NON_CONFIDENTIAL), (Level.NON_CONFIDENTIAL, Level.TOI_MAT)):
        record = kept(world, early, LETTER.format(number=44 + level, what=proposed.name, text="Khoản 4.") + "\nTỐI MẬT\n")
        with world.archive.catalog.write() as connection:
            add_audit_row(connection, world.archive.scribe.row(world.arrival().actor, "review", record=record))
            connection.execute(record_table.update().where(record_table.c.id == record).values(proposed_level=proposed))
        order(world, record)
        to_the_end(desk)
        until(lambda record=record: is_indexed(world, record))
        row = world.row(record)
        assert (row["level"], row["review"], row["proposed_level"]) == (level, False, Level.TOI_MAT)


@pytest.mark.parametrize("document", [READER_DIES, f"%PDF /Type /Page {DIES_EARLY}"], ids=["as a whole", "at a page"])
def test_a_reading_that_fails_leaves_the_record_as_it_was(world: World, early: Desk, desk: Desk, document: str) -> None:
    record = kept(world, early, document)
    before, parts, content = dict(world.row(record)), world.blobs(record), text_of(world, record)
    order(world, record)
    clock = FixedClock(world.archive.clock.now())
    later = replace(desk, archive=replace(desk.archive, clock=clock))
    for attempt in (1, 2, 3):
        assert take_next(later, "worker")
        assert (waiting(world, record)["attempts"], waiting(world, record)["done"]) == (attempt, False)
        clock.set(clock.now() + timedelta(minutes=1))
    assert take_next(later, "worker")
    left = waiting(world, record)
    assert (left["done"], left["last_error"], left["sealed_input"]) == (True, Reason.CRASHED, None)
    assert (dict(world.row(record)), world.blobs(record), text_of(world, record)) == (before, parts, content)
    assert is_indexed(world, record)
    failed = [row["outcome"] for row in world.rows("audit_pending") if (row["record_id"], row["source"]) == (record, "worker")]
    assert failed[-1] == "failed"
    assert_own_parts_alone(world, record)


class Watched(Desk):
    """A desk that does something else once before it seals, which is after all was read and described."""

    before_sealing: ClassVar[list[Callable[[], None]]] = []

    def seal(self, content: bytes, recipient: HybridRecipient | None = None) -> Stored:
        while self.before_sealing:
            self.before_sealing.pop()()
        return super().seal(content, recipient)


@pytest.mark.parametrize("when", ["before it is read", "while it is read", "before it is put in place"])
def test_what_a_person_corrects_meanwhile_goes_before_the_new_reading(world: World, early: Desk, desk: Desk, when: str) -> None:
    record = kept(world, early, LETTER.format(number=46, what=when, text="Khoản 5."))
    parts = world.blobs(record)
    order(world, record)
    if when == "before it is read":
        correct(world, record)
    asked: list[int] = []

    def is_stopping() -> bool:
        """Asked first before the step, and then after each page that was read."""
        asked.append(len(asked))
        if asked == [0, 1] and when == "while it is read":
            correct(world, record)
        return False

    watched = Watched(desk.archive, desk.transit, desk.sandbox, desk.lease, is_stopping, desk.readers)
    if when == "before it is put in place":
        Watched.before_sealing.append(lambda: correct(world, record))
    until(lambda: take_next(watched, "worker") and waiting(world, record)["done"])
    assert description_of(world, record).subject == CORRECTED
    assert world.blobs(record)[BlobPart.TEXT] == parts[BlobPart.TEXT]
    assert (waiting(world, record)["last_error"], waiting(world, record)["sealed_input"]) == (None, None)
    assert set(world.blobs(record)) == {BlobPart.ORIGINAL, BlobPart.TEXT, BlobPart.DESCRIPTION}
    assert_own_parts_alone(world, record)
    to_the_end(desk)

    order(world, record)
    to_the_end(desk)
    described = description_of(world, record)
    assert (described.subject, described.date, [entry["person"] for entry in described.history]) == (CORRECTED, "2019-07-24", ["lan"])
    assert "phòng chống" in text_of(world, record)


def test_of_a_record_that_is_withdrawn_meanwhile_nothing_is_read(world: World, early: Desk, desk: Desk) -> None:
    record = kept(world, early, LETTER.format(number=47, what="rút", text="Khoản 6."))
    parts = world.blobs(record)
    order(world, record)
    with world.archive.catalog.write() as connection:
        connection.execute(record_table.update().where(record_table.c.id == record).values(state=State.WITHDRAWN))
    to_the_end(desk)
    assert (world.row(record)["state"], world.blobs(record)) == (State.WITHDRAWN, parts)
    assert (waiting(world, record)["done"], waiting(world, record)["sealed_input"]) == (True, None)


def test_another_record_s_loan_lends_nothing(world: World, early: Desk, desk: Desk) -> None:
    lent, other = (kept(world, early, LETTER.format(number=number, what="mượn", text="Khoản 7.")) for number in (48, 49))
    parts = world.blobs(other)
    order(world, lent)
    loan = waiting(world, lent)["sealed_input"]
    assert isinstance(loan, bytes)
    assert set(Loan.opened(loan, world.facts(lent).id, desk.transit).keys) == {
        world.blobs(lent)[part].id for part in (BlobPart.ORIGINAL, BlobPart.TEXT, BlobPart.DESCRIPTION)
    }
    to_the_end(desk)
    with world.archive.catalog.write() as connection:
        connection.execute(work.update().where(work.c.record_id == other).values(done=False, sealed_input=loan, attempts=3))
    to_the_end(desk)
    left = waiting(world, other)
    assert (left["done"], left["last_error"], left["sealed_input"]) == (True, Reason.CRASHED, None)
    assert world.blobs(other) == parts


def test_only_who_may_read_it_and_has_the_right_has_it_read_again_and_a_row_that_was_lowered_opens_nothing(world: World, early: Desk) -> None:
    record = kept(world, early, "MẬT\n" + LETTER.format(number=50, what="quyền", text="Khoản 8."))
    tokens = {}
    for name, role, clearance in (("thu", "archivist", "NON_CONFIDENTIAL"), ("cao", "officer", "MAT"), ("soi", "auditor", "TUYET_MAT")):
        tokens[name] = new_token()
        world.household.keeper.ask(
            "add_person", session=session(world), address=None, name=name, office=world.archive.office, roles=[role], clearance=clearance,
            compartments=[], token_sha256=token_hash(tokens[name]),
        )
    for name in tokens:
        with pytest.raises(NotFound):
            order(world, record, session(world, tokens[name]))
    assert waiting(world, record)["done"]
    about = (record, "reread", "denied")
    denied = [row["person"] for row in world.rows("audit_pending") if (row["record_id"], row["action"], row["outcome"]) == about]
    assert denied == [*tokens]

    opened = kept(world, early, LETTER.format(number=51, what="quyền", text="Khoản 9."))
    with pytest.raises(NotAllowed):
        order(world, opened, session(world, tokens["cao"]))

    with world.archive.catalog.write() as connection:
        connection.execute(record_table.update().where(record_table.c.id == record).values(level=Level.NON_CONFIDENTIAL))
    with pytest.raises(NotFound):
        order(world, record, session(world, tokens["thu"]))
    assert waiting(world, record)["done"]
    with world.archive.catalog.write() as connection:
        connection.execute(record_table.update().where(record_table.c.id == record).values(level=Level.MAT))


def test_the_worker_has_records_brought_up_and_never_down(world: World, early: Desk) -> None:
    record = kept(world, early, "MẬT\n" + LETTER.format(number=52, what="hạ", text="Khoản 10."))
    sealed = world.facts(record).wrapped
    for level, done in ((Level.NON_CONFIDENTIAL, False), (Level.MAT, False), (Level.TUYET_MAT, True)):
        with world.archive.catalog.write() as connection:
            connection.execute(record_table.update().where(record_table.c.id == record).values(level=level))
        assert early.archive.keeper.ask("bring_up", record=record) == {"done": done}
        assert (world.facts(record).wrapped == sealed) is not done


def test_a_record_on_its_way_is_not_read_again(world: World, early: Desk) -> None:
    taken = world.deposit(LETTER.format(number=53, what="đang đọc", text="Khoản 11."))
    with pytest.raises(InvalidInput):
        order(world, str(taken.receipt.record))
    to_the_end(early)


OURS = ("reread", "rest", "index")
"""The steps of a new reading itself; those of the store have tests of their own."""


@pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed"])
def test_killed_at_every_step_of_a_new_reading_a_record_is_there_once_and_never_lower(world: World, early: Desk, is_closed: bool) -> None:
    passed = live_through(world, early, "count", 600, is_closed=is_closed)
    points = [name for name in dict.fromkeys(passed) if name.split(".")[0] in OURS]
    assert {name.split(" ")[0] for name in points} >= {"reread.1", "reread.2", "reread.3", "rest.2", "rest.3"}
    for number, point in enumerate(points, 601):
        live_through(world, early, f"kill@{point}", number, is_closed=is_closed)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed"])
def test_killed_at_every_point_of_all_a_record_is_there_once_and_never_lower(world: World, early: Desk, is_closed: bool) -> None:
    # Every life shall pass the same points: which folders it would have to make is chance, and their making has tests of its own.
    for tree, shard in product(("payloads", "headers"), product("abcdefghijklmnopqrstuvwxyz234567", repeat=2)):
        (world.home.store / tree / "".join(shard)).mkdir(mode=0o700, exist_ok=True)
    passed = live_through(world, early, "count", 700, is_closed=is_closed)
    assert len(passed) > 50
    for number in range(1, len(passed) + 1):
        live_through(world, early, f"kill@{number}", 700 + number, is_closed=is_closed)


LEFT_BY_KILLS: set[str] = set()


def live_through(world: World, early: Desk, spec: str, number: int, *, is_closed: bool) -> list[str]:
    """Have a record read again by a worker that is killed, and by one after it; the points passed where it was not.

    The document turns out to be more secret than it was kept: the worst there is to be cut off in.
    """
    text = LETTER.format(number=number, what=f"giết {is_closed}", text="Khoản 13.") + "\nTỐI MẬT\n"
    record = kept(world, early, "MẬT\n" + text if is_closed else text)
    before, original = world.facts(record), world.content(world.blobs(record)[BlobPart.ORIGINAL])
    order(world, record)
    status, said = life(world, spec)
    if spec != "count":
        assert status == KILLED
        cut_off = world.facts(record)
        assert cut_off.state is State.KEPT and cut_off.effective_level >= before.effective_level
        assert cut_off.as_wrapped().effective_level >= before.as_wrapped().effective_level
        for blob in world.blobs(record).values():
            world.content(blob)
        life(world, "count")
        LEFT_BY_KILLS.update(strays(world))
    until(lambda: is_indexed(world, record))
    facts, parts = world.facts(record), world.blobs(record)
    assert facts.home == facts.wrapped == PartitionName(world.archive.office, Level.TOI_MAT)
    assert world.content(parts[BlobPart.ORIGINAL]) == original
    assert "TỐI MẬT" in text_of(world, record)
    assert waiting(world, record)["done"]
    assert {row["id"] for row in world.rows("blob") if row["record_id"] == record} == {blob.id for blob in parts.values()}
    assert found(world, record) is None
    versions = {one.id: one.header_versions for one in world.archive.store.walk()}
    assert all(versions[blob.id] == (blob.header_version,) for blob in parts.values())
    return said[1:]


@pytest.mark.parametrize("step", ["rewrap.1", "rewrap.2", "rewrap.3"])
def test_a_keeper_killed_while_it_brings_the_record_up_is_followed_by_one_that_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    instance = made_instance(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(instance.config))
    text = LETTER.format(number=54, what="kho", text="Khoản 12.") + "\nTỐI MẬT\n"
    with Household(Home(instance.home)) as household, Sandbox(entry=EARLY) as sandbox:
        own = World(instance, household)
        record = kept(own, own.desk(sandbox), text)
    instance.run("reread", record, exit_code=None, env={"VANKHO_FAILPOINT": f"kill@{step}"})
    instance.run("get", record, "-o", instance.base / "back")
    assert (instance.base / "back").read_text("utf-8") == text
    instance.run("reread", record)
    (shown,) = instance.json("show", record)
    assert shown["level"] == "TOI_MAT"
    (checked,) = instance.json("check", "--read-data")
    assert checked["findings"] == [] and checked["notes"] == []


def life(world: World, spec: str) -> tuple[int, list[str]]:
    end = world.household.ends[Role.WORKER].fileno()
    command = [sys.executable, str(LIFE), str(world.home.root), str(end), spec]
    done = subprocess.run(command, pass_fds=[end], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (0, KILLED), done.stderr[-3000:]
    return done.returncode, done.stdout.splitlines()


def assert_own_parts_alone(world: World, record: str) -> None:
    """Of what was replaced or not put in place no row is left, and no file beside those that the lives that were killed may leave."""
    assert {row["id"] for row in world.rows("blob") if row["record_id"] == record} == {blob.id for blob in world.blobs(record).values()}
    assert strays(world) <= LEFT_BY_KILLS


def receipts_of(world: World) -> list[dict[str, object]]:
    """All but what the log promises, which comes by itself when the act is sequenced."""
    return [{name: value for name, value in row.items() if name != "promise"} for row in world.rows("receipt")]


def strays(world: World) -> set[str]:
    return {one.id for one in world.archive.store.walk()} - {row["id"] for row in world.rows("blob")}


def found(world: World, record: str) -> str | None:
    """What the open index holds of it; there is none before the first open record."""
    path = open_index_path(world.home, world.archive.office)
    if not path.exists():
        return None
    index = open_partition(path, world.archive.open_index_key)
    entry = index.entry(RecordId(record))
    index.close()
    return None if entry is None else entry.text
