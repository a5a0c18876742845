"""The worker's own walls: whatever it is made to do, no key, closed index or audit tree is within its reach."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from way_world import World

pytestmark = pytest.mark.servers

INTRUDER = """
import json, socket, sys
from pathlib import Path
from ingest.worker import raise_walls
from storage.home import Home
from storage.settings import read_settings
home = Home(Path(sys.argv[1]))
settings = read_settings(home)
raise_walls(home, settings)
reached = []
for path in (home.keys, home.closed, home.audit, home.catalog, home.store, home.root.parent):
    try:
        list(path.iterdir())
        reached.append(path.name)
    except PermissionError:
        pass
for path in (home.kek(settings.instance), home.officer_key(settings.instance), home.configuration):
    try:
        path.read_bytes()
        reached.append(path.suffix)
    except PermissionError:
        pass
for act in (lambda: socket.create_server(("127.0.0.1", 0)), lambda: socket.create_connection(("127.0.0.1", 9))):
    try:
        act()
        reached.append("network")
    except PermissionError:
        pass
(home.tmp / "written").write_text("here")
print(json.dumps(reached))
"""


def test_the_worker_reaches_the_catalog_and_the_store_and_no_key(world: World) -> None:
    done = subprocess.run([sys.executable, "-c", INTRUDER, str(world.home.root)], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == ["catalog", "store", ".toml"]
