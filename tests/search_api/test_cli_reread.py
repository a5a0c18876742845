"""`reread`: what is kept is read again, what a person wrote stays hers, and what cannot be read again is left as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.instances import Instance
from tests.search_api.papers import notice, secret

pytestmark = pytest.mark.servers

LOCKED = Path(__file__).parents[1] / "data" / "pdf" / "pdfminersix__aes-256-m.pdf"


@pytest.mark.parametrize("paper", [notice(7, "lịch trực", "hoa sữa"), secret(8, "lịch trực", "hoa sữa")], ids=["open", "closed"])
def test_a_correction_outlives_a_new_reading_and_the_record_is_found_by_both(served: Instance, tmp_path: Path, paper: str) -> None:
    document = tmp_path / "giấy.txt"
    document.write_text(paper, "utf-8")
    (row, _) = served.json("ingest", document, "--batch", "lô 1")
    record = str(row["record_id"])
    served.run("edit", record, "--set", "subject=lịch trực bão", "--set", "tags=trực, bão", "--reason", "ghi thiếu")
    (before,) = served.json("show", record)
    (done,) = served.json("reread", record)
    assert done == {"record_id": record, "outcome": "stored", "reread": True, "reason": None, "message": None}
    (after,) = served.json("show", record)
    assert after == before
    for words in ("lịch trực bão", "hoa sữa"):
        (found,) = served.json("search", words)
        assert record in [hit["record_id"] for hit in found["hits"]]
    served.run("get", record, "-o", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == document.read_bytes()
    (again, _) = served.json("ingest", document)
    assert (again["outcome"], again["record_id"]) == ("duplicate", record)


def test_a_locked_document_is_left_as_it_was_without_its_password_and_read_again_with_it(served: Instance, tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.write_text("foo\n")
    (row, _) = served.json("ingest", LOCKED, "--password-file", words)
    record = str(row["record_id"])
    (before,) = served.json("show", record)
    (done,) = served.json("reread", record, exit_code=3)
    assert (done["outcome"], done["reread"], done["reason"]) == ("stored", False, "NEEDS_PASSWORD")
    assert served.json("show", record) == [before]
    (done,) = served.json("reread", record, "--password-file", words)
    assert (done["outcome"], done["reread"], done["reason"]) == ("stored", True, None)
    (checked,) = served.json("check", "--read-data")
    assert checked["findings"] == [] and checked["notes"] == []


def test_a_quarantined_document_may_be_read_again_and_stays_there_if_that_fails(served: Instance, tmp_path: Path) -> None:
    damaged = tmp_path / "hỏng.pdf"
    damaged.write_bytes((LOCKED.parent / "ocrmypdf__invalid.pdf").read_bytes())
    (row, _) = served.json("ingest", damaged)
    (done,) = served.json("reread", str(row["record_id"]), exit_code=3)
    assert (done["outcome"], done["reread"], done["reason"]) == ("quarantined", False, "DAMAGED")


def test_whoever_may_not_see_a_record_has_nothing_read_again(served: Instance, tmp_path: Path) -> None:
    document, key = tmp_path / "mật.txt", tmp_path / "reader.key"
    document.write_text(secret(9, "riêng", "thủy lợi"), "utf-8")
    (row, _) = served.json("ingest", document)
    office, record = str(served.json("status")[0]["office"]), str(row["record_id"])
    served.run("user", "add", "reader", "--office", office, "--role", "archivist", "--clearance", "NON_CONFIDENTIAL", "--key-out", key)
    ghost = record[:-6] + ("aaaaaa" if not record.endswith("aaaaaa") else "eeeeee")
    refused = [served.refusal("reread", one, exit_code=4, key=key) for one in (record, ghost)]
    assert str(refused[0]).replace(record, "ID") == str(refused[1]).replace(ghost, "ID")
    denied = served.json("audit", "query", "--record", record, "--outcome", "denied")
    assert [(entry["person"], entry["action"]) for entry in denied] == [("reader", "reread")]
