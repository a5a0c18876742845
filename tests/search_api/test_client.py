"""The command line's HTTP: a broken connection is told from a refusal, a cut answer from a whole one, and a repeat is the same request."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.reasons import Reason
from search_api.cli.depositing import Depositor
from search_api.cli.inputs import Input
from search_api.client import Client, Refused, segment
from storage.errors import AnswerCut, ArchiveUnreachable, ExitCode, ReceiptDiffers
from storage.walls.sockets import bind

_PROBLEM = b'{"type":"t","title":"Hidden","status":404,"detail":"d","code":"VK-NOT-FOUND","instance":"/i"}'


@contextmanager
def _server(path: Path, *answers: bytes) -> Iterator[list[bytes]]:
    """Gives its answers, one a connection, in order; yields what it was sent. An empty answer breaks the connection."""
    asked: list[bytes] = []
    with bind(path) as listener:

        def serve() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    asked.append(connection.recv(1 << 20))
                    while b"chunked" in asked[-1] and not asked[-1].endswith(b"0\r\n\r\n"):
                        asked[-1] += connection.recv(1 << 20)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield asked
        thread.join()


def _answer(status: int, body: bytes, announced: int | None = None) -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body) if announced is None else announced}\r\n\r\n".encode() + body


def test_a_refusal_carries_the_archives_own_words_and_exit_code(tmp_path: Path) -> None:
    with _server(tmp_path / "s", _answer(404, _PROBLEM)), pytest.raises(Refused) as refused:
        Client(tmp_path / "s", "t", "en").json("GET", "records/x")
    assert refused.value.exit_code is ExitCode.NOT_FOUND and refused.value.problem("en", "vankho show")["instance"] == "/i"


def test_nobody_there_and_a_broken_connection_are_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnreachable):
        Client(tmp_path / "absent", "t", "en").json("GET", "status")
    with _server(tmp_path / "s", b""), pytest.raises(ArchiveUnreachable):
        Client(tmp_path / "s", "t", "en").json("GET", "status")


_CUT_CHUNKS = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n"


@pytest.mark.parametrize("answer", [_answer(200, b'{"a": 1}', announced=99), _CUT_CHUNKS], ids=["length", "chunks"])
def test_a_cut_answer_is_never_taken_for_a_whole_one(tmp_path: Path, answer: bytes) -> None:
    with _server(tmp_path / "s", answer), pytest.raises(AnswerCut), Client(tmp_path / "s", "t", "en").ask("GET", "x") as reply:
        list(reply.parts())


def test_a_refusal_that_comes_before_the_body_was_taken_is_heard(tmp_path: Path) -> None:
    with bind(tmp_path / "s") as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)
                connection.sendall(_answer(404, _PROBLEM))
                connection.shutdown(2)

        thread = threading.Thread(target=refuse)
        thread.start()
        body = (b"x" * (1 << 16) for _ in range(1000))
        with pytest.raises(Refused), Client(tmp_path / "s", "t", "en").ask("POST", "deposits", body=body):
            pass
        thread.join()


def test_a_deposit_whose_connection_broke_or_that_met_a_restart_is_sent_again_under_the_same_key(tmp_path: Path) -> None:
    (tmp_path / "paper").write_bytes(b"content")
    sha256 = hashlib.sha256(b"content").hexdigest()
    accepted = _answer(201, f'{{"receipt_id": "p", "record_id": "r", "outcome": "accepted", "sha256": "{sha256}", "size": 7}}'.encode())
    settled = _answer(200, b'{"receipt_id": "p", "record_id": "r", "outcome": "stored", "sha256": null, "size": 7, "indexed": null}')
    restarting = _answer(503, b'{"status": 503, "code": "VK-KEEPER"}')
    with _server(tmp_path / "s", b"", restarting, accepted, settled) as asked:
        line = Depositor(Client(tmp_path / "s", "t", "en"), "b", None, "en").deposit(Input(tmp_path / "paper"))
    keys = [re.findall(rb"Idempotency-Key: (\w+)", sent) for sent in asked[:3]]
    assert keys[0] == keys[1] == keys[2] and len(keys[0]) == 1
    assert all(b"content" in sent for sent in asked[:3])
    assert (line["outcome"], line["sha256"]) == ("stored", sha256)


def test_a_receipt_for_other_bytes_than_were_sent_is_no_receipt(tmp_path: Path) -> None:
    (tmp_path / "paper").write_bytes(b"content")
    other = _answer(201, f'{{"receipt_id": "p", "outcome": "accepted", "sha256": "{hashlib.sha256(b"contend").hexdigest()}"}}'.encode())
    with _server(tmp_path / "s", other), pytest.raises(ReceiptDiffers):
        Depositor(Client(tmp_path / "s", "t", "en"), "b", None, "en").deposit(Input(tmp_path / "paper"))


def test_a_full_store_and_a_key_met_with_other_bytes_refuse_one_document_and_not_the_others(tmp_path: Path) -> None:
    (tmp_path / "paper").write_bytes(b"content")
    for status, code, reason in ((507, "VK-STORE-FULL", Reason.STORE_FULL), (409, "VK-KEY-REUSED", Reason.SOURCE_CHANGED)):
        problem = _answer(status, f'{{"status": {status}, "code": "{code}"}}'.encode())
        with _server(tmp_path / "s", problem):
            line = Depositor(Client(tmp_path / "s", "t", "en"), "b", None, "en").deposit(Input(tmp_path / "paper"))
        assert (line["outcome"], line["reason"], line["message"]) == ("refused", reason.name, reason.text("en"))


def test_an_id_of_any_bytes_is_one_segment_of_a_path() -> None:
    assert segment("a/b?c#d %") == "a%2Fb%3Fc%23d%20%25"
    assert segment(b"\xff".decode("utf-8", "surrogateescape")) == "%FF"
