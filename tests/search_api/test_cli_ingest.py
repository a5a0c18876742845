"""`ingest`, `receipt`: every input ends in one outcome, and nothing comes in twice."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.instances import VANKHO, Instance
from tests.search_api.papers import notice, secret

pytestmark = pytest.mark.servers

FIELDS = {
    "path", "record_id", "outcome", "reason", "message", "level", "proposed_level", "confidential", "review", "ref_code", "doc_type",
    "date", "sha256", "size", "page_count", "warnings", "indexed",
}
OF_A_SOURCE = {"path", "record_id", "outcome", "reason", "message", "sha256", "size"}


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def _named(lines: list[dict[str, object]]) -> dict[str, dict[str, object]]:
    return {Path(str(line["path"])).name: line for line in lines if "path" in line}


def test_every_file_of_a_folder_and_every_path_named_has_its_outcome(served: Instance, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    _write(folder / "open.txt", notice(1, "lịch trực"))
    _write(folder / "secret.txt", secret(1, "công tác bảo vệ"))
    (folder / "empty.txt").touch()
    *lines, figures = served.json("ingest", folder, tmp_path / "gone.txt", "--batch", "đợt 1")
    got = _named(lines)
    assert {name: (line["outcome"], line["reason"]) for name, line in got.items()} == {
        "open.txt": ("stored", None),
        "secret.txt": ("stored", None),
        "empty.txt": ("refused", "EMPTY"),
        "gone.txt": ("refused", "SOURCE_MISSING"),
    }
    assert all(set(line) >= FIELDS for line in lines)
    assert all(line["message"] for line in lines if line["reason"]) and got["gone.txt"]["record_id"] is got["empty.txt"]["record_id"] is None
    assert (got["open.txt"]["level"], got["open.txt"]["ref_code"], got["open.txt"]["date"]) == ("NON_CONFIDENTIAL", "1/TB-UBND", "2019-07-24")
    assert (got["secret.txt"]["level"], got["secret.txt"]["confidential"]) == ("MAT", True)
    assert got["open.txt"]["indexed"] and got["secret.txt"]["indexed"]
    assert {name: figures[name] for name in figures if name not in ("batch", "seconds")} == {
        "received": 4,
        "stored": 2,
        "duplicate": 0,
        "quarantined": 0,
        "refused": 2,
    }


def test_strict_exits_with_3_where_something_was_refused(served: Instance, tmp_path: Path) -> None:
    assert served.json("ingest", "--strict", tmp_path / "gone", exit_code=3)[-1]["refused"] == 1
    served.run("ingest", "--strict", _write(tmp_path / "good.txt", notice(2, "lịch họp")))


def test_a_document_that_comes_again_is_the_same_record(served: Instance, tmp_path: Path) -> None:
    paper = _write(tmp_path / "paper.txt", secret(3, "kế hoạch"))
    copy = _write(tmp_path / "copy.txt", secret(3, "kế hoạch"))
    first, _ = served.json("ingest", paper)
    second, figures = served.json("ingest", copy)
    assert (first["outcome"], second["outcome"], figures["duplicate"]) == ("stored", "duplicate", 1)
    assert first["record_id"] == second["record_id"]
    assert served.json("receipt", str(second["receipt_id"]))[0]["outcome"] == "duplicate"


def test_file_names_of_any_bytes_come_through(served: Instance, tmp_path: Path) -> None:
    names = [b'a"b\\c.txt', "giấy mời; số=1.txt".encode(), b"\xff\xfe.txt"]
    for number, name in enumerate(names):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text(notice(30 + number, "giấy mời"), "utf-8")
    *lines, _ = served.json("ingest", tmp_path)
    shown = {str(served.json("show", str(line["record_id"]))[0]["fields"]["file_name"]) for line in lines}
    assert shown == {name.decode("utf-8", "replace") for name in names}


def test_a_source_deposits_and_learns_seven_things_of_its_own_deposits_alone(served: Instance, tmp_path: Path) -> None:
    key = served.base / "scan.key"
    served.run("source", "add", "scan-1", "--key-out", key)
    line, _ = served.json("ingest", _write(tmp_path / "s.txt", secret(4, "quét")), key=key)
    assert line["outcome"] == "stored" and all(line[name] is not None for name in ("record_id", "sha256", "size"))
    assert {name for name in FIELDS if line[name] not in (None, [])} <= OF_A_SOURCE
    receipt, record = str(line["receipt_id"]), str(line["record_id"])
    assert served.json("receipt", receipt, key=key)[0]["record_id"] == record
    served.run("receipt", receipt, exit_code=4)  # the officer's it is not
    served.run("show", record, key=key, exit_code=4)
    served.run("search", "quét", key=key, exit_code=8)
    served.run("user", "list", key=key, exit_code=8)


def test_without_a_supervisor_a_command_does_the_same_by_itself(instance: Instance, tmp_path: Path) -> None:
    papers = [_write(tmp_path / "o.txt", notice(5, "lịch nghỉ lễ")), _write(tmp_path / "s.txt", secret(5, "lịch trực ban"))]
    *lines, _ = instance.json("ingest", *papers)
    assert [line["indexed"] for line in lines] == [True, True]
    assert instance.json("search", "lịch")[0]["total"] == 2
    assert instance.json("check", "--read-data")[0]["ok"] is True
    assert instance.run("get", str(lines[0]["record_id"]), "-o", tmp_path / "back").stdout
    assert (tmp_path / "back").read_bytes() in [paper.read_bytes() for paper in papers]


def test_a_command_that_is_killed_loses_nothing_that_it_said(instance: Instance, tmp_path: Path) -> None:
    for number in range(6):
        _write(tmp_path / "in" / f"{number}.txt", notice(60 + number, f"việc {number}"))
    words = [VANKHO, "--json", "ingest", tmp_path / "in"]
    with subprocess.Popen(words, env=instance.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        said = json.loads(command.stdout.readline())
        command.kill()
    *lines, figures = instance.json("ingest", tmp_path / "in")
    assert figures["stored"] + figures["duplicate"] == 6
    assert {line["record_id"] for line in lines} >= {said["record_id"]} and len({line["record_id"] for line in lines}) == 6
    assert instance.json("search", "")[0]["total"] == 6
