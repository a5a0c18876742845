"""What answers of a cluster come to that a real one gives only at moments nobody can choose: a server that says them on demand stands for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from storage.errors import IndexRefused, IndexUnreachable
from storage.ids import RecordId
from storage.index.elastic.bulk import Outcome, operation, put
from storage.index.elastic.cluster import Cluster
from storage.servers import Credential, Server

STARTING = {"error": {"type": "security_exception", "reason": "apikey authentication for id x encountered a failure"}, "status": 401}
REVOKED = {"error": {"type": "security_exception", "reason": "api key x has been invalidated"}, "status": 401}
WELL = {"ok": True}


class Saying:
    """answers: what is said next, a status and a body each; the last again and again. asked: the bodies that came with the requests."""

    def __init__(self, port: int) -> None:
        self.cluster = Cluster(Server("http", (("127.0.0.1", port),), credential=Credential("", "key")))
        self.answers: list[tuple[int, object]] = []
        self.asked: list[bytes] = []


@pytest.fixture
def saying() -> Iterator[Saying]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            said.asked.append(self.rfile.read(int(self.headers.get("content-length", "0"))))
            status, body = said.answers.pop(0) if len(said.answers) > 1 else said.answers[0]
            content = json.dumps(body).encode()
            self.send_response(status)
            for name, value in (("content-type", "application/json"), ("x-elastic-product", "Elasticsearch"), ("content-length", str(len(content)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        said = Saying(server.server_port)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield said
        said.cluster.close()
        server.shutdown()


def items(*results: tuple[int, str]) -> tuple[int, object]:
    """An answer to a bulk request."""
    return 200, {"items": [{"index": {"status": status, **({"error": {"type": why}} if why else {})}} for status, why in results]}


def put_some(saying: Saying, count: int) -> Outcome[int]:
    return put(saying.cluster, (operation(number, "index", RecordId(f"r{number}"), 1, {}) for number in range(count)))


def test_a_cluster_that_cannot_read_its_keys_yet_is_asked_again(saying: Saying) -> None:
    saying.answers = [(401, STARTING), (401, STARTING), (200, WELL)]
    assert saying.cluster.ask("GET", "/").body == WELL
    assert len(saying.asked) == 3


def test_a_key_that_was_revoked_is_refused_at_once(saying: Saying) -> None:
    saying.answers = [(401, REVOKED), (200, WELL)]
    with pytest.raises(IndexRefused):
        saying.cluster.ask("GET", "/")
    assert len(saying.asked) == 1


def test_of_a_bulk_that_is_partly_taken_in_the_rest_is_sent_again_or_told(saying: Saying) -> None:
    saying.answers = [items((201, ""), (429, "es_rejected_execution_exception"), (400, "document_parsing_exception"), (404, "x"), (409, "version")),
                      items((201, "")), (200, WELL)]  # fmt: skip
    assert put_some(saying, 5) == Outcome({2: "document_parsing_exception"}, {3})
    assert b'"r1"' in saying.asked[1] and b'"r0"' not in saying.asked[1]


@pytest.mark.parametrize("result", [(503, "unavailable_shards_exception"), (403, "cluster_block_exception"), (401, "security_exception")])
def test_what_a_cluster_will_not_do_now_is_no_refusal_of_the_record(saying: Saying, result: tuple[int, str]) -> None:
    saying.answers = [items((201, ""), result), (200, WELL)]
    with pytest.raises(IndexUnreachable, match=result[1]):
        put_some(saying, 2)
