"""`vankho audit`: auditors ask, judge and take away; what was changed is named; where nothing can be logged nothing is read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.audit.note import NoteSigner
from storage.home import Home
from storage.settings import read_settings
from tests.instances import Instance
from tests.storage.vault.keeper.keeper_house import House

pytestmark = pytest.mark.servers


@pytest.fixture
def house(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> House:
    """The instance as seen from inside, between two commands."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(instance.config))
    return House(instance.base)


def test_every_act_is_printed_newest_first(instance: Instance, house: House) -> None:
    house.acts(250)
    house.stop()
    found = instance.json("audit", "query", "--action", "reread")
    assert [entry["record_id"] for entry in found] == [f"r{number}" for number in reversed(range(250))]
    assert instance.json("audit", "query", "--record", "r7", "--outcome", "done", "--from", "2026-03-02", "--to", "2026-03-02")[0]["details"] == {
        "note": "số 7"
    }
    assert instance.json("audit", "query", "--record", "r7", "--to", "2026-03-01") == []
    asked = instance.json("audit", "query", "--person", "officer", "--action", "audit-read")
    assert {"query": {"action": "reread"}} in [entry["details"] for entry in asked]


def test_nobody_but_an_auditor_asks_and_who_tried_is_in_the_log(instance: Instance) -> None:
    key = instance.base / "an.key"
    instance.run("user", "add", "An", "--office", "central", "--role", "archivist", "--clearance", "MAT", "--key-out", key)
    for words in (("query",), ("verify",), ("export", instance.base / "bundle")):
        assert instance.refusal("audit", *words, key=key, exit_code=8)["code"] == "VK-NOT-ALLOWED"
    assert not (instance.base / "bundle").exists()
    assert len(instance.json("audit", "query", "--person", "An", "--action", "audit-read", "--outcome", "denied")) == 3


def test_an_untouched_log_verifies_and_a_changed_row_is_named(instance: Instance, house: House) -> None:
    (judged,) = instance.json("audit", "verify")
    assert judged == {"ok": True, "size": 3, "root": judged["root"], "pending": 0, "first_bad": None}
    house.tamper("UPDATE audit_pending SET outcome = 'denied' WHERE sequenced_seq = 1")
    house.stop()
    (judged,) = instance.json("audit", "verify", exit_code=6)
    assert judged["first_bad"] == {"seq": 1, "kind": "ROW_CHANGED"}
    assert instance.run("audit", "query").stdout  # the tree is as it was signed: the archive goes on


def test_where_the_log_was_replaced_everything_is_refused_but_verification(instance: Instance, tmp_path: Path) -> None:
    instance.run("audit", "verify")
    shutil.copytree(instance.home / "audit", tmp_path / "older")
    instance.run("audit", "verify")
    shutil.rmtree(instance.home / "audit")
    shutil.copytree(tmp_path / "older", instance.home / "audit")
    for words in (("audit", "query"), ("show", "x"), ("status",), ("user", "list")):
        assert instance.refusal(*words, exit_code=7)["code"] == "VK-LOG-FORKED"
    (judged,) = instance.json("audit", "verify", exit_code=6)
    assert judged["first_bad"] == {"seq": 3, "kind": "ENTRY_MISSING"}


def test_a_bundle_is_judged_where_there_is_no_instance(instance: Instance, tmp_path: Path) -> None:
    (exported,) = instance.json("audit", "export", tmp_path / "bundle")
    key = read_settings(Home(instance.home)).log_key
    stranger = Instance(tmp_path / "elsewhere")
    moved = tmp_path / "elsewhere" / "bundle"
    shutil.copytree(tmp_path / "bundle", moved)
    (judged,) = stranger.json("audit", "verify", "--bundle", moved)
    assert (judged["ok"], judged["size"], judged["root"], judged["key"]) == (True, exported["size"], exported["root"], key)
    assert str(judged["fingerprint"]) in stranger.run("audit", "verify", "--bundle", moved).stderr
    (tmp_path / "log.vkey").write_text(f"{key}\n")
    stranger.run("audit", "verify", "--bundle", moved, "--vkey", tmp_path / "log.vkey")
    entries = next((moved / "tile/entries").rglob("*.p/*"))
    entries.write_bytes(entries.read_bytes().replace(b'"init"', b'"inot"'))
    assert stranger.json("audit", "verify", "--bundle", moved, exit_code=6)[0]["first_bad"] == {"seq": 0, "kind": "ENTRY_CHANGED"}


def test_a_bundle_of_another_log_is_found_out(instance: Instance, tmp_path: Path) -> None:
    instance.run("audit", "export", tmp_path / "bundle")
    instance.run("audit", "verify", "--bundle", tmp_path / "bundle")
    other = NoteSigner("vankho/other", Ed25519PrivateKey.generate()).verifier
    (tmp_path / "other.vkey").write_text(f"{other}\n")
    found = instance.json("audit", "verify", "--bundle", tmp_path / "bundle", "--vkey", tmp_path / "other.vkey", exit_code=6)
    assert found[0]["first_bad"] == {"seq": None, "kind": "FOREIGN_KEY"}
    neighbour = Instance(tmp_path / "neighbour")
    neighbour.run("init", "--recovery-out", neighbour.recovery)
    found = neighbour.json("audit", "verify", "--bundle", tmp_path / "bundle", exit_code=6)
    assert found[0]["first_bad"] == {"seq": None, "kind": "FOREIGN_KEY"}


def test_an_export_overwrites_nothing(instance: Instance, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    assert instance.refusal("audit", "export", tmp_path / "taken", exit_code=2)["code"] == "VK-EXISTS"
    instance.run("audit", "export", tmp_path / "taken" / "new")
    assert sorted(path.name for path in (tmp_path / "taken").iterdir()) == ["file", "new"]


@pytest.mark.parametrize(("action", "words"), [("show", ("show",)), ("read", ("get", "-o"))])
def test_what_cannot_be_logged_is_not_read(instance: Instance, house: House, tmp_path: Path, action: str, words: tuple[str, ...]) -> None:
    (tmp_path / "letter.txt").write_text("Kính gửi: ông Nguyễn Văn A", "utf-8")
    (told, _) = instance.json("ingest", tmp_path / "letter.txt")
    record, out = str(told["record_id"]), tmp_path / "out.txt"
    command = [words[0], record, *words[1:], *([out] if words[1:] else [])]
    with house.keeper.catalog.write() as connection:
        refuse = f"CREATE TRIGGER no_log BEFORE INSERT ON audit_pending WHEN NEW.action = '{action}' BEGIN SELECT RAISE(ABORT, 'no log'); END"
        connection.execute(sa.text(refuse))
    house.stop()
    refused = instance.run("--json", *command, exit_code=None)
    assert refused.returncode != 0
    assert refused.stdout == ""
    assert not out.exists()
    with house.keeper.catalog.write() as connection:
        connection.execute(sa.text("DROP TRIGGER no_log"))
    house.stop()
    instance.run("--json", *command)
