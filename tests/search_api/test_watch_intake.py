"""What the archive may answer to a deposit, and what then becomes of the file and of the others."""

from __future__ import annotations

import hashlib
import json
import os
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path, PurePosixPath

import pytest

from ingest.hot_folder.folder import Found, HotFolder, Names
from ingest.hot_folder.readiness import Patience, Sighting
from ingest.reasons import Reason
from search_api.cli.context import Context
from search_api.cli.inputs import SourceFailed
from search_api.cli.watch.backoff import Backoff
from search_api.cli.watch.hot_file import HotFile
from search_api.cli.watch.intake import Intake
from search_api.cli.watch.journal import Journal
from search_api.cli.watch.said import Said
from search_api.cli.watch.scanners import Scanner
from search_api.client import Client

SCANNER = Scanner("p1", poll=0.05, patience=Patience(polls=1, quiet=0.1, deadline=0.2))
_Answer = tuple[int, dict[str, object]]


class Archive(socketserver.ThreadingUnixStreamServer):
    """An archive that answers the first deposits of a content as it is told, and keeps every other.

    sent: key, batch and content of each deposit. unsettled: how often it says that nothing is final yet.
    """

    daemon_threads = True

    def __init__(self, path: Path, first: dict[bytes, list[_Answer]]) -> None:
        self.first, self.sent, self.batches = first, list[tuple[str, str, bytes]](), 0
        self.receipts = dict[str, dict[str, str]]()
        self.unsettled = 0
        self.lock = threading.Lock()
        super().__init__(str(path), _Handler)

    def answer(self, key: str, batch: str, content: bytes) -> _Answer:
        with self.lock:
            self.sent.append((key, batch, content))
            if script := self.first.get(content):
                return script.pop(0)
            self.receipts.setdefault(batch, {})[f"p{len(self.sent)}"] = f"r-{content.decode()}"
            told = {"receipt_id": f"p{len(self.sent)}", "record_id": f"r-{content.decode()}", "batch": batch, "outcome": "accepted", "reason": None}
            return 201, told | {"message": None, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


class _Handler(BaseHTTPRequestHandler):
    server: Archive

    def do_GET(self) -> None:
        held = self.server.receipts.get(self.path.split("/")[-1].partition("?")[0], {})
        outcome = "accepted" if self.server.unsettled > 0 and "receipts=" in self.path else "stored"
        self.server.unsettled -= "receipts=" in self.path
        told = [{"receipt_id": one, "record_id": record, "outcome": outcome, "reason": None, "message": None} for one, record in held.items()]
        counts = {"received": len(held), "stored": len(held), "duplicate": 0, "quarantined": 0, "refused": 0}
        self._say(200, {"batch": "b", **counts, "receipts": told})

    def do_POST(self) -> None:
        body = b""
        while size := int(self.rfile.readline() or b"0", 16) if "Transfer-Encoding" in self.headers else 0:
            body += self.rfile.read(size)
            self.rfile.readline()
        if self.path.endswith("/batches"):
            self.server.batches += 1
            self._say(201, {"batch": f"b{self.server.batches}"})
            return
        content = body.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]
        self._say(*self.server.answer(self.headers["Idempotency-Key"], self.path.partition("batch=")[2], content))

    def _say(self, status: int, answer: dict[str, object]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def address_string(self) -> str:
        return ""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hot(tmp_path: Path) -> Path:
    (tmp_path / "hot").mkdir()
    (tmp_path / "hot" / "one.txt").write_bytes(b"one")
    (tmp_path / "hot" / "two.txt").write_bytes(b"two")
    return tmp_path / "hot"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path / "s", {}) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _taken(
    archive: Archive, hot: Path, capsys: pytest.CaptureFixture[str], scanner: Scanner = SCANNER
) -> tuple[dict[str, str], list[tuple[str | None, str]], set[str]]:
    """The outcome of each path, the troubles said, and the files that lie in the folder afterwards."""
    client = Client(Path(str(archive.server_address)), "t", "en")
    Intake(scanner, hot, client, Journal(Context(None, None, True, "en")), threading.Event(), once=True).run()
    said = capsys.readouterr()
    outcomes = {str(line["path"]): str(line["outcome"]) for text in said.out.splitlines() if "outcome" in (line := json.loads(text))}
    notes = [(line["path"], str(line["code"])) for line in map(json.loads, said.err.splitlines())]
    return outcomes, notes, {str(path.relative_to(hot)) for path in hot.rglob("*") if path.is_file()}


BOTH = {"one.txt": "stored", "two.txt": "stored"}
DONE = {"done/one.txt", "done/two.txt"}


def test_a_folder_that_takes_longer_to_look_through_than_the_poll_is_emptied_all_the_same(
    archive: Archive, hot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes, notes, files = _taken(archive, hot, capsys, replace(SCANNER, poll=0.0))
    assert (outcomes, notes, files) == (BOTH, [], DONE)


REFUSED = {"outcome": "refused", "reason": "STORE_FULL", "sha256": None}


@pytest.mark.parametrize("full", [(507, {"code": "VK-STORE-FULL", "status": 507}), (201, REFUSED)], ids=["507", "receipt"])
def test_a_store_without_room_is_waited_for_and_said_once(archive: Archive, hot: Path, capsys: pytest.CaptureFixture[str], full: _Answer) -> None:
    archive.first = {b"one": [full], b"two": [full]}
    outcomes, notes, files = _taken(archive, hot, capsys)
    assert (outcomes, files) == (BOTH, DONE) and notes == [(None, "VK-STORE-FULL"), (None, "OK")]


def test_a_batch_that_is_not_known_any_more_is_opened_anew(archive: Archive, hot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive.first = {b"one": [(404, {"code": "VK-NOT-FOUND", "status": 404})]}
    outcomes, _, files = _taken(archive, hot, capsys)
    assert (outcomes, files) == (BOTH, DONE)
    assert [batch for _, batch, content in archive.sent if content == b"one"] == ["b1", "b2"]


def test_what_is_far_too_large_goes_to_failed_with_its_reason(archive: Archive, hot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive.first = {b"one": [(413, {"code": "VK-TOO-LARGE", "status": 413})]}
    outcomes, notes, files = _taken(archive, hot, capsys)
    assert outcomes == {"one.txt": "refused", "two.txt": "stored"} and notes == []
    assert files == {"failed/one.txt", "failed/one.txt.txt", "done/two.txt"}
    note = (hot / "failed" / "one.txt.txt").read_text("utf-8")
    assert Reason.TOO_LARGE.text("vi") in note and Reason.TOO_LARGE.text("en") in note


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((500, {"code": "VK-FAULT", "status": 500}), "VK-FAULT"),
        ((201, {"receipt_id": "p", "record_id": "r", "batch": "b1", "outcome": "accepted", "sha256": "00", "reason": None}), "VK-RECEIPT"),
    ],
    ids=["fault", "other bytes"],
)
def test_what_meets_one_file_keeps_no_other_from_its_way_and_is_tried_ever_more_seldom(
    archive: Archive, hot: Path, capsys: pytest.CaptureFixture[str], answer: _Answer, code: str
) -> None:
    archive.first, archive.unsettled = {b"one": [answer] * 9}, 3
    outcomes, notes, files = _taken(archive, hot, capsys)
    assert outcomes == {"two.txt": "stored"} and files == {"one.txt", "done/two.txt"} and notes == [("one.txt", code)]
    assert 2 <= sum(content == b"one" for _, _, content in archive.sent) < 9


def test_a_key_that_other_bytes_had_is_made_another_from_the_content(archive: Archive, hot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive.first = {b"one": [(409, {"code": "VK-KEY-REUSED", "status": 409})]}
    outcomes, notes, files = _taken(archive, hot, capsys)
    first, second = (key for key, _, content in archive.sent if content == b"one")
    assert (outcomes, notes, files) == (BOTH, [], DONE) and first != second


def test_a_trouble_of_two_parts_is_one_and_has_passed_when_both_have(capsys: pytest.CaptureFixture[str]) -> None:
    said = Said("p1", "", Journal(Context(None, None, True, "en")))
    for trouble in ("door", "receipts", "door"):
        said.say(trouble, "VK-SERVER", "down")
    said.worked("receipts")
    assert [json.loads(line)["code"] for line in capsys.readouterr().err.splitlines()] == ["VK-SERVER"]
    said.worked("door")
    said.worked("door")
    assert [json.loads(line)["code"] for line in capsys.readouterr().err.splitlines()] == ["OK"]


def test_a_pause_doubles_up_to_its_longest_and_failures_of_one_moment_count_once() -> None:
    pause, now, waits = Backoff(1.0, 5.0), 100.0, []
    for _ in range(5):
        pause.failed(now)
        pause.failed(now + 0.5)
        waits.append(pause.until - now)
        now = pause.until
    assert waits == [1, 2, 4, 5, 5] and pause.since == 100
    pause.worked()
    pause.failed(now)
    assert pause.until - now == 1


def _file(root: Path) -> HotFile:
    return HotFile(HotFolder(root, Names()), Found(PurePosixPath("one.txt"), Sighting.of((root / "one.txt").stat()), None), "one.txt")


def test_a_state_of_a_file_has_one_key_for_ever_and_another_state_another(hot: Path) -> None:
    first = _file(hot).request_key()
    assert first == _file(hot).request_key() and 1 <= len(first) <= 255
    (hot / "one.txt").rename(hot / "x")
    (hot / "x").rename(hot / "one.txt")
    assert _file(hot).request_key() != first, "put back from done/, it is another deposit"


@pytest.mark.parametrize("change", ["rewritten before", "rewritten while read", "grown while read", "replaced while read", "gone"])
def test_a_file_that_is_not_what_was_found_is_not_sent(hot: Path, change: str) -> None:
    content = bytes(1 << 20)
    (hot / "one.txt").write_bytes(content)
    file, modified = _file(hot), (hot / "one.txt").stat().st_mtime_ns
    if change == "gone":
        (hot / "one.txt").unlink()
    elif change == "rewritten before":
        (hot / "one.txt").write_bytes(content)
    with pytest.raises(SourceFailed) as failed, file.opened() as opened:
        pieces = opened.pieces()
        next(pieces)
        if change == "grown while read":
            with (hot / "one.txt").open("ab") as more:
                more.write(b"x")
        elif change == "replaced while read":
            (hot / "new").write_bytes(content)
            (hot / "new").rename(hot / "one.txt")
        else:
            (hot / "one.txt").write_bytes(content)
            os.utime(hot / "one.txt", ns=(0, modified))  # the time of change alone tells
        list(pieces)
    assert failed.value.reason is (Reason.SOURCE_MISSING if change == "gone" else Reason.SOURCE_CHANGED)
