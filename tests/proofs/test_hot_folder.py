"""A hot folder under abuse: whatever happens to a file, it ends in exactly one outcome, bit for bit, and the receipts add up."""

from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import threading
import time
from pathlib import Path

import pikepdf
import pytest

from tests.instances import ONE_READS
from tests.proofs.served import Served, standing_still
from tests.search_api.papers import notice
from tests.search_api.watching import QUICK, HotFolders, Watching
from tests.waiting import until

pytestmark = pytest.mark.servers


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _paced(path: Path, content: bytes, pauses: int, seconds: float) -> None:
    """Write as a slow scanner does: byte by byte, stopping now and then for longer than a file has to be quiet."""
    with path.open("wb", buffering=0) as file:
        for place, byte in enumerate(content):
            file.write(bytes([byte]))
            if place % (len(content) // pauses) == 0:
                time.sleep(seconds)  # the writer's pace; nothing is waited for


def _pdf() -> bytes:
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(100, 100))
        pdf.docinfo["/Title"] = "x" * random.randint(50, 100)
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue().rstrip()  # or it is whole but for a line's end, and taken before that


def _receipts(served: Served, keys: dict[str, str], watching: Watching) -> dict[str, object]:
    """Every receipt of every batch that was told of, with its outcome; each batch's figures add up."""
    found = {}
    for batch, scanner in {(str(line["batch"]), str(line["scanner"])) for line in watching.lines()}:
        answer = served.ask("GET", f"batches/{batch}?receipts=true", keys[scanner]).json
        receipts = answer["receipts"]
        assert isinstance(receipts, list)
        counted = [sum(one["outcome"] == outcome for one in receipts) for outcome in ("stored", "duplicate", "quarantined", "refused")]
        assert counted == [answer[outcome] for outcome in ("stored", "duplicate", "quarantined", "refused")]
        assert sum(counted) == len(receipts) == answer["received"]
        found |= {one["receipt_id"]: one["outcome"] for one in receipts}
    return found


def _keys(folders: HotFolders, *scanners: str) -> dict[str, str]:
    return {name: (folders.instance.base / f"{name}.key").read_text().strip() for name in scanners}


def test_no_abuse_of_a_folder_makes_two_outcomes_of_a_file_or_half_a_document(served: Served, officer: str, tmp_path: Path) -> None:
    folders = HotFolders.made(served.instance, tmp_path, p1=f"{QUICK}deadline = 60.0", p2=QUICK)
    p1, p2 = folders.root / "p1", folders.root / "p2"
    slow, versions = _pdf(), [notice(5000, f"bản {number}", "Điều 1. " * 400).encode() for number in range(60)]
    sent = {slow}

    def rewrite() -> None:
        for number, version in enumerate(versions):
            if number % 2:
                (p1 / "again.tmp").write_bytes(version)
                (p1 / "again.tmp").rename(p1 / "again.txt")
            else:
                with (p1 / "again.txt").open("wb", buffering=0) as file:
                    file.write(version[:500])
                    file.write(version[500:])
            time.sleep(random.choice((0.01, 0.1, 0.6)) if number % 10 == 0 else 0.01)  # now and then for long enough to be taken

    names = [b"\xff\xfe raw.txt", "Gia\u0302\u0301y mo\u031b\u0300i.txt".encode(), "Giấy mời.txt".encode(), b"a\nb\x1b[2J.txt", b"n" * 251 + b".txt"]
    with Watching(folders) as watching:
        writers = [threading.Thread(target=_paced, args=(p1 / "slow.pdf", slow, 8, 0.5)), threading.Thread(target=rewrite)]
        for writer in writers:
            writer.start()
        for number, name in enumerate(names):
            content = notice(5100 + number, "giấy mời").encode()
            Path(os.fsdecode(os.fsencode(p1) + b"/" + name)).write_bytes(content)
            sent.add(content)
        same = notice(5200, "cùng một văn bản").encode()
        (p1 / "renamed.part").write_bytes(same[:50])
        for folder in (p1, p2):
            (folder / "same.txt").write_bytes(same)
        until(lambda: (p2 / "done" / "same.txt").exists(), 90, what="the second scanner's copy moved")
        p2.rename(tmp_path / "away")
        until(lambda: (None, "FOLDER_UNREADABLE") in watching.notes(), 90, what="the folder missed")
        late = notice(5300, "đến sau").encode()
        (tmp_path / "away" / "late.txt").write_bytes(late)
        (tmp_path / "away").rename(p2)
        renamed = notice(5400, "đổi tên").encode()
        (p1 / "renamed.part").write_bytes(renamed)
        (p1 / "renamed.part").rename(p1 / "renamed.txt")
        for writer in writers:
            writer.join()
        sent |= {same, late, renamed, versions[-1]}
        until(lambda: not any(path.is_file() for folder in (p1, p2) for path in folder.iterdir()), 90, what="everything moved")
    said, outcomes = watching.lines(), watching.outcomes()
    assert len(said) == len(outcomes), "without a kill no line is told twice"
    assert {line["outcome"] for line in said} == {"stored"}
    hashes = {str(line["sha256"]) for line in said}
    assert {*map(_sha256, sent)} <= hashes <= {*map(_sha256, (*sent, *versions))}, "each whole, and nothing that was half"
    assert sorted(line["path"] for line in said if line["sha256"] == _sha256(same)) == ["p1/same.txt", "p2/same.txt"]
    assert watching.notes().count((None, "FOLDER_UNREADABLE")) == 1
    for line in said:
        kept = served.ask("GET", f"records/{line['record_id']}/parts/original", officer).body
        assert _sha256(kept) == line["sha256"]
    assert sent <= {*folders.files("p1", "done").values(), *folders.files("p2", "done").values()} <= {*sent, *versions}
    assert {os.fsencode(path.name) for path in (p1 / "done").iterdir()} >= set(names)
    receipts = _receipts(served, _keys(folders, "p1", "p2"), watching)
    assert receipts == {name: line["outcome"] for name, line in outcomes.items()}


def test_a_file_replaced_while_its_outcome_is_waited_for_has_one_for_each_version(served: Served, officer: str, tmp_path: Path) -> None:
    folders = HotFolders.made(served.instance, tmp_path, p1=QUICK)
    hot, first, second = folders.root / "p1", notice(6000, "bản một").encode(), notice(6000, "bản hai").encode()
    with Watching(folders) as watching:
        with standing_still(served.pid("worker")):
            (hot / "a.txt").write_bytes(first)
            until(lambda: served.metric("vankho_queue_waiting") == 1, 90, what="the first acknowledged")
            assert folders.files("p1") == {"a.txt": first}, "it stays until its outcome is final"
            (hot / "new.tmp").write_bytes(second)
            (hot / "new.tmp").rename(hot / "a.txt")
            until(lambda: served.metric("vankho_queue_waiting") == 2, 90, what="the second acknowledged")
        until(lambda: folders.files("p1") == {"done/a.txt": second} and len(watching.lines()) == 2, 90, what="both final, the second moved")
    records = [line["record_id"] for line in watching.lines()]
    assert {served.ask("GET", f"records/{record}/parts/original", officer).body for record in records} == {first, second} and len(records) == 2


def test_an_archive_that_is_down_is_waited_for_and_nothing_is_said_twice(served: Served, tmp_path: Path) -> None:
    folders = HotFolders.made(served.instance, tmp_path, down=QUICK)
    hot, supervisor = folders.root / "down", served.pid("supervisor")
    with Watching(folders) as watching:
        for round_ in (1, 2):
            with standing_still(supervisor):  # or it would be up again at once
                os.kill(served.pid("api"), signal.SIGKILL)
                (hot / f"{round_}.txt").write_bytes(notice(8000 + round_, "chờ").encode())
                until(lambda told=2 * round_ - 1: len(watching.notes()) == told, 90, what="said that nobody answers")
            until(lambda name=f"done/{round_}.txt": name in folders.files("down"), 90, what="taken once it is back")
            until(lambda told=2 * round_: len(watching.notes()) == told, 90, what="said that it works")
    assert watching.notes() == [(None, "VK-SERVER"), (None, "OK")] * 2
    assert [line["outcome"] for line in watching.lines()] == ["stored", "stored"]


@pytest.mark.parametrize(
    ("files", "contents", "kills"), [(500, 60, 5), pytest.param(10_000, 2_000, 60, marks=pytest.mark.long)], ids=["500", "10000"]
)
@pytest.mark.timeout(7200)
def test_many_files_and_a_watcher_that_is_killed_again_and_again(served: Served, tmp_path: Path, files: int, contents: int, kills: int) -> None:
    folders = HotFolders.made(served.instance, tmp_path, many=QUICK)
    hot, sent = folders.root / "many", dict[str, bytes]()
    for number in range(files):
        name = f"{number % 7}/{number:05}.txt"
        sent[name] = notice(10_000 + number % contents, f"việc thứ {number % contents}").encode()
        (hot / name).parent.mkdir(exist_ok=True)
        (hot / name).write_bytes(sent[name])
    watching = Watching(folders)
    for _ in range(kills):
        watching.start()
        done = folders.count("many", "done")
        # At any moment from its start on, but only after it has moved something: else a slow machine would never come to the end.
        until(lambda done=done: folders.count("many", "done") > done, 90, what="something moved")
        time.sleep(random.uniform(0, 1.5))
        watching.kill()
    with watching:
        until(lambda: folders.count("many", "done") == files, seconds=6000, what="everything moved")
    assert folders.files("many", "done") == sent and len(folders.files("many")) == files, "each once, and where it belongs"
    outcomes = watching.outcomes()
    by_path = {str(line["path"]): line for line in outcomes.values()}
    assert len(outcomes) == len(by_path) == files, "one receipt a file, over all kills"
    assert {line["outcome"] for line in outcomes.values()} <= {"stored", "duplicate"}
    receipts = _receipts(served, _keys(folders, "many"), watching)
    assert receipts == {name: line["outcome"] for name, line in outcomes.items()}, "the archive has given these receipts and no others"
    records = {_sha256(content): str(by_path[f"many/{name}"]["record_id"]) for name, content in sent.items()}
    assert {str(line["record_id"]) for line in outcomes.values()} == {*records.values()} and len(set(records.values())) == contents
    for number, (digest, record) in enumerate(records.items()):
        if number % ONE_READS == 0:
            reader = served.instance.reader(number)
        assert _sha256(served.ask("GET", f"records/{record}/parts/original", reader).body) == digest


def test_asked_to_end_it_ends_at_once_and_leaves_nothing_half_done(served: Served, tmp_path: Path) -> None:
    folders = HotFolders.made(served.instance, tmp_path, ends=QUICK)
    for number in range(20):
        (folders.root / "ends" / f"{number}.txt").write_bytes(notice(7000 + number, "kết thúc").encode())
    watching = Watching(folders)
    watching.start()
    until(lambda: folders.files("ends", "done"), 90, what="at work")
    start = time.monotonic()
    assert watching.stopped() == 0
    assert time.monotonic() - start < 15
    lines = folders.once()
    outcomes = watching.outcomes() | {str(line["receipt_id"]): line for line in lines if "outcome" in line}
    assert len(outcomes) == 20 == len(folders.files("ends", "done")) and {line["outcome"] for line in outcomes.values()} == {"stored"}
