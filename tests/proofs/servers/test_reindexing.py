"""On servers: indexes that are gone come back from catalog and store by themselves, and with `vankho reindex` search answers all the time."""

from __future__ import annotations

import threading
import time

import pytest

from storage.home import Home
from storage.index.elastic.cluster import Cluster
from storage.index.elastic.names import Names
from storage.settings import read_settings
from tests.proofs.served import OPEN
from tests.proofs.servers.conftest import Heard, Servers
from tests.search_api.papers import secret
from tests.waiting import until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

COUNT = 12


def letter(number: int) -> bytes:
    return OPEN.format(number=number, text=f"Hoa sữa nở lần thứ {number}.").encode()


def test_indexes_that_are_gone_come_back_and_search_answers_while_they_are_built_again(
    servers: Servers, served: Heard, scanner: str, officer: str
) -> None:
    def total() -> int:
        return int(str(served.ask("GET", "search?q=hoa%20s%E1%BB%AFa", officer).json["total"]))

    closed = served.settled(scanner, served.deposit(scanner, secret(900, "kho tàng", "hoa sữa").encode()))
    deposited = [served.deposit(scanner, letter(number)) for number in range(COUNT)]
    assert {served.settled(scanner, one)["outcome"] for one in deposited} == {"stored"}
    until(lambda: total() == COUNT + 1, what="all of them found")
    cluster, names = Cluster(servers.index.server()), Names(read_settings(Home(served.instance.home)).instance)
    (index,) = [one for generations in names.existing(cluster).values() for one in generations.all]
    cluster.ask("DELETE", f"/{index}")
    while (answer := served.ask("GET", "search?q=hoa%20s%E1%BB%AFa", officer)).status != 200:  # it may be back before anybody is refused
        assert answer.code == "VK-INDEX-DAMAGED"
        time.sleep(0.2)
    assert answer.json["total"] == COUNT + 1

    answers, stop = set[object](), threading.Event()

    def search() -> None:
        while not stop.is_set():
            answers.add(total() >= COUNT + 1)

    asking = threading.Thread(target=search)
    asking.start()
    try:
        (done,) = served.instance.json("reindex", "--office", "central")
        later = served.deposit(scanner, letter(COUNT))
        assert served.settled(scanner, later)["outcome"] == "stored"
        until(lambda: total() == COUNT + 2, what="what came meanwhile is found as well")
    finally:
        stop.set()
        asking.join()
    assert done == {"done": ["central"], "failed": {}, "refused": {}}
    assert answers == {True}
    acts = [act for act in served.instance.json("audit", "query", "--action", "reindex") if act["source"] == "keeper"]
    lent, own = ([act["details"]["records"] for act in acts if ("partition" in act["details"]) is is_own] for is_own in (False, True))
    assert len(lent) == 2 and len({record for records in lent for record in records}) == COUNT, "file keys of open records are lent, and no others"
    assert own == [[closed["record_id"]]], "the closed partition he reads himself"
    assert served.instance.json("check", "--read-data")[0]["findings"] == []
    cluster.close()
