"""Auditors: what they may ask, what `audit verify` finds, and the bundle that they take away."""

from __future__ import annotations

import base64
import io
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from storage.audit.bundle import KEYS, verify_bundle
from storage.audit.log import CHECKPOINT
from storage.audit.note import open_checkpoint
from storage.audit.scribe import process
from storage.audit.tiles import layout
from storage.catalog.audit_rows import shred_details
from storage.catalog.states import AuditOutcome
from storage.errors import InvalidInput, NotAllowed, NotFound
from storage.vault.age import open_file
from storage.vault.keeper import auditing
from storage.vault.keeper.keeper import FIRST
from storage.vault.keeper.protocol import Json
from storage.vault.keyring import KeyKind
from tests.storage.vault.keeper.keeper_house import House

# Queries


def test_an_auditor_reads_acts_newest_first_with_their_details(house: House) -> None:
    house.acts(2)
    newest, second, first = _query(house, action="reread") + _query(house, action="init")
    assert (newest["record_id"], second["record_id"], first["action"]) == ("r1", "r0", "init")
    assert newest == {
        "seq": 2,
        "time": "2026-03-02T08:00:02.000000Z",
        "person": None,
        "source": "worker",
        "office": None,
        "action": "reread",
        "outcome": "done",
        "right": None,
        "record_id": "r1",
        "session": None,
        "address": None,
        "details": {"note": "số 1"},
    }


def test_a_question_is_an_act_in_the_log_with_what_was_asked(house: House) -> None:
    _query(house, action="reread", person="Trần Thị B")
    asked = _query(house, action="audit-read", person="officer")
    assert [entry["details"] for entry in asked] == [
        {"query": {"action": "audit-read", "person": "officer"}},
        {"query": {"action": "reread", "person": "Trần Thị B"}},
    ]
    assert all(entry["seq"] is not None for entry in asked)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"record": "r1"}, ["r1"]),
        ({"action": "reread", "outcome": "denied"}, ["r2"]),
        ({"action": "reread", "since": "2026-03-02T15:00:02+07:00"}, ["r2", "r1"]),
        ({"action": "reread", "until": "2026-03-02T08:00:02Z"}, ["r0"]),
        ({"action": "reread", "since": "2026-03-02T08:00:02Z", "until": "2026-03-02T08:00:03Z"}, ["r1"]),
        ({"action": "reread", "office": "elsewhere"}, []),
    ],
)
def test_questions_are_answered_by_record_action_outcome_office_and_time(house: House, asked: dict[str, Json], found: list[str]) -> None:
    house.acts(2)
    house.clock.set(house.clock.now() + timedelta(seconds=1))
    house.write(house.keeper.scribe.row(process("worker"), "reread", AuditOutcome.DENIED, record="r2"))
    assert [entry["record_id"] for entry in _query(house, **asked)] == found


def test_people_are_found_by_their_names_however_they_are_typed(house: House) -> None:
    house.person("Trần Thị Bưởi", "officer")
    assert [entry["action"] for entry in _query(house, person="Trần Thị Bưởi")] == ["sign-in"]


def test_pages_follow_each_other_without_gap_or_repetition(house: House) -> None:
    house.acts(7)
    session, seen = house.officer(), []
    after: Json = None
    while True:
        page = auditing.audit_query(house.keeper, session | {"action": "reread", "limit": 3, "after": after})
        entries = page["entries"]
        assert isinstance(entries, list)
        assert len(entries) <= 3
        seen += [entry["record_id"] for entry in entries if isinstance(entry, dict)]
        if (after := page["next"]) is None:
            break
    assert seen == [f"r{number}" for number in reversed(range(7))]


def test_a_page_ends_where_its_details_fill_an_answer(house: House) -> None:
    for number in range(3):
        house.write(house.keeper.scribe.row(process("worker"), "reread", record=f"r{number}", details={"words": "ă" * 1_500_000}))
    page = auditing.audit_query(house.keeper, house.officer() | {"action": "reread"})
    assert isinstance(page["entries"], list)
    assert len(page["entries"]) == 1
    assert page["next"] is not None


@pytest.mark.parametrize("wrong", [{"outcome": "ended"}, {"since": "yesterday"}, {"until": "2026-03-02"}, {"after": "here~there"}])
def test_a_question_that_cannot_be_meant_is_refused(house: House, wrong: dict[str, Json]) -> None:
    with pytest.raises(InvalidInput):
        auditing.audit_query(house.keeper, house.officer() | wrong)


@pytest.mark.parametrize("role", ["officer", "archivist", "registrar", "administrator"])
def test_nobody_but_auditors_asks_and_who_tries_is_written_down(house: House, role: str) -> None:
    session = house.person(f"An {role}", role)
    for duty in (auditing.audit_query, auditing.audit_verify, auditing.audit_bundle):
        with pytest.raises(NotAllowed):
            duty(house.keeper, session)
    with pytest.raises(NotAllowed):
        auditing.audit_file(house.keeper, session | {"size": 1, "name": "tile/entries/000.p/1"})
    with pytest.raises(NotAllowed):
        auditing.audit_verify(house.keeper, session | {"run": "x"})
    denied = _query(house, person=f"An {role}", outcome="denied")
    assert [(entry["action"], entry["right"]) for entry in denied] == [("audit-read", "role")] * 3


@pytest.mark.parametrize(("role", "may"), [("auditor", True), ("administrator", True), ("archivist", False)])
def test_auditors_and_administrators_get_the_checkpoint(house: House, role: str, may: bool) -> None:
    session = house.person("An", role)
    if not may:
        with pytest.raises(NotAllowed):
            auditing.audit_checkpoint(house.keeper, session)
        return
    note = str(auditing.audit_checkpoint(house.keeper, session)["checkpoint"])
    assert open_checkpoint(note.encode(), house.keeper.sequencer.verifier).head.size == len(house.rows())


def test_details_are_sealed_to_the_auditors_alone(house: House) -> None:
    house.acts(1)
    sealed = house.rows()[-1].details_sealed or b""
    assert "số 0".encode() not in sealed
    assert "số 0".encode() in b"".join(open_file(io.BytesIO(sealed), [house.keeper.keyring.identity(KeyKind.AUDITORS, FIRST)]))


# Verification


def test_an_untouched_log_is_found_whole(house: House) -> None:
    house.acts(3)
    house.person("Trần Thị Bưởi", "officer")
    house.write(house.keeper.scribe.row(process("worker"), "show", AuditOutcome.DENIED, record="không có " + "ơ\u0301" * 150))
    found = _verify(house)
    size = len(house.rows())
    assert found["root"] == (house.audit / CHECKPOINT).read_text().split("\n")[2]
    assert found == {"ok": True, "size": size, "root": found["root"], "pending": 0, "first_bad": None}


def test_details_that_were_destroyed_leave_the_log_whole(house: House) -> None:
    ids = house.acts(2)
    with house.keeper.catalog.write() as connection:
        shred_details(connection, ids[0])
    assert _verify(house)["ok"]
    assert [entry["details"] for entry in _query(house, action="reread")] == [{"note": "số 1"}, None]


_COLUMNS = {
    "person": "officer",
    "source": "keeper",
    "office": "elsewhere",
    "action": "show",
    "outcome": "failed",
    "right_used": "grant",
    "record_id": "r9",
    "session": "s",
    "address": "10.0.0.1",
    "time": "2026-03-02T08:00:01.000001Z",
    "leaf": "{}",
    "id": "a" * 26,
    "details_sealed": b"x",
}


@pytest.mark.parametrize("column", _COLUMNS)
def test_a_changed_column_of_any_row_is_named(house: House, column: str) -> None:
    house.acts(3)
    house.keeper.sequencer.sequence()
    house.tamper(f"UPDATE audit_pending SET {column} = :value WHERE sequenced_seq = 2", value=_COLUMNS[column])
    assert _found(house) == (2, "ROW_CHANGED")


def test_one_changed_byte_of_a_leaf_is_named(house: House) -> None:
    house.acts(3)
    house.keeper.sequencer.sequence()
    house.tamper("UPDATE audit_pending SET leaf = replace(leaf, '\"r1\"', '\"r2\"') WHERE sequenced_seq = 2")
    assert _found(house) == (2, "ROW_CHANGED")


def test_details_of_another_act_are_named(house: House) -> None:
    house.acts(3)
    house.keeper.sequencer.sequence()
    other = house.rows()[3].details_sealed
    house.tamper("UPDATE audit_pending SET details_sealed = :other WHERE sequenced_seq = 2", other=other)
    assert _found(house) == (2, "ROW_CHANGED")
    assert [entry["details"] for entry in _query(house, record="r1")] == [None]


def test_a_person_who_was_renamed_is_named(house: House) -> None:
    house.officer()
    house.keeper.sequencer.sequence()
    first = next(row.seq for row in house.rows() if row.person == "officer")
    house.tamper("UPDATE person SET name = 'Nguyễn Văn C' WHERE name = 'officer'")
    house.tamper("UPDATE audit_pending SET person = 'Nguyễn Văn C' WHERE sequenced_seq = :seq", seq=first)
    assert _found(house, auditor="Nguyễn Văn C") == (first, "ROW_CHANGED")


def test_a_deleted_row_is_named(house: House) -> None:
    house.acts(3)
    house.keeper.sequencer.sequence()
    house.tamper("DELETE FROM audit_pending WHERE sequenced_seq = 2")
    assert _found(house) == (2, "ROW_MISSING")


def test_a_deleted_row_at_the_end_is_named_also_after_a_restart(house: House) -> None:
    house.acts(3)
    house.keeper.sequencer.sequence()
    house.tamper("DELETE FROM audit_pending WHERE sequenced_seq = 3")
    house.start()
    assert _found(house) == (3, "ROW_MISSING")


def test_a_row_that_was_given_another_place_is_named(house: House) -> None:
    house.acts(3)
    house.keeper.sequencer.sequence()
    house.tamper("UPDATE audit_pending SET sequenced_seq = NULL WHERE sequenced_seq = 1")
    assert _found(house) == (1, "ROW_MISSING")


@pytest.mark.parametrize(("is_open", "size"), [(False, 0), (True, 4)])
def test_a_row_that_claims_a_place_beyond_the_log_is_named(house: House, is_open: bool, size: int) -> None:
    if is_open:
        house.keeper.sequencer.sequence()
    house.acts(2)
    house.tamper("UPDATE audit_pending SET sequenced_seq = 7000 WHERE record_id = 'r1'")
    assert _found(house) == (size, "ENTRY_MISSING")


def test_a_row_that_cannot_enter_the_log_is_named_at_once(house: House) -> None:
    house.acts(1)
    house.keeper.sequencer.sequence()
    house.write(house.keeper.scribe.row(process("worker"), "reread"))
    house.tamper("UPDATE audit_pending SET leaf = '{}' WHERE sequenced_seq IS NULL")
    judged = _verify(house)
    assert (judged["pending"], judged["first_bad"]) == (1, {"seq": None, "kind": "ROW_CHANGED"})


@pytest.mark.parametrize(("waited", "kind"), [(timedelta(seconds=10), "UNREADABLE"), (timedelta(seconds=11), "PENDING_OLD")])
def test_rows_wait_at_most_ten_seconds(house: House, waited: timedelta, kind: str) -> None:
    session = house.officer()
    house.keeper.sequencer.sequence()
    (house.audit / ".new").mkdir()  # nothing more can be written there
    house.acts(1)
    house.clock.set(house.clock.now() + waited)
    assert _verify(house, session)["first_bad"] == {"seq": None, "kind": kind}


@pytest.mark.parametrize(
    ("name", "kind", "seq"),
    [("tile/entries/000", "ENTRY_CHANGED", 5), ("tile/0/000", "TILE_CHANGED", 5), ("tile/1/000.p/1", "TILE_CHANGED", 0)],
)
def test_a_changed_byte_in_the_tree_is_named_while_the_keeper_runs(big: House, name: str, kind: str, seq: int) -> None:
    path = big.audit / name
    content = bytearray(path.read_bytes())
    at = content.index(b'"r4"') + 1 if kind == "ENTRY_CHANGED" else 32 * seq
    content[at] ^= 1
    path.write_bytes(content)
    assert _found(big) == (seq, kind)


@pytest.mark.parametrize("name", ["tile/entries/000", "tile/0/000"])
def test_a_lost_file_of_the_tree_is_named(big: House, name: str) -> None:
    (big.audit / name).unlink()
    seq, kind = _found(big)
    assert seq == 0
    assert kind in ("ENTRY_MISSING", "TILE_MISSING")


def test_a_changed_checkpoint_is_named(house: House) -> None:
    _tamper_at_rest(house, lambda audit: _flip(audit / CHECKPOINT, -5))
    assert _found(house) in ((None, "CHECKPOINT_SIGNATURE"), (None, "UNREADABLE"))  # as the flipped letter is one of base64 or not


def test_a_lost_memory_of_the_signer_is_named(house: House) -> None:
    _tamper_at_rest(house, lambda audit: (audit / "signer").unlink())
    assert _found(house) == (None, "MEMORY_DAMAGED")


def test_an_entry_changed_while_the_keeper_is_down_is_named(house: House) -> None:
    _tamper_at_rest(house, lambda audit: _flip(audit / "tile/entries/000.p/4", -20))
    assert _found(house) == (3, "ENTRY_CHANGED")


@pytest.mark.parametrize("with_memory", [True, False])
def test_an_older_log_put_in_its_place_is_named(house: House, tmp_path: Path, with_memory: bool) -> None:
    house.acts(2)
    house.keeper.sequencer.sequence()
    shutil.copytree(house.audit, tmp_path / "older")

    def set_back(audit: Path) -> None:
        memory = (audit / "signer").read_bytes()
        shutil.rmtree(audit)
        shutil.copytree(tmp_path / "older", audit)
        if not with_memory:
            (audit / "signer").write_bytes(memory)

    _tamper_at_rest(house, set_back)
    assert _found(house) == (3, "ENTRY_MISSING")


def test_the_first_of_two_damages_is_named(house: House) -> None:
    house.acts(5)
    house.keeper.sequencer.sequence()
    house.tamper("DELETE FROM audit_pending WHERE sequenced_seq = 4")
    house.tamper("UPDATE audit_pending SET action = 'show' WHERE sequenced_seq = 2")
    assert _found(house) == (2, "ROW_CHANGED")


# Bundles


def test_a_bundle_verifies_and_stays_as_its_checkpoint_has_it_while_the_log_grows(house: House, tmp_path: Path) -> None:
    house.acts(250)
    session = house.officer()
    given = auditing.audit_bundle(house.keeper, session)
    house.acts(300)  # fills the bundle that was partial, and its files with it
    house.keeper.sequencer.sequence()
    folder = _download(house, session, given, tmp_path / "bundle")
    verdict = verify_bundle(folder, house.keeper.sequencer.verifier)
    assert verdict.ok
    assert verdict.head is not None
    assert verdict.head.size == given["size"]


@pytest.mark.parametrize(
    "name",
    [
        "signer",
        "checkpoint",
        "../keys/x.key",
        "tile/entries/../../signer",
        "/etc/passwd",
        "tile/entries/000",
        "tile/entries/001.p/1",
        "tile/0/000.p/01",
        "tile/0/000.p/255",
        "tile/9/000.p/1",
        "tile/0/x000/000.p/4",
        "tile/entries/000.p/4\n",
        "",
    ],
)
def test_no_other_file_is_given_out(house: House, name: str) -> None:
    house.acts(2)
    session = house.officer()
    assert house.keeper.sequencer.sequence().checkpoint.head.size == 4
    assert auditing.audit_file(house.keeper, session | {"size": 4, "name": "tile/entries/000.p/4"})["content"]
    with pytest.raises(NotFound):
        auditing.audit_file(house.keeper, session | {"size": 4, "name": name})


def test_no_file_of_a_log_that_is_not_there_yet_is_given_out(house: House) -> None:
    with pytest.raises(NotFound):
        auditing.audit_file(house.keeper, house.officer() | {"size": 900, "name": "tile/entries/000"})


@pytest.fixture
def big(house: House) -> House:
    """A log with a full bundle."""
    house.acts(280)
    house.keeper.sequencer.sequence()
    return house


def _query(house: House, **asked: Json) -> list[dict[str, Json]]:
    entries = auditing.audit_query(house.keeper, house.officer() | asked)["entries"]
    assert isinstance(entries, list)
    return [entry for entry in entries if isinstance(entry, dict)]


def _verify(house: House, session: dict[str, Json] | None = None) -> dict[str, Json]:
    session = session or house.officer()
    answer = auditing.audit_verify(house.keeper, session)
    while "run" in answer:
        answer = auditing.audit_verify(house.keeper, session | answer)
    return answer


def _found(house: House, auditor: str = "officer") -> tuple[Json, Json]:
    """What verification names first."""
    judged = _verify(house)
    bad = judged["first_bad"]
    assert judged["ok"] is False
    assert isinstance(bad, dict)
    return bad["seq"], bad["kind"]


def _tamper_at_rest(house: House, change: Callable[[Path], object]) -> None:
    """Change the log of four entries or more while no keeper runs."""
    house.acts(3)
    house.keeper.sequencer.sequence()
    house.stop()
    change(house.audit)


def _flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def _download(house: House, session: dict[str, Json], given: dict[str, Json], folder: Path) -> Path:
    size = int(str(given["size"]))
    for name in layout(size):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = auditing.audit_file(house.keeper, session | {"size": size, "name": name})["content"]
        path.write_bytes(base64.b64decode(str(content)))
    (folder / KEYS).write_text(f"{given['key']}\n")
    (folder / CHECKPOINT).write_text(str(given["checkpoint"]))
    return folder
