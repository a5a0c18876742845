"""A closed index whose file is gone or damaged comes back from the sealed parts, whatever is killed, while everything else goes on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from storage.home import Home
from storage.settings import read_settings
from tests.instances import Instance
from tests.proofs.served import OPEN, Served
from tests.search_api.papers import secret
from tests.waiting import until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

ROSES = "search?q=hoa%20h%E1%BB%93ng"


def letters(served: Served, scanner: str, numbers: range, mark: str = "MẬT") -> set[object]:
    sent = [served.deposit(scanner, secret(number, "việc mật", f"Hoa hồng {number}.", mark).encode()) for number in numbers]
    return {served.settled(scanner, one)["record_id"] for one in sent}


def found(served: Served, officer: str) -> set[object]:
    """What is found; nothing where the answer is refused."""
    answer = served.ask("GET", f"{ROSES}&limit=100", officer)
    if answer.status == 503:
        assert answer.code in ("VK-CLOSED-INDEX-DAMAGED", "VK-KEEPER"), answer.body
        return set()
    assert answer.status == 200, answer.body
    hits = answer.json["hits"]
    assert isinstance(hits, list)
    return {hit["record_id"] for hit in hits}


def files(instance: Instance) -> list[Path]:
    return sorted((instance.home / "closed").glob("*.db"))


def test_what_is_lost_or_damaged_comes_back_by_itself_and_an_answer_is_whole_or_refused(
    house: Instance, served: Served, scanner: str, officer: str
) -> None:
    records = letters(served, scanner, range(1, 4))
    (first,) = files(house)
    records |= letters(served, scanner, range(4, 6), "TỐI MẬT")
    (second,) = {*files(house)} - {first}
    served.settled(scanner, served.deposit(scanner, OPEN.format(number=9, text="Hoa sen.").encode()))
    until(lambda: found(served, officer) == records, what="all of them found")
    for damaged, content in ((first, None), (second, b"no longer a database" * 500)):
        for path in (house.home / "closed").glob(f"{damaged.name.partition('@')[0]}*"):
            path.unlink()
        if content is not None:
            damaged.write_bytes(content)
        seen = found(served, officer)
        while seen != records:
            assert seen == set(), "a part of the answer"
            seen = found(served, officer)
        until(lambda: house.json("status")[0]["index_faults"] == [], what="mended")
    opened = [act["details"] for act in house.json("audit", "query", "--action", "reindex") if act["source"] == "keeper"]
    assert {record for act in opened for record in act["records"]} == records and len(opened) == 2  # type: ignore[index]
    for path in files(house):
        path.unlink()
    new = letters(served, scanner, range(6, 8))  # nobody has searched: the keeper notices by itself
    until(lambda: found(served, officer) == records | new, what="with what came meanwhile")
    assert house.json("reindex") == [{"done": ["central"], "failed": {}, "refused": {}}]
    assert found(served, officer) == records | new
    assert house.json("check", "--read-data")[0]["findings"] == []


def test_killed_in_the_middle_of_it_nothing_is_lost_and_the_next_keeper_goes_on(tmp_path: Path) -> None:
    instance, key = Instance(tmp_path), tmp_path / "scan.key"
    instance.run("init", "--test", "--recovery-out", instance.recovery)
    instance.run("source", "add", "máy quét 1", "--key-out", key)
    officer = (instance.config / "vankho" / f"{read_settings(Home(instance.home)).instance}.key").read_text().strip()
    with Served(instance) as served:
        records = letters(served, key.read_text().strip(), range(1, 4))
        until(lambda: found(served, officer) == records, what="all of them found")
    with Served(instance, env={"VANKHO_FAILPOINT": "kill@rebuild.1"}) as served:
        keeper = served.pid("keeper")
        for path in files(instance):
            path.unlink()
        until(lambda: served.pid("keeper") not in (0, keeper), what="killed over it, and started again")
        assert found(served, officer) == set()
    assert list((instance.home / "closed").glob(".*.part")), "what it had begun"
    with Served(instance) as served:
        records |= letters(served, key.read_text().strip(), range(20, 22))
        os.kill(served.pid("keeper"), signal.SIGKILL)
        until(lambda: found(served, officer) == records, what="all of them found")
        until(lambda: instance.json("status")[0]["index_faults"] == [], what="mended")
        assert not list((instance.home / "closed").glob(".*.part"))
        assert instance.json("check", "--read-data")[0]["findings"] == []
