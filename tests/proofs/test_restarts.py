"""Whatever dies under the supervisor is started again and people are served; the supervisor's own end, of whatever kind, ends all."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.instances import Instance
from tests.proofs.served import OPEN, Served, alive, group_of
from tests.waiting import until

pytestmark = pytest.mark.servers

SECONDS = 60.0
"""Until people are served again; a second or two on a machine that does nothing else."""


def letter(number: int) -> bytes:
    return OPEN.format(number=number, text=f"Nội dung thứ {number}.").encode()


def test_each_part_that_is_killed_is_started_again_and_nothing_is_lost(served: Served, officer: str) -> None:
    first = served.deposit(officer, letter(1))
    assert served.settled(officer, first)["outcome"] == "stored"
    for number, part in enumerate(("keeper", "worker", "api", "api's sandbox", "worker's sandbox"), 2):
        pid = served.pid(part)
        assert pid
        os.kill(pid, signal.SIGKILL)
        if part != "worker's sandbox":  # it is missed when the next document is to be read
            until(lambda pid=pid, part=part: served.pid(part) not in (0, pid), SECONDS, f"another {part}")
        until(lambda: served.answers("GET", f"records/{first.json['record_id']}", officer), SECONDS, f"people served after {part}")
        assert served.settled(officer, served.deposit(officer, letter(number)))["outcome"] == "stored", part
    assert served.ask("GET", "search?q=", officer).json["total"] == 6
    assert served.instance.run("check").returncode == served.instance.run("audit", "verify").returncode == 0
    assert served.stop() == 0


def test_the_supervisor_s_end_is_clean_when_asked_and_takes_all_with_it_when_killed(instance: Instance) -> None:
    for number, status in ((signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, -signal.SIGKILL)):
        with Served(instance) as served:
            members = {served.pid(part) for part in ("keeper", "worker", "api", "api's sandbox", "worker's sandbox")}
            assert len(members - {0}) == 5
            assert instance.run("serve", "--port", "0", exit_code=7).returncode == 7
            served.process.send_signal(number)
            assert served.process.wait(SECONDS) == status
            until(lambda members=members: not any(map(alive, members)), 3, f"all gone after {number!r}")
            assert not group_of(served.process.pid)
        assert instance.json("status")[0]["keeper"] == "up"


def test_ctrl_c_reaches_the_whole_group_and_is_quiet(instance: Instance, capfd: pytest.CaptureFixture[str]) -> None:
    with Served(instance) as served:
        os.killpg(served.process.pid, signal.SIGINT)
        assert served.process.wait(SECONDS) == 0
    assert not group_of(served.process.pid)
    assert "Traceback" not in capfd.readouterr().err


def test_an_address_that_cannot_be_had_is_said_and_leaves_nothing_running(instance: Instance) -> None:
    assert instance.refusal("serve", "--port", "65536", exit_code=2)["code"] == "VK-INVALID"
    assert instance.refusal("serve", "--host", "192.0.2.1", "--port", "0", exit_code=2)["code"] == "VK-FILE"
    assert instance.json("status")[0]["keeper"] == "up", "the lock was given back"


def test_a_disk_that_failed_ends_the_api_and_another_takes_its_place(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    instance.run("init", "--test", "--recovery-out", instance.recovery)
    key = next(instance.config.rglob("*.key")).read_text().strip()
    with Served(instance, env={"VANKHO_FAILPOINT": "eio@store.4"}) as served:
        pid = served.pid("api")
        refused = served.deposit(key, letter(1))
        assert (refused.status, refused.code) == (500, "VK-STORE-FAILED")
        until(lambda: served.pid("api") not in (0, pid), SECONDS, "another api")
        until(lambda: served.answers("GET", "status", key), SECONDS)
    left = [path for path in (instance.home / "store").rglob("*") if path.is_file()]
    assert len(left) in (0, 2), "at most the part that was written beside the one that failed: no record names it"
    assert instance.run("check").returncode == 0
