"""A server that is killed: what does not need it goes on, what does says which it is, and once it is back all goes on by itself."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.proofs.served import OPEN, Answer
from tests.proofs.servers.conftest import Heard, Servers
from tests.servers.elasticsearch import ElasticsearchCluster
from tests.servers.postgresql import PostgresServer
from tests.servers.processes import LocalServer
from tests.servers.s3 import S3Server
from tests.waiting import until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

BACK = 60.0
"""Seconds after which everything that waited for a server is done, once it is back."""

LINES = 12
"""What one outage may add to the log: each thread that waits says why, and once more where the reason changes as the server starts."""

MEMBERS = ("supervisor", "keeper", "worker", "api")


@pytest.fixture(scope="module")
def servers(mortal: tuple[ElasticsearchCluster, PostgresServer, S3Server]) -> Servers:
    index, catalog, store = mortal
    return Servers(index, catalog, store, catalog.new_database(), store.new_bucket())


def letter(number: int) -> bytes:
    return OPEN.format(number=number, text=f"Nội dung thứ {number}.").encode()


def total(served: Heard, key: str, words: str = "") -> object:
    """How many records a search finds; None where it is refused."""
    return served.ask("GET", f"search?q={words}", key).json.get("total")


def settled_total(served: Heard, key: str) -> int:
    """How many records there are, once all that were kept are found."""
    until(lambda: served.metric("vankho_index_waiting") == 0, what="nothing to be indexed")
    return int(str(total(served, key)))


def outcomes(served: Heard, key: str, deposited: list[Answer]) -> set[object]:
    return {served.ask("GET", f"receipts/{one.json['receipt_id']}", key).json["outcome"] for one in deposited}


def busy_seconds(pid: int) -> float:
    """Processor time of a process until now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def away(served: Heard, server: LocalServer) -> Iterator[None]:
    """The server is killed, and back at the end of the block. Nobody who waits for it ends, spins, or says so again and again."""
    pids, said = {part: served.pid(part) for part in MEMBERS}, len(served.lines())
    start, used = time.monotonic(), {part: busy_seconds(pid) for part, pid in pids.items()}
    server.kill()
    try:
        yield
    finally:
        server.start()
    seconds = time.monotonic() - start
    heard = served.lines()[said:]
    assert len(heard) <= LINES, heard
    assert {part: served.pid(part) for part in MEMBERS} == pids
    for part, pid in pids.items():
        assert busy_seconds(pid) - used[part] < max(3.0, seconds / 2), f"{part} was busy for much of {seconds:.0f} s"


def test_without_elasticsearch_deposits_go_on_and_are_found_once_it_is_back(
    servers: Servers, served: Heard, scanner: str, officer: str
) -> None:
    assert served.settled(scanner, served.deposit(scanner, letter(1)))["outcome"] == "stored"
    before = settled_total(served, officer)
    with away(served, servers.index.nodes[0]):
        deposited = [served.deposit(scanner, letter(number)) for number in range(2, 12)]
        assert {answer.status for answer in deposited} == {201}
        refused = served.ask("GET", "search?q=l%E1%BB%8Bch", officer)
        assert (refused.status, refused.code) == (503, "VK-INDEX-SERVER")
        assert "Elasticsearch" in str(refused.json["detail"])
        until(lambda: outcomes(served, scanner, deposited) == {"stored"}, what="kept without the index")
        for number, answer in enumerate(deposited, 2):
            assert served.ask("GET", f"records/{answer.json['record_id']}/parts/original", officer).body == letter(number)
    servers.index.wait()
    until(lambda: total(served, officer) == before + 10, BACK, "all of them found")
    assert served.instance.json("check", "--read-data")[0]["findings"] == []


def test_without_postgresql_deposits_are_refused_and_nothing_is_half_done(servers: Servers, served: Heard, scanner: str, officer: str) -> None:
    kept = {number: served.settled(scanner, served.deposit(scanner, letter(number))) for number in range(20, 23)}
    before = settled_total(served, officer)
    under_way = served.deposit(scanner, letter(23))
    assert under_way.status == 201
    with away(served, servers.catalog):
        refused = [served.deposit(scanner, letter(24), request="again") for _ in range(3)]
        refused += [served.ask("GET", "search?q=", officer), served.ask("GET", f"records/{kept[20]['record_id']}", officer)]
        assert {(answer.status, answer.code) for answer in refused} == {(503, "VK-CATALOG-SERVER")}
        assert all("PostgreSQL" in str(answer.json["detail"]) for answer in refused)
    until(lambda: served.answers("GET", "search?q=", officer), BACK, "people served again")
    assert served.settled(scanner, under_way)["outcome"] == "stored"
    repeated = [served.deposit(scanner, letter(24), request="again") for _ in range(2)]
    assert {served.settled(scanner, answer)["outcome"] for answer in repeated} == {"stored"}
    until(lambda: total(served, officer) == before + 2, BACK, "what was under way, and what was sent again, once")
    for number, receipt in kept.items():
        assert served.ask("GET", f"records/{receipt['record_id']}/parts/original", officer).body == letter(number)
    assert served.instance.json("check", "--read-data")[0]["findings"] == []
    assert served.instance.run("audit", "verify").returncode == 0


def test_without_the_store_search_goes_on_and_what_was_begun_is_finished_once_it_is_back(
    servers: Servers, served: Heard, scanner: str, officer: str
) -> None:
    closing = served.settled(scanner, served.deposit(scanner, letter(30)))
    assert closing["outcome"] == "stored"
    before = settled_total(served, officer)
    under_way = [served.deposit(scanner, letter(number)) for number in range(31, 37)]
    assert {answer.status for answer in under_way} == {201}
    with away(served, servers.store):
        assert "accepted" in outcomes(served, scanner, under_way), "all was done before the store was gone"
        refused = served.deposit(scanner, letter(37))
        assert (refused.status, refused.code) == (503, "VK-STORE-SERVER")
        assert "S3" in str(refused.json["detail"])
        assert total(served, officer) is not None
        told = served.instance.refusal("reclassify", str(closing["record_id"]), "--level", "MAT", "--reason", "thử", exit_code=7)
        assert told["code"] == "VK-STORE-SERVER"
        unread = served.ask("GET", f"records/{closing['record_id']}/parts/original", officer)
        assert (unread.status, unread.code) == (503, "VK-STORE-SERVER")
    for number, answer in enumerate(under_way, 31):
        assert served.settled(scanner, answer)["outcome"] == "stored"
        assert served.ask("GET", f"records/{answer.json['record_id']}/parts/original", officer).body == letter(number)
    assert served.settled(scanner, served.deposit(scanner, letter(37)))["outcome"] == "stored"
    until(lambda: total(served, officer) == before + 7, BACK, "all of them found")
    assert served.ask("GET", f"records/{closing['record_id']}", officer).json["level"] == "MAT"
    until(lambda: served.instance.run("check", exit_code=None).returncode == 0, BACK, "the record that closed under its new key")
    assert served.instance.json("check", "--read-data")[0]["findings"] == []
