"""Gate and relay behind their walls: no file of an instance, and of the network one port."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from storage.walls import landlock

pytestmark = pytest.mark.servers

INTRUDER = """
import json, socket, sys
from pathlib import Path
from errno import errorcode
listener = socket.create_server(("127.0.0.1", 0))
own = listener.getsockname()[1]
other = socket.create_server(("127.0.0.1", 0)).getsockname()[1]
if sys.argv[1] == "gate":
    from storage.gate.__main__ import raise_walls
    listener.close()
    raise_walls(own)
elif sys.argv[1] == "relay":
    from storage.gate.relay import Way, raise_walls
    raise_walls(Way("127.0.0.1", own, "", "", "", ""))
tried = {
    "read": lambda: Path(sys.argv[2]).read_bytes(),
    "list": lambda: list(Path(sys.argv[2]).parent.iterdir()),
    "write": lambda: Path(sys.argv[2]).with_name("new").write_text("x"),
    "listen at another port": lambda: socket.create_server(("127.0.0.1", 0)).close(),
    "listen": lambda: socket.create_server(("127.0.0.1", own)).close(),
    "connect elsewhere": lambda: socket.create_connection(("127.0.0.1", other)).close(),
    "connect": lambda: socket.create_connection(("127.0.0.1", own)).close(),
}
done = []
for name, act in tried.items():
    try:
        act()
        done.append(name)
    except PermissionError:
        pass
    except OSError as error:
        done.append(name)
print(json.dumps(done))
"""


@pytest.mark.parametrize(("which", "left"), [("gate", ["listen"]), ("relay", ["connect"])])
def test_behind_its_walls_it_reaches_one_port_and_nothing_else(tmp_path: Path, which: str, left: list[str]) -> None:
    place = tmp_path / "home" / "vankho.toml"
    place.parent.mkdir()
    place.write_text("x")
    assert landlock.abi() >= 4, "on this kernel less is claimed, and this test shows less"
    assert len(tried("free", place)) == 7
    assert tried(which, place) == left


def tried(which: str, place: Path) -> list[str]:
    done = subprocess.run([sys.executable, "-c", INTRUDER, which, str(place)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    outcome: list[str] = json.loads(done.stdout)
    return outcome
