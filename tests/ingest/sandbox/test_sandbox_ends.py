"""However a child, or the zygote, ends: it costs a page or a step, is named, and the next document is read."""

from __future__ import annotations

import json
import os
import signal
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest.reasons import Reason
from ingest.sandbox.document import Document
from ingest.sandbox.frames import Frame
from ingest.sandbox.parent import Died, Zygote
from ingest.sandbox.sandbox import ReadingFailed, Sandbox
from storage.errors import SandboxUnreachable
from tests.ingest.sandbox.conftest import ATTACKER, SMALL
from tests.proofs.served import alive
from tests.waiting import until

pytestmark = pytest.mark.servers

PDF = b"%PDF-1.4"


def ask(zygote: Zygote, act: str) -> list[Frame]:
    with Document.of(PDF) as document:
        return list(zygote.ask("attack", {"act": act}, document))


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("fill_memory", Reason.OUT_OF_MEMORY),
        ("fill_memory_natively", Reason.OUT_OF_MEMORY),
        ("spin", Reason.TIMED_OUT),
        ("sleep", Reason.TIMED_OUT),
        ("abort", Reason.CRASHED),
        ("fault", Reason.CRASHED),
        ("raise_error", Reason.CRASHED),
    ],
)
def test_every_way_of_dying_has_its_reason(attacker: Zygote, act: str, reason: Reason) -> None:
    try:
        frames = ask(attacker, act)
    except Died as died:
        assert died.reason is reason
    else:
        assert frames[-1].header == {"failed": reason.name}
    assert len(ask(attacker, "see_environment")) == 2


def test_a_timed_out_child_is_gone(attacker: Zygote) -> None:
    with pytest.raises(Died):
        ask(attacker, "spin")
    assert attacker.pid is not None
    until(lambda: not _children(attacker.pid or 0), 10)


def test_leaving_the_answers_ends_the_child(attacker: Zygote) -> None:
    with Document.of(PDF) as document:
        answers = attacker.ask("attack", {"act": "sleep"}, document)
        next(answers)
        assert attacker.pid is not None
        assert _children(attacker.pid)
        answers.close()
    until(lambda: not _children(attacker.pid or 0), 10)


@pytest.mark.parametrize(
    "raw",
    [
        b"\0\0",
        struct.pack("!II", 1 << 31, 0),
        struct.pack("!II", 2, 1 << 31) + b"{}",
        struct.pack("!II", 2, 0) + b"[]",
        struct.pack("!II", 2, 0) + b"{{",
        struct.pack("!II", 20_000, 0) + b"[" * 20_000,
        struct.pack("!II", 2, 10) + b"{}abc",
    ],
)
def test_answers_that_are_none_are_a_crash(attacker: Zygote, raw: bytes) -> None:
    with Document.of(PDF) as document, pytest.raises(Died) as died:
        list(attacker.ask("forge", {"raw": raw.hex()}, document))
    assert died.value.reason is Reason.CRASHED


def test_a_killed_zygote_is_started_again() -> None:
    with Sandbox(SMALL) as sandbox, Document.of("Kính gửi".encode()) as document:
        first = sandbox.zygote_pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert sandbox.inspect(document, "a.txt").page_count == 1
        assert sandbox.zygote_pid not in (None, first)


def test_children_die_with_the_zygote() -> None:
    zygote = Zygote(SMALL, ATTACKER)
    zygote.start()
    try:
        with Document.of(PDF) as document:
            answers = zygote.ask("attack", {"act": "sleep"}, document)
            next(answers)
            assert zygote.pid is not None
            guards = _children(zygote.pid)
            readers = [reader for guard in guards for reader in _children(guard)]
            assert guards and readers
            os.kill(zygote.pid, signal.SIGKILL)
            with pytest.raises(SandboxUnreachable):
                list(answers)
        until(lambda: not any(map(alive, guards + readers)), 10)
    finally:
        zygote.close()


def test_two_documents_are_read_at_once(attacker: Zygote) -> None:
    # Each child waits for the other's end of a race that would never be run one after the other.
    ready = threading.Barrier(2, timeout=20)

    def one() -> object:
        with Document.of(PDF) as document:
            answers = attacker.ask("attack", {"act": "see_environment"}, document)
            next(answers)
            ready.wait()
            return next(answers).header["got"]

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(one), pool.submit(one)
    assert first.result() == second.result() == repr(["LANG", "OMP_THREAD_LIMIT"])


def answering(*headers: object) -> Document:
    return Document.of(json.dumps(headers).encode())


PAGE = {"page": 1, "text": "", "words": [], "source": "ocr", "width": 1.0, "height": 1.0, "reason": None, "rereads": []}
FOUND = {"kind": "text/plain", "media_type": "text/plain", "page_count": 1, "reason": None, "warnings": [], "active": [], "has_access": False}


@pytest.mark.parametrize(
    "change",
    [
        {"page": 2},
        {"page": True, "text": 5},
        {"text": "half \ud800"},
        {"text": "bell \a"},
        {"text": "x" * 4_000_001},
        {"source": "guess"},
        {"source": "none"},
        {"source": "none", "text": "x"},
        {"reason": "DAMAGED"},
        {"width": float("nan")},
        {"width": -1},
        {"height": 1e9},
        {"reason": "NONE_OF_OURS"},
        {"words": [["a", 0, 0, 1, 1, 1.5, 0]]},
        {"words": [["a", 0, 0, 1, 1, 1, 9]]},
        {"words": [["a", 0, 0, 1, "1", 1, 0]]},
        {"words": [["", 0, 0, 1, 1, 1, 0]]},
        {"words": [[]]},
        {"words": {}},
    ],
)
def test_pages_that_cannot_be_are_a_crash_and_cost_a_page(liar: Sandbox, change: dict[str, object]) -> None:
    with answering({"opened": True}, PAGE | change) as document:
        (page,) = liar.read_pages(document, 1, 1)
    assert (page.reason, page.text, page.words) == (Reason.CRASHED, "", ())


def test_a_page_as_it_should_be_is_taken(liar: Sandbox) -> None:
    with answering({"opened": True}, PAGE | {"words": [["Số", 0, 0, 1, 1, 0.5, 1]]}) as document:
        (page,) = liar.read_pages(document, 1, 1)
    assert (page.reason, page.text, page.confidence) == (None, "Số", 0.5)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "application/zip"},
        {"media_type": "x"},
        {"page_count": -1},
        {"page_count": 10**9},
        {"warnings": ["EMPTY"]},
        {"warnings": ["REPAIRED"] * 9},
        {"has_access": True},
        {"active": "JS"},
    ],
)
def test_findings_that_cannot_be_are_a_crash(liar: Sandbox, change: dict[str, object]) -> None:
    with answering(FOUND) as honest, answering(FOUND | change) as forged:
        assert liar.inspect(honest, "").reason is None
        assert liar.inspect(forged, "").reason is Reason.CRASHED


@pytest.mark.parametrize(
    "said",
    [
        (PAGE, FOUND | {"kind": "image/png"}),
        (PAGE, FOUND | {"reason": "DAMAGED"}),
        (PAGE, FOUND | {"page_count": 2}),
        (PAGE, PAGE, FOUND),
        (PAGE | {"text": "bell \a"}, FOUND),
    ],
)
def test_pages_that_cannot_come_with_what_was_found_are_a_crash(liar: Sandbox, said: tuple[dict[str, object], ...]) -> None:
    with answering(PAGE, FOUND) as honest, answering(*said) as forged:
        assert [page.number for page in liar.inspect(honest, "").pages] == [1]
        assert liar.inspect(forged, "").reason is Reason.CRASHED


def test_a_document_that_cannot_be_opened_fails_at_once(liar: Sandbox) -> None:
    with answering("no header") as document, pytest.raises(ReadingFailed) as failed:
        list(liar.read_pages(document, 1, 1000))
    assert failed.value.reason is Reason.CRASHED


def test_pages_that_all_kill_their_child_are_given_up(liar: Sandbox) -> None:
    with answering({"opened": True}, {"page": "none"}) as document:
        pages = list(liar.read_pages(document, 1, 30))
    assert [page.number for page in pages] == list(range(1, 31))
    assert {page.reason for page in pages} == {Reason.CRASHED}


def _children(process: int) -> list[int]:
    try:
        told = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return []
    return [child for child in map(int, told.split()) if alive(child)]
