"""`unlock`: a document that needs its password waits in quarantine, and comes out with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.instances import Instance

pytestmark = pytest.mark.servers

LOCKED = Path(__file__).parents[1] / "data" / "pdf" / "pdfminersix__aes-256-m.pdf"


def test_a_locked_document_is_put_aside_and_its_password_lets_it_out(instance: Instance) -> None:
    (row, _) = instance.json("ingest", LOCKED)
    assert (row["outcome"], row["reason"]) == ("quarantined", "NEEDS_PASSWORD")
    record, words = str(row["record_id"]), instance.base / "words"

    words.write_text("wrong\n")
    (wrong,) = instance.json("unlock", record, "--password-file", words, exit_code=3)
    assert (wrong["outcome"], wrong["reason"]) == ("quarantined", "NEEDS_PASSWORD")

    words.write_text("foo\n")
    (right,) = instance.json("unlock", record, "--password-file", words)
    assert right["outcome"] == "stored"
    instance.run("get", record, "-o", instance.base / "back")
    assert (instance.base / "back").read_bytes() == LOCKED.read_bytes(), "the original stays as it came"
    (checked,) = instance.json("check", "--read-data")
    assert checked["findings"] == [] and checked["notes"] == []
    assert instance.refusal("unlock", record, "--password-file", words, exit_code=2)["code"] == "VK-INVALID"


def test_a_password_that_comes_with_the_document_opens_it_at_once(instance: Instance) -> None:
    words = instance.base / "words"
    words.write_text("foo\n")
    (row, _) = instance.json("ingest", LOCKED, "--password-file", words)
    assert row["outcome"] == "stored"
    assert "foo" not in instance.run("audit", "query").stdout


def test_whoever_neither_brought_it_nor_may_read_it_unlocks_nothing(instance: Instance, tmp_path: Path) -> None:
    (row, _) = instance.json("ingest", LOCKED)
    key, words = tmp_path / "reader.key", tmp_path / "words"
    words.write_text("foo\n")
    office = str(instance.json("status")[0]["office"])
    instance.run("user", "add", "reader", "--office", office, "--role", "archivist", "--clearance", "NON_CONFIDENTIAL", "--key-out", key)
    record = str(row["record_id"])
    ghost = record[:-6] + ("aaaaaa" if not record.endswith("aaaaaa") else "eeeeee")
    refused = [instance.refusal("unlock", one, "--password-file", words, exit_code=4, key=key) for one in (record, ghost)]
    assert str(refused[0]).replace(record, "ID") == str(refused[1]).replace(ghost, "ID")
    denied = instance.json("audit", "query", "--record", record, "--outcome", "denied")
    assert [(entry["person"], entry["action"]) for entry in denied] == [("reader", "unlock")]
