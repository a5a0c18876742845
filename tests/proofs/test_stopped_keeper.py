"""While the keeper stands still, scanners go on depositing, and everything else says at once which part is missing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.proofs.served import OPEN, Answer, Served, standing_still
from tests.waiting import until

pytestmark = pytest.mark.servers

AT_ONCE = 12.0
"""Seconds; five are waited for the first answer, one for those that follow."""

OF_PEOPLE = [
    ("GET", "status"),
    ("GET", "search?q=l%E1%BB%8Bch"),
    ("GET", "review"),
    ("GET", "audit"),
    ("GET", "keys"),
    ("GET", "people"),
    ("GET", "receipts/none"),
    ("GET", "records/none"),
    ("GET", "records/none/parts/original"),
    ("POST", "checks"),
    ("POST", "batches"),
]


def letter(number: int) -> bytes:
    return OPEN.format(number=number, text=f"Nội dung thứ {number}.").encode()


def test_deposits_of_a_source_go_on_and_everything_else_names_the_keeper(scanner: str, served: Served, officer: str) -> None:
    before = served.settled(scanner, served.deposit(scanner, letter(1)))
    assert before["outcome"] == "stored"
    until(lambda: served.metric("vankho_audit_pending") == 0, what="nothing under way in the keeper")
    keeper = served.pid("keeper")
    with standing_still(keeper):
        with ThreadPoolExecutor(len(OF_PEOPLE)) as people:
            refused = [*people.map(lambda asked: served.ask(*asked, officer), OF_PEOPLE)]
        refused += [served.ask("GET", "status", "vk1_" + "A" * 43), served.deposit(officer, letter(2))]
        assert {(answer.status, answer.code) for answer in refused} == {(503, "VK-KEEPER")}
        assert max(answer.seconds for answer in refused) < AT_ONCE

        with ThreadPoolExecutor(60) as crowd:
            asked = [crowd.submit(served.ask, "GET", "status", officer) for _ in range(60)]
            deposited = [served.deposit(scanner, letter(number)) for number in (3, 4)]
            assert {one.result().code for one in asked} == {"VK-KEEPER"}
        assert [answer.status for answer in deposited] == [201, 201]
        assert max(answer.seconds for answer in deposited) < AT_ONCE
        receipts = [served.ask("GET", f"receipts/{answer.json['receipt_id']}", scanner) for answer in deposited]
        assert [answer.status for answer in receipts] == [200, 200]

        ready, healthy = served.ask("GET", "/readyz"), served.ask("GET", "/healthz")
        assert (ready.status, ready.body, healthy.status) == (503, b"keeper\n", 200)
        assert served.metric("vankho_keeper_up") == 0
        assert served.metric("vankho_audit_pending") >= 2
        assert served.instance.refusal("search", "lịch", exit_code=7)["code"] == "VK-KEEPER"
        assert served.pid("keeper") == keeper, "one that only stands still is not replaced"
    until(lambda: served.answers("GET", "status", officer), what="people served again")
    assert [_final(served, scanner, answer) for answer in deposited] == ["stored", "stored"]
    until(lambda: served.metric("vankho_audit_pending") == 0, what="their rows in the log")
    assert served.ask("GET", "search?q=", officer).json["total"] == 3
    assert served.instance.run("audit", "verify").returncode == 0


def _final(served: Served, key: str, deposited: Answer) -> object:
    return served.settled(key, deposited)["outcome"]
