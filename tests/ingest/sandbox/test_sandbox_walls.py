"""What a document that has taken over its reader can reach: nothing."""

from __future__ import annotations

import errno
import os
import socket
from ast import literal_eval
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.sandbox.document import Document
from ingest.sandbox.frames import Json
from ingest.sandbox.parent import Zygote
from ingest.sandbox.walls import Walls

pytestmark = pytest.mark.servers

BOTH = (Walls.FULL, Walls.WITHOUT_NAMESPACES)
REACH = ("tcp", "udp", "unix", "read_file", "list_root", "see_file")


@pytest.fixture
def targets(tmp_path: Path) -> Iterator[dict[str, Json]]:
    """What there would be to reach: a listener, a Unix socket, a secret file, this process."""
    secret = tmp_path / "secret"
    secret.write_text("the home")
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "s"))
        unix.listen()
        yield {"port": tcp.getsockname()[1], "path": str(secret), "socket": str(tmp_path / "s"), "pid": os.getpid()}


def attack(zygote: Zygote, act: str, targets: dict[str, Json], walls: Walls) -> dict[str, Json]:
    values = {**targets, "act": act}
    if act == "unix":
        values["path"] = targets["socket"]
    with Document.of(b"%PDF-1.4") as document:
        first, answer = zygote.ask("attack", values, document, walls)
    assert first.header == {"hello": True}
    return answer.header


@pytest.mark.parametrize("act", REACH)
def test_without_walls_the_attacks_succeed(attacker: Zygote, targets: dict[str, Json], act: str) -> None:
    # Otherwise the tests below would prove nothing.
    assert "got" in attack(attacker, act, targets, Walls.LIMITS_ONLY)


@pytest.mark.parametrize("walls", BOTH)
@pytest.mark.parametrize(
    "act",
    [
        *("make_socket", "tcp", "udp", "unix", "read_file", "list_root", "write_file", "make_folder", "list_processes", "signal_parent"),
        *("execute", "run_program", "fork", "trace", "new_namespace"),
    ],
)
def test_attacks_are_refused(attacker: Zygote, targets: dict[str, Json], act: str, walls: Walls) -> None:
    assert attack(attacker, act, targets, walls).get("error") == errno.EPERM


def test_the_root_is_empty_even_to_what_needs_no_opening(attacker: Zygote, targets: dict[str, Json]) -> None:
    assert attack(attacker, "see_file", targets, Walls.FULL)["error"] == errno.ENOENT
    assert attack(attacker, "see_file", {**targets, "path": "/tmp"}, Walls.FULL)["error"] == errno.ENOENT


@pytest.mark.parametrize("walls", BOTH)
def test_nothing_is_inherited_but_the_document_and_two_pipes(attacker: Zygote, targets: dict[str, Json], walls: Walls) -> None:
    assert attack(attacker, "see_environment", targets, walls)["got"] == repr(["LANG", "OMP_THREAD_LIMIT"])
    kinds = attack(attacker, "see_descriptors", targets, walls)["got"]
    document, results, random = "0o100777", "0o10600", "0o20666"
    assert set(literal_eval(str(kinds))) <= {document, results, random}
    assert str(kinds).count(results) == 1


@pytest.mark.parametrize("walls", BOTH)
def test_the_document_cannot_be_changed_under_the_next_child(attacker: Zygote, targets: dict[str, Json], walls: Walls) -> None:
    assert attack(attacker, "change_document", targets, walls)["error"] == errno.EBADF


@pytest.mark.parametrize("walls", BOTH)
def test_no_privilege_can_come_back(attacker: Zygote, targets: dict[str, Json], walls: Walls) -> None:
    assert attack(attacker, "see_no_new_privileges", targets, walls)["got"] == "1"


def test_this_machine_gives_full_walls_and_both_kinds_say_so(attacker: Zygote) -> None:
    assert attacker.walls is Walls.FULL
    for walls in Walls:
        assert walls.value.text("vi") and walls.value.text("en")
