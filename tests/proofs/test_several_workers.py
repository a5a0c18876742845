"""`serve --workers N`: each works and dies by itself, and together they do everything once."""

from __future__ import annotations

import os
import signal

import pytest

from tests.instances import Instance
from tests.proofs.served import OPEN, Served, alive, children_of
from tests.waiting import until

pytestmark = pytest.mark.servers

DOCUMENTS = 30


def workers_of(served: Served) -> set[int]:
    return {pid for pid, words in children_of(served.process.pid).items() if "ingest.worker" in words and alive(pid)}


def letter(number: int) -> bytes:
    return OPEN.format(number=number, text=f"Nội dung thứ {number}.").encode()


def test_workers_that_are_killed_one_after_the_other_disturb_no_other_and_each_document_is_there_once(house: Instance, officer: str) -> None:
    with Served(house, "--workers", "3") as served:
        first = workers_of(served)
        assert len(first) == 3
        before = int(str(served.ask("GET", "search?q=", officer).json["total"]))
        taken, killed = [], set[int]()
        for number in range(1, DOCUMENTS + 1):
            taken.append(served.deposit(officer, letter(number)))
            if number % 10 == 0:
                victim = min(workers_of(served) & first)
                os.kill(victim, signal.SIGKILL)
                killed.add(victim)
                until(lambda: len(workers_of(served)) == 3, what="another in its place")
                assert first - killed <= workers_of(served)
        for number, deposited in enumerate(taken, 1):
            assert served.settled(officer, deposited)["outcome"] == "stored"
            assert served.ask("GET", f"records/{deposited.json['record_id']}/parts/original", officer).body == letter(number)
        until(lambda: served.metric("vankho_index_waiting") == 0, what="all indexed, by whichever is left to do it")
        assert served.ask("GET", "search?q=", officer).json["total"] == before + DOCUMENTS
        assert house.run("check", "--read-data").returncode == house.run("audit", "verify").returncode == 0
        assert served.stop() == 0


def test_without_workers_documents_wait_until_there_is_one(house: Instance, officer: str) -> None:
    with Served(house, "--workers", "0") as served:
        assert workers_of(served) == set()
        receipt = f"receipts/{served.deposit(officer, letter(100)).json['receipt_id']}"
        assert served.ask("GET", receipt, officer).json["outcome"] == "accepted"
    with Served(house) as served:
        until(lambda: served.ask("GET", receipt, officer).json["outcome"] == "stored", what="kept by the next")


@pytest.mark.parametrize("count", ["65", "-1", "x", "1.5"])
def test_a_number_of_workers_that_is_none_is_refused(house: Instance, count: str) -> None:
    assert house.refusal("serve", f"--workers={count}", exit_code=2)["code"] == "VK-INVALID"
