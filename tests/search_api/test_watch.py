"""`watch`: what scanners put into a folder is taken once, whole, and moved when its outcome is final."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.instances import Instance
from tests.search_api.papers import notice, secret
from tests.search_api.watching import QUICK, HotFolders, Watching
from tests.waiting import until

pytestmark = pytest.mark.servers


def test_each_file_has_its_outcome_and_lies_where_that_says(served: Instance, tmp_path: Path) -> None:
    folders = HotFolders.made(served, tmp_path, p1=f"{QUICK}deadline = 1.0\nbatch = 'phòng 1'")
    hot = folders.root / "p1"
    (hot / "tháng 11").mkdir()
    papers = {"a.txt": notice(1001, "lịch trực"), "tháng 11/b.txt": secret(1002, "bảo vệ"), "tháng 11/c.txt": notice(1001, "lịch trực")}
    for name, text in papers.items():
        (hot / name).write_text(text, "utf-8")
    (hot / "half.pdf").write_bytes(b"%PDF-1.4\n1 0 obj")
    (hot / "empty.txt").touch()
    (hot / "open.tmp").write_text("x")
    (hot / "link.pdf").symlink_to("/etc/hostname")
    *lines, figures = folders.once()
    by_path = {str(line["path"]): (line["outcome"], line["reason"]) for line in lines}
    twins = {by_path.pop("p1/a.txt"), by_path.pop("p1/tháng 11/c.txt")}
    assert twins <= {("stored", None), ("duplicate", None)} and ("stored", None) in twins
    assert by_path == {"p1/tháng 11/b.txt": ("stored", None), "p1/half.pdf": ("quarantined", "DAMAGED"), "p1/empty.txt": ("refused", "EMPTY")}
    assert figures["received"] == 5 and Counter(line["outcome"] for line in lines) == {
        name: count for name in ("stored", "duplicate", "quarantined", "refused") if (count := figures[name])
    }
    assert folders.files("p1", "done") == {name: text.encode() for name, text in papers.items()}
    failed = folders.files("p1", "failed")
    assert {name: failed[name] for name in ("half.pdf", "empty.txt")} == {"half.pdf": b"%PDF-1.4\n1 0 obj", "empty.txt": b""}
    note = failed["half.pdf.txt"].decode()
    assert "Tệp bị hỏng" in note and "damaged beyond repair" in note and set(failed) == {"half.pdf", "half.pdf.txt", "empty.txt", "empty.txt.txt"}
    assert {path.name for path in hot.iterdir()} == {"done", "failed", "tháng 11", "open.tmp", "link.pdf"}


def test_a_receipt_names_its_batch_and_a_batch_its_receipts(served: Instance, tmp_path: Path) -> None:
    folders = HotFolders.made(served, tmp_path, p1=QUICK)
    for number in range(3):
        (folders.root / "p1" / f"{number}.txt").write_text(notice(1100 + number, "giao ban"), "utf-8")
    *lines, figures = folders.once()
    key = served.base / "p1.key"
    told = [served.json("receipt", str(line["receipt_id"]), key=key)[0] for line in lines]
    assert {receipt["batch"] for receipt in told} == {line["batch"] for line in lines} == {figures["batch"]} and len(told) == 3
    assert figures["received"] == 3 == figures["stored"]


def test_the_same_file_put_back_is_a_duplicate_and_not_taken_for_the_first(served: Instance, tmp_path: Path) -> None:
    folders = HotFolders.made(served, tmp_path, p1=QUICK)
    hot = folders.root / "p1"
    (hot / "a.txt").write_text(notice(1200, "phân công"), "utf-8")
    first, _ = folders.once()
    (hot / "done" / "a.txt").rename(hot / "a.txt")
    second, _ = folders.once()
    assert (first["outcome"], second["outcome"], first["record_id"]) == ("stored", "duplicate", second["record_id"])
    assert first["receipt_id"] != second["receipt_id"]


def test_a_scanner_without_profile_is_served_with_the_commands_key(served: Instance, tmp_path: Path) -> None:
    hot = tmp_path / "hot"
    hot.mkdir()
    (hot / "a.txt").write_text(notice(1300, "tiếp khách"), "utf-8")
    (hot / "a.txt.done").touch()  # or it would wait until a text has been quiet for half a minute
    key = served.base / "alone.key"
    served.run("source", "add", "alone", "--key-out", key)
    line, _ = served.json("watch", hot, "--once", key=key)
    assert (line["path"], line["scanner"], line["outcome"]) == ("a.txt", "hot", "stored")
    assert {path.name for path in (hot / "done").iterdir()} == {"a.txt", "a.txt.done"}


def test_without_a_supervisor_once_does_the_same_by_itself(instance: Instance, tmp_path: Path) -> None:
    folders = HotFolders.made(instance, tmp_path, p1=QUICK)
    (folders.root / "p1" / "a.txt").write_text(notice(1, "lịch họp"), "utf-8")
    line, figures = folders.once()
    assert (line["outcome"], figures["stored"]) == ("stored", 1) and set(folders.files("p1")) == {"done/a.txt"}


def test_a_folder_that_is_not_there_ends_once_and_not_the_watch(served: Instance, tmp_path: Path) -> None:
    folders = HotFolders.made(served, tmp_path, p1=QUICK)
    (folders.root / "p1").rmdir()
    assert served.refusal("watch", folders.root, "--profiles", folders.profiles, "--once", exit_code=2)["code"] == "VK-FILE"
    with Watching(folders) as watching:
        until(lambda: (None, "FOLDER_UNREADABLE") in watching.notes(), 90, what="the folder missed")
        (folders.root / "p1").mkdir()
        (folders.root / "p1" / "a.txt").write_text(notice(1400, "hội nghị"), "utf-8")
        until(lambda: watching.lines(), 90, what="taken after it came")
        assert watching.notes() == [(None, "FOLDER_UNREADABLE"), (None, "OK")]


def test_what_cannot_be_read_is_said_once_tried_again_and_keeps_nothing_else_from_its_way(served: Instance, tmp_path: Path) -> None:
    folders = HotFolders.made(served, tmp_path, p1=QUICK)
    hot = folders.root / "p1"
    os.mkfifo(hot / "pipe.pdf")
    deep = hot.joinpath(*["d"] * 40)
    deep.mkdir(parents=True)
    (hot / "a.txt").write_text(notice(1500, "kiểm tra"), "utf-8")
    with Watching(folders) as watching:
        until(lambda: watching.batches(), 90, what="the readable taken")
    assert [line["path"] for line in watching.lines()] == ["p1/a.txt"]
    assert sorted(str(code) for _, code in watching.notes()) == ["NO_FILE", "TOO_DEEP"]


def test_a_key_that_is_nobodys_leaves_everything_where_it_is_and_says_so_once(served: Instance, tmp_path: Path) -> None:
    folders = HotFolders.made(served, tmp_path, gone=QUICK, p1=QUICK)
    served.run("user", "disable", "gone")
    for scanner in ("gone", "p1"):
        (folders.root / scanner / "a.txt").write_text(notice(1600, "rà soát"), "utf-8")
    with Watching(folders) as watching:
        until(lambda: watching.batches() and watching.notes(), 90, what="one refused, the other served")
    assert [(line["scanner"], line["outcome"]) for line in watching.lines()] == [("p1", "stored")]
    assert watching.notes() == [(None, "VK-KEY-UNKNOWN")] and set(folders.files("gone")) == {"a.txt"}
