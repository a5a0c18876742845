"""`show`, `get`, `edit`, `withdraw`, `review`, `reclassify`: what one may do to one record, and that nothing else is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.instances import Instance
from tests.search_api.papers import notice, secret

pytestmark = pytest.mark.servers

SHOWN = {
    "record_id", "state", "level", "proposed_level", "confidential", "review", "protect_until", "office", "compartments", "marks", "fields",
    "parts", "reasons", "warnings", "active", "history",
}


def _put(served: Instance, tmp_path: Path, text: str) -> str:
    paper = tmp_path / "paper.txt"
    paper.write_text(text, "utf-8")
    return str(served.json("ingest", paper)[0]["record_id"])


def _person(served: Instance, name: str, role: str, clearance: str) -> Path:
    key = served.base / f"{name}.key"
    if not key.exists():
        served.run("user", "add", name, "--office", "central", "--role", role, "--clearance", clearance, "--key-out", key)
    return key


def _ghost(record: str) -> str:
    return record[:-6] + ("abcdef" if not record.endswith("abcdef") else "fedcba")


def _total(served: Instance, query: str) -> object:
    return served.json("search", query)[0]["total"]


def test_a_record_is_shown_whole_and_its_parts_come_back_bit_by_bit(served: Instance, tmp_path: Path) -> None:
    text = secret(11, "công tác cơ yếu")
    record = _put(served, tmp_path, text)
    shown = served.json("show", record)[0]
    assert set(shown) >= SHOWN and (shown["state"], shown["level"], shown["indexed"]) == ("kept", "MAT", True)
    assert shown["fields"]["ref_code"] == "11-BC/VPTU" and shown["fields"]["subject"] == "công tác cơ yếu"
    served.run("get", record, "-o", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == text.encode() and (tmp_path / "back").stat().st_mode & 0o777 == 0o600
    served.run("get", record, "-o", tmp_path / "sealed", "--format", "age")
    assert "cơ yếu".encode() not in (tmp_path / "sealed").read_bytes()
    served.run("open", tmp_path / "sealed", "--identity", served.recovery, "-o", tmp_path / "opened")
    assert (tmp_path / "opened").read_bytes() == text.encode()
    assert "cơ yếu" in served.run("show", record).stdout


def test_a_file_is_made_whole_or_not_at_all_and_never_written_over(served: Instance, tmp_path: Path) -> None:
    record = _put(served, tmp_path, notice(12, "lịch trực"))
    (tmp_path / "kept").write_bytes(b"kept")
    assert served.refusal("get", record, "-o", tmp_path / "kept", exit_code=2)["code"] == "VK-EXISTS"
    served.run("get", record, "-o", tmp_path / "no" / "such", exit_code=2)
    served.run("get", _ghost(record), "-o", tmp_path / "new", exit_code=4)
    assert (tmp_path / "kept").read_bytes() == b"kept"
    assert {path.name for path in tmp_path.iterdir()} == {"paper.txt", "kept"}


def test_what_one_may_not_read_answers_like_what_never_was(served: Instance, tmp_path: Path) -> None:
    record, lan = _put(served, tmp_path, secret(13, "quạt chanh")), _person(served, "lan", "archivist", "NON_CONFIDENTIAL")
    acts: list[tuple[str, ...]] = [
        ("show", "ID"),
        ("get", "ID", "-o", str(tmp_path / "x")),
        ("edit", "ID", "--set", "subject=a", "--reason", "b"),
        ("withdraw", "ID", "--reason", "b"),
        ("reclassify", "ID", "--level", "TOI_MAT", "--reason", "b"),
        ("review", "decide", "ID", "--level", "MAT", "--reason", "b"),
        ("receipt", "ID"),
    ]
    for act in acts:
        answers = []
        for name in (record, _ghost(record)):
            done = served.run("--json", *(name if word == "ID" else word for word in act), key=lan, exit_code=4)
            answers.append((done.stdout.replace(name, "ID"), done.stderr.replace(name, "ID")))
        assert answers[0] == answers[1], act
    assert not (tmp_path / "x").exists()
    assert served.json("search", "quạt chanh", key=lan)[0]["total"] == 0 and _total(served, "quạt chanh") == 1


@pytest.mark.parametrize("name", ["never-was", "a/b", "chưa từng có", "..", "x?y#z", " ", "%00"])
def test_odd_ids_are_not_found_in_the_same_words(served: Instance, name: str) -> None:
    problem = served.refusal("show", name, exit_code=4)
    assert set(problem) == {"type", "title", "status", "detail", "code", "instance"}
    assert (problem["code"], problem["status"]) == ("VK-NOT-FOUND", 404)


def test_an_edit_stands_in_the_history_and_is_found(served: Instance, tmp_path: Path) -> None:
    record = _put(served, tmp_path, notice(14, "lịch nghỉ hè"))
    shown = served.json("edit", record, "--set", "subject=đèn trời", "--set", "signer=Trần Bình", "--reason", "đọc sai")[0]
    assert (shown["fields"]["subject"], shown["fields"]["signer"]) == ("đèn trời", "Trần Bình")
    (entry,) = shown["history"]
    assert (entry["person"], entry["reason"], entry["set"]) == ("officer", "đọc sai", {"subject": "đèn trời", "signer": "Trần Bình"})
    assert shown["indexed"] is True and _total(served, "đèn trời") == 1
    served.run("edit", record, "--set", "subject", "--reason", "b", exit_code=2)
    served.run("edit", record, "--set", "no_such_field=x", "--reason", "b", exit_code=2)


def test_a_record_in_review_is_decided_once_by_one_person(served: Instance, tmp_path: Path) -> None:
    record = _put(served, tmp_path, "vài lời không có tiêu đề\n")
    assert record in [line["record_id"] for line in served.json("review", "list")]
    assert record not in [line["record_id"] for line in served.json("review", "list", key=_person(served, "lan", "archivist", "NON_CONFIDENTIAL"))]
    decided = served.json("review", "decide", record, "--level", "NON_CONFIDENTIAL", "--reason", "không mật")[0]
    assert (decided["level"], decided["review"], decided["confidential"], decided["indexed"]) == ("NON_CONFIDENTIAL", False, False, True)
    assert record not in [line["record_id"] for line in served.json("review", "list")]
    served.run("review", "decide", record, "--level", "MAT", "--reason", "x", exit_code=2)
    assert served.json("search", "vài lời", key=served.base / "lan.key")[0]["total"] == 1


def test_one_person_raises_a_level_and_it_takes_two_to_lower_it(served: Instance, tmp_path: Path) -> None:
    record, lan = _put(served, tmp_path, notice(15, "sông dài núi rộng")), _person(served, "lan", "archivist", "NON_CONFIDENTIAL")
    hoa, clerk = _person(served, "hoa", "archivist", "TUYET_MAT"), _person(served, "clerk", "officer", "TUYET_MAT")
    words = ("reclassify", record, "--reason", "QĐ 12")
    assert served.json(*words, "--level", "TOI_MAT")[0]["level"] == "TOI_MAT"
    served.run("show", record, key=lan, exit_code=4)
    assert served.json("search", "sông dài", key=lan)[0]["total"] == 0 and _total(served, "sông dài") == 1
    down = (*words, "--level", "NON_CONFIDENTIAL")
    assert served.refusal(*down, exit_code=5)["code"] == "VK-SECOND-PERSON"
    (own,) = served.config.rglob("*.key")
    served.run(*down, "--second-key", own, exit_code=8)
    served.run(*down, "--second-key", clerk, exit_code=8)
    assert served.json("show", record)[0]["level"] == "TOI_MAT"
    lowered = served.json(*down, "--second-key", hoa)[0]
    assert (lowered["level"], lowered["indexed"]) == ("NON_CONFIDENTIAL", True)
    assert served.json("search", "sông dài", key=lan)[0]["total"] == 1
    served.run(*down, "--second-key", hoa, exit_code=2)  # it has this level already


def test_a_withdrawn_record_is_nowhere_and_may_be_deposited_again(served: Instance, tmp_path: Path) -> None:
    record = _put(served, tmp_path, notice(16, "mực thuyền rồng"))
    assert _total(served, "mực thuyền rồng") == 1
    assert served.json("withdraw", record, "--reason", "nộp nhầm")[0]["state"] == "withdrawn"
    served.run("show", record, exit_code=4)
    served.run("get", record, "-o", tmp_path / "x", exit_code=4)
    served.run("withdraw", record, "--reason", "lần nữa", exit_code=4)
    assert _total(served, "mực thuyền rồng") == 0
    assert _put(served, tmp_path, notice(16, "mực thuyền rồng")) != record
