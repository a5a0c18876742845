"""Children die with their parent, by each of two walls alone, and are born with nothing but what they were given."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from storage.walls.children import Child, NotMainThread, Parent, start
from storage.walls.environment import PARENT, clean_env

PROGRAMS = Path(__file__).parent / "programs"
IDLE = [sys.executable, "-c", "import threading; threading.Event().wait()"]


def lines(descriptor: int, *, within: float) -> Iterator[str]:
    """What the processes report, line by line, until all of them are gone. Fails if they are silent for `within` seconds."""
    pending = b""
    while True:
        assert select.select([descriptor], [], [], within)[0], f"neither word nor end within {within} s"
        received = os.read(descriptor, 4096)
        if not received:
            return
        *whole, pending = (pending + received).split(b"\n")
        yield from (line.decode() for line in whole)


@contextmanager
def family(wall: str, env: dict[str, str]) -> Iterator[tuple[dict[str, int], Iterator[str]]]:
    """The pids of a parent (2), its child (1) and grandchild (0), all ready, and what they report from now on. Ends what is left."""
    read_end, write_end = os.pipe()
    argv = [sys.executable, str(PROGRAMS / "generation.py"), wall, "2", str(write_end)]
    parent = subprocess.Popen(argv, env=env, pass_fds=[write_end], start_new_session=True)
    os.close(write_end)
    try:
        told = lines(read_end, within=30)
        pids = {generation: int(pid) for generation, pid in (next(told).split() for _ in range(3))}
        assert set(pids) == {"0", "1", "2"}
        yield pids, lines(read_end, within=1)
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
        parent.wait()
        os.close(read_end)


@pytest.mark.servers
@pytest.mark.parametrize("wall", ["signal", "pipe", "both"])
def test_children_and_grandchildren_are_gone_within_a_second(wall: str, program_env: dict[str, str]) -> None:
    with family(wall, program_env) as (pids, told):
        began = time.monotonic()
        os.kill(pids["2"], signal.SIGKILL)

        assert list(told) == []
        assert time.monotonic() - began < 1


@pytest.mark.servers
def test_without_a_wall_they_live_on(program_env: dict[str, str]) -> None:
    with family("none", program_env) as (pids, told):
        os.kill(pids["2"], signal.SIGKILL)

        assert next(told) == "orphan"


@pytest.mark.servers
def test_a_stopped_child_dies_by_the_signal(program_env: dict[str, str]) -> None:
    """The watching thread of a stopped process cannot run: this is what the second wall is for."""
    with family("both", program_env) as (pids, told):
        os.kill(pids["1"], signal.SIGSTOP)
        os.kill(pids["2"], signal.SIGKILL)

        assert list(told) == []


@pytest.mark.servers
def test_a_child_whose_parent_died_before_it_looked_ends_at_once(program_env: dict[str, str]) -> None:
    read_end, write_end = os.pipe()
    orphan = [sys.executable, str(PROGRAMS / "orphan.py")]

    def status(parent_pid: int) -> int:
        return subprocess.run([*orphan, str(parent_pid), str(read_end)], env=program_env, pass_fds=[read_end], timeout=30, check=False).returncode

    assert status(os.getpid()) == 42
    assert status(os.getppid()) == 1
    os.close(write_end)
    assert status(os.getpid()) == 1
    os.close(read_end)


def test_another_thread_may_start_nothing(tmp_path: Path) -> None:
    refusals: list[type[Exception]] = []

    def begin() -> None:
        try:
            start(["touch", str(tmp_path / "started")])
        except NotMainThread as refusal:
            refusals.append(type(refusal))

    thread = Thread(target=begin)
    thread.start()
    thread.join()

    assert refusals == [NotMainThread]
    assert not (tmp_path / "started").exists()


@pytest.mark.servers
def test_a_child_is_born_with_nothing_but_what_it_was_given(program_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VANKHO_HOME", "/srv/vankho")
    monkeypatch.setenv("VANKHO_KEY_FILE", "/secret/key")
    monkeypatch.setenv("LC_TIME", "vi_VN.UTF-8")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    read_end, write_end = os.pipe()
    held_back = os.open("/etc/hostname", os.O_RDONLY)
    os.set_inheritable(held_back, True)
    program = f"import sys; sys.path.insert(0, {program_env['PYTHONPATH']!r})\n{(PROGRAMS / 'newborn.py').read_text()}"

    child = start([sys.executable, "-c", program, str(write_end)], pass_fds=[write_end])
    os.close(write_end)
    assert child.wait(30) == 0
    told = json.loads(os.read(read_end, 4096))
    for descriptor in (read_end, held_back):
        os.close(descriptor)

    assert {"VANKHO_HOME", "LC_TIME"} <= set(told["environment"])
    assert set(told["environment"]) <= set(clean_env()) | {"LC_CTYPE"}  # Python sets LC_CTYPE itself in the C locale
    assert told["parent"] == os.getpid()
    assert told["descriptors"] == sorted({0, 1, 2, told["pipe"], write_end})
    assert (told["input"], told["output"], told["group"]) == ("/dev/null", "/dev/null", os.getpgrp())


def test_the_environment_holds_what_is_listed_only() -> None:
    wanted = {"PATH": "/bin", "LC_ALL": "C", "LANG": "C", "VANKHO_FAILPOINT": "x"}

    assert clean_env(wanted | {"VANKHO_KEY_FILE": "k", "LD_PRELOAD": "l", "LCX": "", PARENT: "1:2"}) == wanted


def test_who_was_started_by_hand_has_no_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PARENT, raising=False)
    assert Parent.from_env() is None

    monkeypatch.setenv(PARENT, "17:5")
    assert Parent.from_env() == Parent(17, 5)
    assert PARENT not in os.environ


def ended(child: Child, by: signal.Signals) -> bool:
    return child.wait(30) == -by and child.poll() == -by


@pytest.mark.servers
def test_a_child_is_told_to_end_or_is_ended() -> None:
    child = start(IDLE)
    assert child.poll() is None
    assert child.wait(0) is None
    child.terminate()
    assert ended(child, signal.SIGTERM)

    child = start(IDLE)
    child.kill()
    assert ended(child, signal.SIGKILL)
    child.terminate()
    child.kill()


@pytest.mark.servers
def test_no_descriptor_is_left_behind() -> None:
    def descriptors() -> set[str]:
        return {fd.name for fd in Path("/proc/self/fd").iterdir()}

    gc.collect()  # what earlier tests dropped may be closed at any time
    before = descriptors()
    with pytest.raises(FileNotFoundError):
        start(["/nowhere/vankho"])
    assert start(["true"]).wait(30) == 0

    assert descriptors() == before
