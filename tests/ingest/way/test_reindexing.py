"""An open index that was lost or damaged is built anew from catalog and store: open records alone, each as it stands now."""

from __future__ import annotations

import base64
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from way_world import LETTER, World, marked

from classification.levels import Level
from ingest.desk import Desk
from ingest.pipeline import take_next
from ingest.reindexing import Reindexing
from ingest.working import Indexing
from storage.audit.scribe import process
from storage.catalog.audit_rows import add_audit_row
from storage.catalog.names import OfficeId, PartitionName
from storage.catalog.outbox import add_outbox_row
from storage.catalog.rebuilds import Claimed, add_rebuilds, all_rebuilds, claim_rebuild, give_back_rebuild, void_rebuild_leases
from storage.catalog.record_facts import Change, facts_of
from storage.catalog.records import Classified, classify
from storage.catalog.states import BlobPart, Operation
from storage.description import Description, write_open
from storage.errors import KeeperRefused, NotFound
from storage.ids import RecordId
from storage.index.embedded import EmbeddedOpenIndex
from storage.index.entry import IndexEntry
from storage.index.filters import parse_filters
from storage.index.merge import ask
from storage.index.open_index import Batches, Count, Rebuilt
from storage.index.query import parse_query
from storage.index.question import Question, Sort
from storage.indexed import entry_of, to_content
from storage.vault.age import open_header

pytestmark = pytest.mark.servers

CENTRAL = OfficeId("central")


def kept(world: World, desk: Desk, *letters: str) -> list[str]:
    """The letters' records, at rest, and the open ones in the index."""
    records = [str(world.deposit(letter).receipt.record) for letter in letters]
    while take_next(desk, "hand"):
        pass
    indexing = Indexing(desk)
    while not world.is_idle():
        indexing.turn()
    indexing.close()
    return records


def found(desk: Desk, words: str) -> set[str]:
    """What a search of the open index gives."""
    question = Question(parse_query(words, {}), parse_filters([]), Sort.RANK, 100)
    with desk.archive.open_index.asking({CENTRAL: frozenset()}) as sources:
        return {hit.record_id for hit in ask(question, sources).found.hits}


def asked(desk: Desk) -> None:
    with desk.archive.catalog.write() as connection:
        add_rebuilds(connection, [PartitionName(CENTRAL)], desk.archive.clock.now())


def acts(world: World) -> int:
    return sum(row["action"] == "reindex" for row in world.rows("audit_pending"))


def lost(world: World) -> None:
    for path in world.home.catalog.glob("open-central*.db*"):
        path.unlink()


def test_what_was_lost_is_found_again_by_its_text_and_its_description(world: World, desk: Desk) -> None:
    letters = [LETTER.format(number=number, what="lụt bão", text=f"Hoa sữa nở lần {number}.") for number in range(1, 4)]
    records = set(kept(world, desk, *letters))
    assert found(desk, "hoa sữa") == found(desk, "lụt bão") == records
    before = acts(world)
    lost(world)
    assert found(desk, "hoa sữa") == set()
    asked(desk)
    assert Reindexing(desk).turn() == 0.0
    assert found(desk, "hoa sữa") == found(desk, "lụt bão") == records
    with desk.archive.catalog.read() as connection:
        assert all_rebuilds(connection) == []
    assert acts(world) == before + 1


def test_the_keeper_opens_the_texts_of_open_records_and_of_no_other(world: World, desk: Desk) -> None:
    letter = LETTER.format(number=40, what="cháy rừng", text="Nội dung.")
    opened, closed = kept(world, desk, letter, marked(letter.replace("40/", "41/")))
    (waiting,) = [str(world.deposit(letter.replace("40/", "42/")).receipt.record)]
    given = desk.archive.keeper.ask("open_texts", records=[opened, closed, waiting, "a" * 26])["keys"]
    assert isinstance(given, dict) and set(given) == {opened}
    blob = world.blobs(opened)[BlobPart.TEXT]
    key = open_header(world.archive.store.read_header(blob.id, blob.header_version), world.recovery)
    assert base64.b64decode(str(given[opened])) == key
    for wrong in ([], [opened] * 101, "all"):
        with pytest.raises(KeeperRefused):
            desk.archive.keeper.ask("open_texts", records=wrong)
    with pytest.raises(NotFound):
        world.archive.keeper.ask("open_texts", records=[opened])  # the api has no such duty
    kept(world, desk)


def test_the_records_of_a_batch_are_read_in_one_statement(world: World, desk: Desk) -> None:
    records = kept(world, desk, *(LETTER.format(number=number, what="xâm nhập mặn", text="Lúa chết.") for number in (44, 45, 46)))
    asked(desk)
    statements: list[str] = []

    def executed(_: object, __: object, statement: str, *___: object) -> None:
        if threading.current_thread() is threading.main_thread() and "open_description" in statement:
            statements.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", executed)
    try:
        assert Reindexing(desk).turn() == 0.0
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", executed)
    assert found(desk, "xâm nhập mặn") == set(records)
    assert len(statements) == 2  # the batch, and that none follows


def test_a_text_that_cannot_be_read_leaves_its_record_found_by_its_description(world: World, desk: Desk) -> None:
    (record,) = kept(world, desk, LETTER.format(number=50, what="hạn hán", text="Cây bàng lá đỏ."))
    blob = world.blobs(record)[BlobPart.TEXT]
    (payload,) = (path for path in world.files() if path.name == blob.id)
    before = payload.read_bytes()
    payload.write_bytes(bytes([before[0] ^ 1]) + before[1:])
    asked(desk)
    Reindexing(desk).turn()
    assert found(desk, "hạn hán") == {record}
    assert found(desk, '"cây bàng"') == set()
    payload.write_bytes(before)
    asked(desk)
    Reindexing(desk).turn()
    assert found(desk, '"cây bàng"') == {record}


class _Short(EmbeddedOpenIndex):
    """An index that waits for nobody, and of which one record more is expected than there are."""

    def rebuild(self, office: OfficeId, read: Batches, expected: Count, patience: float = 0.0) -> Rebuilt:
        return super().rebuild(office, read, lambda refused: expected(refused) + 1, 0.0)


def test_one_that_would_not_hold_every_record_fails_and_the_old_one_goes_on_until_it_is_asked_for_again(world: World, desk: Desk) -> None:
    (record,) = kept(world, desk, LETTER.format(number=60, what="sạt lở", text="Đá lăn."))
    short = replace(desk, archive=replace(desk.archive, open_index=_Short(world.home.catalog, desk.archive.open_index_key)))
    asked(desk)
    reindexing = Reindexing(short)
    reindexing.turn()
    with desk.archive.catalog.read() as connection:
        (failed,) = all_rebuilds(connection)
    assert failed.failed == "VK-INDEX-INCOMPLETE"
    assert reindexing.turn() > 0, "it is not tried again by itself"
    assert found(desk, "sạt lở") == {record}
    asked(desk)
    Reindexing(desk).turn()
    with desk.archive.catalog.read() as connection:
        assert all_rebuilds(connection) == []
    assert found(desk, "sạt lở") == {record}


class _Choosy(EmbeddedOpenIndex):
    """An index that refuses the records of which it is told."""

    odd: frozenset[str] = frozenset()

    def rebuild(self, office: OfficeId, read: Batches, expected: Count, patience: float = 0.0) -> Rebuilt:
        refused = {RecordId(record): "too odd" for record in self.odd}

        def taken(last: str) -> Sequence[IndexEntry]:
            return [entry for entry in read(last) if entry.record_id not in refused]

        return Rebuilt(super().rebuild(office, taken, lambda _: expected(frozenset(refused)), 0.0).records, refused)


def test_a_record_that_is_refused_is_counted_apart_and_the_others_are_found(world: World, desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    letters = [LETTER.format(number=number, what="sương muối", text=f"Rau chết {number}.") for number in (63, 64)]
    odd, good = kept(world, desk, *letters)
    index = _Choosy(world.home.catalog, desk.archive.open_index_key)
    index.odd = frozenset({odd})
    choosing = replace(desk, archive=replace(desk.archive, open_index=index))
    reindexing = Reindexing(choosing)
    asked(desk)
    assert reindexing.turn() == 0.0
    with desk.archive.catalog.read() as connection:
        (ended,) = all_rebuilds(connection)
    assert (ended.failed, ended.refused, ended.has_ended) == (None, 1, True)
    assert found(desk, "sương muối") == {good}
    said = capfd.readouterr().out
    assert odd in said and "too odd" in said and good not in said and "Rau" not in said
    assert reindexing.turn() > 0, "it is not tried again by itself"
    lost(world)
    assert Reindexing(choosing).turn() == 0.0, "but for one that is lost later"
    assert found(desk, "sương muối") == {good}
    index.odd = frozenset()
    asked(desk)
    reindexing.turn()
    with desk.archive.catalog.read() as connection:
        assert all_rebuilds(connection) == []
    assert found(desk, "sương muối") == {odd, good}


def test_a_record_just_opened_is_left_to_its_own_change_until_it_lies_under_an_open_key(world: World, desk: Desk) -> None:
    letter = LETTER.format(number=66, what="động đất", text="Nhà nứt.")
    opened, closed = kept(world, desk, letter, marked(letter.replace("66/", "67/")))
    described = Description(file_name="a.txt", plain_sha256="0" * 64, subject="phòng chống động đất")
    archive = desk.archive
    with archive.catalog.write() as connection:
        row = archive.scribe.row(process("worker"), "review", record=RecordId(closed))
        add_audit_row(connection, row)
        decided = Classified(Level.NON_CONFIDENTIAL, None, frozenset(), work_secret=False, review=False)
        classify(connection, archive.ids, RecordId(closed), decided, Change(archive.clock.now(), row.id), again=True)
        write_open(connection, RecordId(closed), described)
        facts = facts_of(connection, closed)
        assert facts is not None
        content = to_content(entry_of(facts, described, "Nhà nứt.", 1))
        add_outbox_row(connection, facts.id, Operation.PUT, facts.home, archive.clock.now(), content)
    indexing = Indexing(desk)
    assert indexing.turn() > 0.0
    asked(desk)
    assert Reindexing(desk).turn() == 0.0
    with archive.catalog.read() as connection:
        assert all_rebuilds(connection) == []
    assert found(desk, '"nhà nứt"') == found(desk, "động đất") == {opened}
    world.archive.keeper.ask("rewrap", record=closed)
    while not world.is_idle():
        indexing.turn()
    indexing.close()
    assert found(desk, '"nhà nứt"') == {opened, closed}


def test_of_two_workers_one_builds_it_and_one_that_was_taken_for_dead_puts_it_down(world: World, desk: Desk) -> None:
    (record,) = kept(world, desk, LETTER.format(number=68, what="mưa đá", text="Ngói vỡ."))
    lost(world)
    asked(desk)
    other, seen = Reindexing(desk), list[float]()

    def is_stopping() -> bool:
        """What is asked before each step."""
        seen.append(other.turn())
        return False

    before = acts(world)
    assert Reindexing(replace(desk, is_stopping=is_stopping)).turn() == 0.0
    assert seen and min(seen) > 0.0 and acts(world) == before + 1
    assert found(desk, "mưa đá") == {record}

    lost(world)
    asked(desk)
    gone = False

    def is_taken_for_dead() -> bool:
        nonlocal gone
        if not gone:
            with desk.archive.catalog.write() as connection:
                void_rebuild_leases(connection, is_open=True)
                assert claim_rebuild(connection, "other", desk.archive.clock.now(), desk.lease_until(), is_open=True) is not None
            gone = True
        return False

    assert Reindexing(replace(desk, is_stopping=is_taken_for_dead)).turn() > 0.0
    assert found(desk, "mưa đá") == set() and not list(Path(world.home.catalog).glob(".open-*"))
    with desk.archive.catalog.write() as connection:
        give_back_rebuild(connection, Claimed(PartitionName(CENTRAL), "other"))
    Reindexing(desk).turn()
    assert found(desk, "mưa đá") == {record}


def test_a_worker_that_is_to_end_puts_it_down_and_the_next_one_begins_anew(world: World, desk: Desk) -> None:
    (record,) = kept(world, desk, LETTER.format(number=70, what="lốc xoáy", text="Mái tôn bay."))
    lost(world)
    asked(desk)
    assert Reindexing(replace(desk, is_stopping=lambda: True)).turn() == 0.0
    assert found(desk, "lốc xoáy") == set()
    assert not list(Path(world.home.catalog).glob(".open-*"))
    Reindexing(desk).turn()
    assert found(desk, "lốc xoáy") == {record}
