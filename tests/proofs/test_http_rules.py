"""HTTP's own rules, over the wire: repeated requests, ranges, caches, methods, hosts, and what watchers of the machine may ask."""

from __future__ import annotations

import http.client
import json
import socket
from urllib.parse import quote

import pytest

from tests.proofs.served import OPEN, Answer, Served
from tests.waiting import until

pytestmark = pytest.mark.servers

WORD = "chuồnchuồn"


def letter(number: int) -> bytes:
    return OPEN.format(number=number, text=f"Nội dung thứ {number}.").encode()


def found(served: Served, officer: str, words: str) -> int:
    return int(str(served.ask("GET", f"search?q={quote(words)}", officer).json["total"]))


def said(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    return answer.status, {name: value for name, value in answer.headers.items() if name != "date"}, answer.body


def test_a_repeated_deposit_gets_the_same_answer_and_the_key_takes_no_other_bytes(served: Served, scanner: str, officer: str) -> None:
    first = served.deposit(scanner, letter(11), request="k1")
    assert (first.status, first.headers["location"]) == (201, f"receipts/{first.json['receipt_id']}")
    assert first.headers["cache-control"] == "no-store"
    assert said(served.deposit(scanner, letter(11), request="k1")) == said(first)
    assert served.settled(scanner, first)["outcome"] == "stored"
    assert said(served.deposit(scanner, letter(11), request="k1")) == said(first), "also when the record has come further since"
    other = served.deposit(scanner, letter(12), request="k1")
    assert (other.status, other.code) == (409, "VK-KEY-REUSED")
    mine = served.deposit(officer, letter(12), request="k1")
    assert mine.status == 201, "a key is its credential's own"
    assert served.settled(officer, mine)["outcome"] == "stored"


def test_a_deposit_whose_connection_was_cut_is_answered_when_it_is_repeated(served: Served, scanner: str, officer: str) -> None:
    content = OPEN.format(number=13, text=WORD).encode()
    body = b'--X\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + content + b"\r\n--X--\r\n"
    head = (
        f"POST /api/v1/deposits HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {scanner}\r\nIdempotency-Key: cut\r\n"
        f"Content-Type: multipart/form-data; boundary=X\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((served.host, served.port)) as connection:
        connection.sendall(head.encode() + body)
        until(lambda: found(served, officer, WORD) == 1, what="committed; its answer is never read")
    again = [served.deposit(scanner, content, request="cut") for _ in range(2)]
    assert said(again[0]) == said(again[1])
    assert again[0].status == 201
    receipt = served.settled(scanner, again[0])
    assert (receipt["outcome"], receipt["record_id"]) == ("stored", again[0].json["record_id"])
    assert found(served, officer, WORD) == 1


@pytest.mark.parametrize(
    ("announced", "sent"),
    [("Content-Length: 65537", b""), ("Transfer-Encoding: chunked", b""), ("Content-Length: 7", b"no form"), ("Content-Length: 7", b"no")],
    ids=["long", "of no told length", "short", "short and slow"],
)
def test_whose_a_deposit_is_comes_first_whatever_its_body_is(served: Served, announced: str, sent: bytes) -> None:
    """Only what is no longer than headers may be is waited for before, and that for a moment."""
    head = f"POST /api/v1/deposits HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer nobody\r\nContent-Type: text/plain\r\n{announced}\r\n\r\n"
    with socket.create_connection((served.host, served.port), timeout=20) as connection:
        connection.sendall(head.encode() + sent)
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")


def test_bytes_of_documents_come_whole_or_in_ranges_and_are_kept_by_nobody(served: Served, officer: str) -> None:
    content = letter(14)
    receipt = served.settled(officer, served.deposit(officer, content))
    path = f"records/{receipt['record_id']}/parts/original"

    def ranged(wanted: str) -> Answer:
        return served.ask("GET", path, officer, headers={"Range": wanted})

    whole = served.ask("GET", path, officer)
    assert (whole.status, whole.body) == (200, content)
    for name, value in {
        "cache-control": "no-store", "content-disposition": "attachment", "x-content-type-options": "nosniff", "accept-ranges": "bytes",
        "content-security-policy": "sandbox; default-src 'none'",
    }.items():  # fmt: skip
        assert whole.headers[name] == value
    size = len(content)
    ranges = {"bytes=0-9": (0, 10), f"bytes={size - 5}-": (size - 5, size), "bytes=-7": (size - 7, size), "bytes=5-999999": (5, size)}
    for wanted, (start, end) in ranges.items():
        part = ranged(wanted)
        assert (part.status, part.body) == (206, content[start:end]), wanted
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    beyond = ranged(f"bytes={size}-")
    assert (beyond.status, beyond.code, beyond.headers["content-range"]) == (416, "VK-RANGE", f"bytes */{size}")
    for ignored in ("lines=1-2", "bytes=5-2", "bytes=0-1,3-4"):
        assert ranged(ignored).status == 200


def announced(served: Served, key: str, size: int) -> tuple[int, object]:
    """What is said to a body of so many bytes before any of it was sent: whoever sends on meanwhile may find the connection closed."""
    connection = http.client.HTTPConnection(served.host, served.port, timeout=30)
    connection.putrequest("PATCH", "/api/v1/records/none")
    for name, value in {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Content-Length": str(size)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    return answer.status, told["code"]


def test_refusals_say_what_http_asks_of_them(served: Served, officer: str) -> None:
    nobody = served.ask("GET", "status")
    assert (nobody.status, nobody.headers["www-authenticate"], nobody.headers["cache-control"]) == (401, "Bearer", "no-store")
    wrong = served.ask("DELETE", "status", officer)
    assert (wrong.status, wrong.headers["allow"]) == (405, "GET")
    assert served.ask("GET", "nothing/here", officer).code == "VK-NOT-FOUND"
    assert announced(served, officer, 2 << 20) == (413, "VK-TOO-LARGE")
    assert served.ask("GET", "status", officer, headers={"Host": "evil.example"}).code == "VK-HOST"


def test_watchers_of_the_machine_learn_figures_and_nothing_of_any_record(served: Served) -> None:
    assert (served.ask("GET", "/healthz").body, served.ask("GET", "/readyz").body) == (b"ok\n", b"ok\n")
    lines = served.ask("GET", "/metrics").body.decode().splitlines()
    assert {line.split()[0].partition("{")[0] for line in lines if not line.startswith("#")} == {
        "vankho_answers_total", "vankho_queue_waiting", "vankho_queue_in_hand", "vankho_audit_pending", "vankho_index_waiting",
        "vankho_index_refused", "vankho_keeper_up",
    }  # fmt: skip
    assert served.metric("vankho_keeper_up") == 1
