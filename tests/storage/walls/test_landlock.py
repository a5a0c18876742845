"""What is shut stays shut, by every way known, for children too; and what a process needs stays open."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.errors import PlaceExposed
from storage.walls.claims import Claim, claims
from storage.walls.landlock import Rights, abi, refuse_cover, runtime_rules

FILES = ("read", "cat", "proc", "link", "append", "overwrite", "truncate", "unlink", "rename", "inside", "hardlink")
REFUSED = {"EACCES", "EXDEV"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for name in ("catalog", "store", "tmp", "run", "keys", "closed", "audit"):
        (home / name).mkdir(parents=True)
    (tmp_path / "kek").mkdir()
    for folder in (home / "keys", home / "closed", home / "audit", tmp_path / "kek"):
        for name in FILES:
            (folder / name).write_text("secret")
    return home


def intrude(told_by: Callable[..., Any], home: Path, *, shut: bool, grandchild: bool = False) -> dict[str, str]:
    task = {"home": str(home), "kek": str(home.parent / "kek"), "parent": os.getpid(), "shut": shut, "grandchild": grandchild}
    outcomes: dict[str, str] = told_by("intruder.py", json.dumps(task))
    assert len(outcomes) == 4 * 14
    return outcomes


@pytest.mark.servers
def test_without_walls_every_intrusion_succeeds(told_by: Callable[..., Any], home: Path) -> None:
    assert set(intrude(told_by, home, shut=False).values()) == {"done"}


@pytest.mark.servers
@pytest.mark.parametrize("grandchild", [False, True], ids=["the process itself", "a child of its"])
def test_behind_the_walls_no_intrusion_succeeds(told_by: Callable[..., Any], home: Path, grandchild: bool) -> None:
    outcomes = intrude(told_by, home, shut=True, grandchild=grandchild)

    held = claims(abi())
    allowed = set() if Claim.CANNOT_EMPTY in held else {name for name in outcomes if name.startswith("truncate ")}
    expected = {name for name in outcomes if name not in allowed} if held else set()
    assert {name for name, outcome in outcomes.items() if outcome in REFUSED} == expected


@pytest.mark.servers
def test_a_walled_process_has_what_it_needs(told_by: Callable[..., Any], home: Path) -> None:
    told = told_by("resident.py", str(home))

    assert told.pop("abi") == abi()
    assert told.pop("claims") == [claim.name for claim in claims(abi()) if claim is not Claim.CANNOT_LISTEN]
    assert told.pop("a later thread") == ("refused" if abi() else "secret")
    assert told == {
        "fastapi": True,
        "journal": "wal",
        "rows": 1,
        "proc": True,
        "random": 8,
        "null": 1,
        "child": 0,
        "localhost": True,
        "store": ["kept"],
    }


@pytest.mark.servers
def test_a_second_thread_makes_it_refuse(told_by: Callable[..., Any]) -> None:
    assert told_by("latecomer.py") == {"refusal": "ThreadsExist", "shut": False}


@pytest.fixture
def neighbours(tmp_path: Path) -> Iterator[dict[str, object]]:
    """A listener on TCP and one on an abstract socket outside the walls, and a folder on each side."""
    (tmp_path / "open" / "sub").mkdir(parents=True)
    (tmp_path / "open" / "a").touch()
    (tmp_path / "shut").mkdir()
    (tmp_path / "shut" / "secret").write_text("secret")
    name = secrets.token_hex(8)
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind("\0" + name)
        abstract.listen()
        yield {"folder": str(tmp_path), "port": tcp.getsockname()[1], "abstract": name, "ports": "none", "scope": True, "at_most": None}


@pytest.mark.servers
@pytest.mark.parametrize("asked", range(7))
def test_each_abi_leaves_open_what_the_table_says(told_by: Callable[..., Any], neighbours: dict[str, object], asked: int) -> None:
    used = min(asked, abi())

    told = told_by("older_kernel.py", json.dumps(neighbours | {"at_most": asked}))

    assert told["abi"] == used
    assert told["claims"] == [claim.name for claim in claims(used)]
    assert told["can"] == {
        "read": used < 1,
        "truncate": used < 3,
        "rename across": used != 1,
        "connect": used < 4,
        "listen": used < 4,
        "abstract socket": used < 6,
        "signal": used < 6,
    }


@pytest.mark.servers
def test_what_was_not_asked_is_neither_shut_nor_claimed(told_by: Callable[..., Any], neighbours: dict[str, object]) -> None:
    told = told_by("older_kernel.py", json.dumps(neighbours | {"ports": None, "scope": False}))

    assert {"connect", "listen", "abstract socket", "signal"} <= {name for name, can in told["can"].items() if can}
    assert told["claims"] == [claim.name for claim in claims(abi()) if claim in (Claim.CANNOT_READ, Claim.CANNOT_EMPTY)]


@pytest.mark.servers
def test_a_listed_port_stays_open(told_by: Callable[..., Any], neighbours: dict[str, object]) -> None:
    assert told_by("older_kernel.py", json.dumps(neighbours | {"ports": "listed"}))["can"]["connect"]


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (0, []),
        (1, ["CANNOT_READ"]),
        (2, ["CANNOT_READ"]),
        (3, ["CANNOT_READ", "CANNOT_EMPTY"]),
        (5, ["CANNOT_READ", "CANNOT_EMPTY", "CANNOT_CONNECT", "CANNOT_LISTEN"]),
        (6, ["CANNOT_READ", "CANNOT_EMPTY", "CANNOT_CONNECT", "CANNOT_LISTEN", "CANNOT_SIGNAL"]),
    ],
)
def test_claims_grow_with_the_abi(level: int, expected: list[str]) -> None:
    assert [claim.name for claim in claims(level)] == expected


def test_a_home_where_all_must_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlaceExposed) as refusal:
        refuse_cover(runtime_rules(), [Path("/usr/share/vankho"), tmp_path])

    assert refusal.value.facts == {"path": "/usr/share/vankho", "granted": "/usr"}


def test_a_rule_for_the_shut_folder_itself_or_through_a_link_is_refused(tmp_path: Path) -> None:
    keys = tmp_path / "real" / "keys"
    keys.mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")

    for granted in (keys, tmp_path / "link", tmp_path / "link" / "keys", tmp_path / "real" / ".." / "real"):
        with pytest.raises(PlaceExposed):
            refuse_cover({granted: Rights.READ}, [keys])
    with pytest.raises(PlaceExposed):
        refuse_cover({tmp_path / "real": Rights.READ}, [tmp_path / "link" / "keys"])


def test_neighbours_of_the_shut_folder_are_no_cover(tmp_path: Path) -> None:
    refuse_cover({tmp_path / "home" / "key": Rights.READ, tmp_path / "home" / "keys2": Rights.READ_WRITE}, [tmp_path / "home" / "keys"])


def test_the_runtime_needs_no_device_folder_and_no_temporary_folder() -> None:
    refuse_cover(runtime_rules(), [Path("/dev/sda"), Path("/dev/shm"), Path("/root/.config"), Path("/var/lib"), Path("/run")])
    assert not any(rights & (Rights.WRITE_FILE | Rights.MAKE_REG) for path, rights in runtime_rules().items() if path != Path("/dev/null"))
