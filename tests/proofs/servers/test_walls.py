"""Of the network the api of an instance on servers reaches those servers' ports, and no other."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from storage.home import Home
from storage.settings import read_settings
from storage.walls import landlock
from tests.instances import Instance
from tests.proofs.servers.conftest import Servers

pytestmark = pytest.mark.servers

PROGRAM = Path(__file__).with_name("api_shut_in.py")


def tried(instance: Instance, word: str, ports: list[int]) -> list[str]:
    """What becomes of a connection to each port, behind the walls (`shut`) or without them (`free`)."""
    command = [sys.executable, str(PROGRAM), str(instance.home), word, *map(str, ports)]
    done = subprocess.run(command, env=instance.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outcomes: list[str] = json.loads(done.stdout)
    return outcomes


def test_behind_its_walls_the_api_connects_to_the_servers_of_its_instance_alone(servers: Servers, house: Instance) -> None:
    ports = [servers.catalog.port, servers.index.nodes[0].http, servers.store.port]
    assert read_settings(Home(house.home)).ports(("catalog", "index", "store")) == set(ports)
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        tempting = [*ports, other.getsockname()[1], servers.index.nodes[0].transport]
        assert tried(house, "free", tempting) == ["connected"] * 5
        assert landlock.abi() >= 4, "on this kernel less is claimed, and this test shows less"
        assert tried(house, "shut", tempting) == ["connected"] * 3 + ["EACCES"] * 2
