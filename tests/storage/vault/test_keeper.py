"""The keeper: who may ask, what happens when it is stopped, dies, or loses its parent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from search_api.household import Household
from storage.errors import KeeperUnreachable, NotFound
from storage.home import Home
from storage.vault.keeper.client import KeeperClient
from storage.vault.keeper.protocol import Role
from tests.instances import Instance
from tests.proofs.served import alive, standing_still
from tests.waiting import until

pytestmark = pytest.mark.servers


@pytest.fixture
def household(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Household]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(instance.config))
    with Household(Home(instance.home)) as running:
        yield running


def test_a_duty_answers_only_the_roles_it_names(household: Household) -> None:
    assert household.keeper.ask("keys")["keys"]
    worker = KeeperClient(household.ends[Role.WORKER])
    with pytest.raises(NotFound):
        worker.ask("keys")
    with pytest.raises(NotFound):
        household.keeper.ask("no such duty")


def test_a_keeper_that_died_is_started_again_and_the_same_client_goes_on(household: Household) -> None:
    before = household.keeper.ask("keys")
    pid = household.keeper_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: household.keeper_pid is None, 10)
    household.tend()
    assert household.keeper.ask("keys") == before
    assert household.keeper_pid not in (None, pid)


def test_a_keeper_that_is_stopped_is_said_to_be_unreachable_and_serves_again_when_continued(household: Household) -> None:
    client = KeeperClient(household.ends[Role.API], patience=0.3)
    client.ask("keys")
    pid = household.keeper_pid
    assert pid is not None
    with standing_still(pid):
        for _ in range(3):
            with pytest.raises(KeeperUnreachable):
                client.ask("keys")
    until(lambda: bool(KeeperClient(household.ends[Role.API]).ask("keys")["keys"]), 10)


def test_nonsense_on_a_connection_ends_that_connection_alone(household: Household) -> None:
    from storage.vault.keeper.protocol import connect

    frames = [len(raw).to_bytes(4, "big") + raw for raw in (b"{}", b"x", b"7", b'{"duty":"keys","values":7}', b"[" * 100_000)]
    for nonsense in (b"\xff\xff\xff\xff", *frames):
        with connect(household.ends[Role.API]) as connection:
            connection.settimeout(10)
            connection.sendall(nonsense)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(100) == b""
    assert household.keeper.ask("keys")["keys"]


def test_the_keeper_dies_with_whoever_started_it(instance: Instance) -> None:
    program = (
        "import sys, time, pathlib\nfrom search_api.household import Household\nfrom storage.home import Home\n"
        "with Household(Home(pathlib.Path(sys.argv[1]))) as h:\n    print(h.keeper_pid, flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(instance.home)], env=instance.env, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    until(lambda: not alive(pid), 10)
    instance.run("key", "list")  # the lock died with it as well
