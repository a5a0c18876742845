"""Private keys are in the keeper's memory and nowhere else, but for transit in the worker; and the api's process is shut out of their files."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from storage.walls import landlock
from tests.instances import Instance
from tests.proofs.memory import PROGRAMS, inspected, kek_of, private, secrets_of
from tests.proofs.served import SECRET, Served

pytestmark = pytest.mark.servers

SANDBOXES = ("api's sandbox", "worker's sandbox")
PARTS = ("supervisor", "api", "worker", "keeper", *SANDBOXES)


def test_no_private_key_is_in_a_process_that_has_no_business_with_it(served: Served, officer: str) -> None:
    text = SECRET.format(number=77, text="Nội dung bí mật: quạt chanh xuyên khơi.").encode()
    receipt = served.settled(officer, served.deposit(officer, text))
    assert (receipt["outcome"], receipt["level"]) == ("stored", "MAT")
    record = f"records/{receipt['record_id']}"
    assert served.ask("GET", f"{record}/parts/original", officer).body == text
    assert served.ask("GET", record, officer).json["level"] == "MAT"
    assert served.ask("GET", "search?q=qu%E1%BA%A1t+chanh", officer).json["total"] == 1

    secrets = secrets_of(served.instance)
    closed = {name for name in secrets if name.startswith("partition/closed")}
    assert closed
    seen = inspected({part: served.pid(part) for part in PARTS}, secrets)
    # What is looked for can be found: the keeper holds every key, and each process its own.
    assert private(seen["keeper"].secrets) == private(set(secrets))
    assert closed <= seen["keeper"].secrets
    assert {"catalog/1", "duplicates/1"} <= seen["api"].secrets
    assert private(seen["worker"].secrets) == {"transit/1"}
    assert private(seen["api"].secrets) == set()
    for part in ("supervisor", *SANDBOXES):
        assert seen[part].secrets == set(), part

    shut = [str(place) for place in (kek_of(served.instance), served.instance.home / "keys", served.instance.home / "audit")]
    shut.append(str(served.instance.home / "closed"))
    for part in ("api", "worker", *SANDBOXES):
        assert not [path for path in seen[part].opened if path.startswith(tuple(shut))], part
    assert any(str(served.instance.home / "catalog") in path for path in seen["api"].opened)


def test_no_process_that_holds_anything_can_gain_rights(served: Served) -> None:
    for part in ("api", "worker", "keeper"):
        status = Path(f"/proc/{served.pid(part)}/status").read_text()
        assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE), part


def test_behind_the_walls_of_the_api_the_keys_and_all_that_is_the_keeper_s_are_out_of_reach(
    served: Served, officer: str, tmp_path: Path
) -> None:
    receipt = served.settled(officer, served.deposit(officer, SECRET.format(number=78, text="Nội dung.").encode()))
    assert receipt["level"] == "MAT"
    instance = _copied(served.instance, tmp_path)
    home = instance.home
    places = [kek_of(instance)]
    for folder in ("keys", "closed", "audit"):
        files = [path for path in (home / folder).rglob("*") if path.is_file()]
        assert files, folder
        places += [home / folder, files[0]]
    free, shut = (_tried(instance, word, places) for word in ("free", "shut"))
    assert set(free["shut"].values()) == {"done"}, "without walls all of it can be done"
    assert landlock.abi() >= 3, "on this kernel less is claimed, and this test shows less"
    assert set(shut["shut"].values()) == {"EACCES", "EXDEV"}, "EXDEV: a link out of a folder where that is not allowed"
    assert set(free["own"].values()) == set(shut["own"].values()) == {"done"}


def _copied(instance: Instance, folder: Path) -> Instance:
    """A copy at rest, in which trying breaks nothing."""
    shutil.copytree(instance.config, folder / "config")
    shutil.copytree(instance.home, folder / "home", ignore=shutil.ignore_patterns("run", "*.part"))
    (folder / "home" / "run").mkdir()
    return Instance(folder)


def _tried(instance: Instance, word: str, places: list[Path]) -> dict[str, dict[str, str]]:
    command = [sys.executable, PROGRAMS / "api_shut_in.py", instance.home, kek_of(instance), word]
    listed = "\n".join(map(str, places))
    done = subprocess.run(command, input=listed, env=instance.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for link in (instance.home / "tmp").glob("link-*"):
        link.unlink()
    for folder in ("keys", "closed", "audit"):
        (instance.home / folder / "new").unlink(missing_ok=True)
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found
