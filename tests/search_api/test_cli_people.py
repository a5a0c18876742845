"""`user`, `grant`, `source`: who may do what, with key files that are made here and nowhere else."""

from __future__ import annotations

import os
import pty
from contextlib import suppress
from pathlib import Path

import pytest

from tests.instances import VANKHO, Instance
from tests.search_api.papers import secret

pytestmark = pytest.mark.servers


def _add(served: Instance, name: str, *more: str | Path, exit_code: int = 0) -> Path:
    key = served.base / f"{name.replace('/', '-')}.key"
    served.run("user", "add", name, "--office", "central", *more, "--key-out", key, exit_code=exit_code)
    return key


def test_a_key_file_is_its_owners_alone_and_its_token_is_nowhere_else(served: Instance) -> None:
    key = _add(served, "lan", "--role", "archivist", "--role", "auditor", "--clearance", "MAT", "--compartment", "PETITION_PII")
    assert key.stat().st_mode & 0o777 == 0o600
    token = key.read_bytes().strip()
    assert len(token) == len(b"vk1_") + 43
    assert not any(token in path.read_bytes() for path in served.home.rglob("*") if path.is_file())
    (lan,) = (person for person in served.json("user", "list") if person["name"] == "lan")
    held = {kind: sorted(values) for kind, values in lan["facts"].items()}
    assert held == {"office": ["central"], "role": ["archivist", "auditor"], "clearance": ["MAT"], "compartment": ["PETITION_PII"]}
    assert served.json("status", key=key)[0]["keeper"] == "up"


def test_a_refused_person_gets_no_key_and_a_key_file_is_never_written_over(served: Instance) -> None:
    first = _add(served, "minh", "--role", "officer")
    before = first.read_bytes()
    served.run("user", "add", "minh2", "--office", "central", "--role", "officer", "--key-out", first, exit_code=2)
    assert first.read_bytes() == before
    other = served.base / "other.key"
    served.run("user", "add", "minh", "--office", "central", "--role", "officer", "--key-out", other, exit_code=2)
    served.run("user", "add", "minh3", "--office", "nowhere", "--role", "officer", "--key-out", other, exit_code=2)
    served.run("user", "add", "minh3", "--office", "central", "--role", "officer", "--key-out", other, key=first, exit_code=8)
    served.run("source", "add", "minh", "--key-out", other, exit_code=2)
    assert not other.exists()
    assert not {"minh2", "minh3"} & {str(person["name"]) for person in served.json("user", "list")}


def test_who_is_shut_out_is_nobody_from_then_on(served: Instance) -> None:
    key = _add(served, "a/b", "--role", "archivist")
    served.run("search", "", key=key)
    served.run("user", "disable", "a/b")
    assert served.refusal("search", "", key=key, exit_code=8)["code"] == "VK-KEY-UNKNOWN"
    served.run("user", "disable", "a/b", exit_code=4)
    served.run("user", "disable", "never-was", exit_code=4)


def test_a_grant_opens_one_record_until_it_is_revoked(served: Instance, tmp_path: Path) -> None:
    officer = _add(served, "clerk", "--role", "officer", "--clearance", "MAT")
    for number in (1, 2):
        (tmp_path / f"{number}.txt").write_text(secret(20 + number, f"cá voi xanh {number}"), "utf-8")
    *lines, _ = served.json("ingest", tmp_path)
    one, two = (str(line["record_id"]) for line in lines)
    served.run("show", one, key=officer, exit_code=4)
    given = served.json("grant", "add", "clerk", "--record", one, "--until", "2999-12-31", "--reason", "kiểm tra")[0]
    served.run("show", one, key=officer)
    served.run("get", one, "-o", tmp_path / "x", key=officer)
    served.run("show", two, key=officer, exit_code=4)
    assert [hit["record_id"] for hit in served.json("search", "cá voi xanh", key=officer)[0]["hits"]] == [one]
    served.run("edit", one, "--set", "subject=a", "--reason", "b", key=officer, exit_code=4)  # her role lacks it
    served.run("grant", "revoke", str(given["grant"]))
    served.run("show", one, key=officer, exit_code=4)
    assert served.json("search", "cá voi xanh", key=officer)[0]["total"] == 0
    served.run("grant", "revoke", str(given["grant"]), exit_code=4)


@pytest.mark.parametrize("until", ["2020-01-01", "31/12/2999", "2999-12-31T10:00:00", "soon"])
def test_a_grant_needs_an_end_that_lies_ahead_and_is_unmistakable(served: Instance, until: str) -> None:
    served.run("grant", "add", "officer", "--case", "c1", "--until", until, "--reason", "x", exit_code=2)


def test_a_grant_is_for_a_record_or_a_case(served: Instance) -> None:
    rest = ("--until", "2999-12-31", "--reason", "x")
    served.run("grant", "add", "officer", *rest, exit_code=2)
    served.run("grant", "add", "officer", "--record", "r", "--case", "c", *rest, exit_code=2)
    served.run("grant", "add", "officer", "--record", "never-was", *rest, exit_code=4)


def test_a_password_is_asked_for_unseen_or_read_from_a_file(served: Instance, tmp_path: Path) -> None:
    key, good, bad = _add(served, "quynh", "--role", "officer"), "bốn con trâu ăn cỏ non", "matkhau123456"
    assert "quynh" in _typing(served, "quynh", good, good)
    shown = _typing(served, "quynh", good, good + "!", exit_code=2)
    assert good not in shown
    (tmp_path / "good").write_text(good + "\n", "utf-8")
    (tmp_path / "bad").write_text(bad, "utf-8")
    served.run("user", "password", "--password-file", tmp_path / "good", key=key)
    served.run("user", "password", "quynh", "--password-file", tmp_path / "good", key=key)
    refused = served.refusal("user", "password", "quynh", "--password-file", tmp_path / "bad", exit_code=2)
    assert refused["code"] == "VK-PASSWORD"
    assert bad not in str(refused)
    served.run("user", "password", "quynh", exit_code=2)  # nobody can be asked
    served.run("user", "password", "never-was", "--password-file", tmp_path / "good", exit_code=4)
    served.run("user", "password", "officer", "--password-file", tmp_path / "good", exit_code=4, key=key)


def _typing(served: Instance, name: str, *typed: str, exit_code: int = 0) -> str:
    """What a terminal shows while the words are typed at it."""
    command = [str(VANKHO), "user", "password", name]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(command[0], command, served.env)
    shown = b""
    for word in typed:
        while not shown.rstrip(b" ").endswith(b":"):
            shown += os.read(terminal, 1024)
        os.write(terminal, f"{word}\n".encode())
        shown += b"\n"
    with suppress(OSError):  # EIO: the other side has closed it
        while part := os.read(terminal, 1024):
            shown += part
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == exit_code, shown
    os.close(terminal)
    return shown.decode()
