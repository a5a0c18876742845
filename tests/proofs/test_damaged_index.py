"""An open index that is damaged or gone is named by `status`, what is for it waits, and no search takes the rest for all, until it is built anew."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.proofs.served import OPEN, Served, standing_still
from tests.waiting import until

pytestmark = pytest.mark.servers


def letter(number: int) -> bytes:
    return OPEN.format(number=number, text="Hoa sữa nở.").encode()


def test_a_damaged_index_is_named_until_it_is_built_anew_and_nothing_is_lost(served: Served, scanner: str, officer: str) -> None:
    def total() -> object:
        return served.ask("GET", "search?q=hoa%20s%E1%BB%AFa", officer).json.get("total")

    instance = served.instance
    assert served.settled(scanner, served.deposit(scanner, letter(1)))["outcome"] == "stored"
    until(lambda: total() == 1, what="found")
    (before,) = instance.json("status")
    assert before["index_faults"] == []
    for path in (instance.home / "catalog").glob("open-central.db*"):
        path.unlink()
    (instance.home / "catalog" / "open-central.db").write_bytes(b"no longer a database" * 500)
    os.kill(served.pid("worker"), signal.SIGKILL)  # which had the file open
    assert served.settled(scanner, served.deposit(scanner, letter(2)))["outcome"] == "stored"
    until(lambda: instance.json("status")[0]["index_faults"], what="named")
    ((fault,),) = (instance.json("status")[0]["index_faults"],)  # type: ignore[misc]
    assert (fault["office"], fault["code"]) == ("central", "VK-INDEX-DAMAGED")
    assert "VK-INDEX-DAMAGED" in instance.run("status").stdout
    assert served.ask("GET", "search?q=hoa", officer).code == "VK-INDEX-DAMAGED"
    with standing_still(served.pid("worker")):
        assert served.ask("POST", "reindexing", officer).status == 202
        (standing,) = instance.json("status")
        named = {"office": "central", "partition": "open/central"}
        assert standing["reindexing"] == [{**named, "done": 0, "total": None, "failed": None, "refused": None}]
        (line,) = [line for line in instance.run("status").stdout.splitlines() if line.startswith("reindexing")]
        assert "central" in line
    until(lambda: total() == 2, what="found again")
    assert instance.json("reindex") == [{"done": ["central"], "failed": {}, "refused": {}}]
    until(lambda: instance.json("status")[0]["index_faults"] == [], what="named no more")
    assert (total(), instance.json("status")[0]["reindexing"]) == (2, [])
    assert instance.json("check")[0]["findings"] == []


def test_an_index_that_is_gone_comes_back_by_itself_and_an_answer_is_whole_or_refused(served: Served, scanner: str, officer: str) -> None:
    asters = "search?q=hoa%20c%C3%BAc"
    assert served.settled(scanner, served.deposit(scanner, OPEN.format(number=3, text="Hoa cúc nở.").encode()))["outcome"] == "stored"
    until(lambda: served.ask("GET", asters, officer).json.get("total") == 1, what="found")
    for path in (served.instance.home / "catalog").glob("open-central*.db*"):
        path.unlink()
    while (again := served.ask("GET", asters, officer)).status != 200:
        assert again.code == "VK-INDEX-DAMAGED"
        time.sleep(0.2)
    assert again.json["total"] == 1
    (standing,) = served.instance.json("status")
    assert (standing["index_faults"], standing["reindexing"]) == ([], [])
    assert served.instance.json("check")[0]["findings"] == []
