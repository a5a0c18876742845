"""Killed at every step of storing and keeping in turn, an instance has all that it acknowledged, once and bit by bit."""

from __future__ import annotations

import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from way_world import LETTER, World, armed, marked

from storage.catalog.states import BlobPart, Outcome
from storage.vault.keeper.protocol import Role
from tests.waiting import until

pytestmark = pytest.mark.servers

LIFE = Path(__file__).with_name("life.py")
KILLED = -9
BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
PLAIN = {"deposit", "keep", "rewrap", "rest"}
OURS = {"open": PLAIN | {"open"}, "closed": PLAIN, "scan": PLAIN | {"sanitise", "read"}}
"""The steps of the way itself, for each kind of document; those of the store have tests of their own."""


def run(world: World, document: Path, spec: str) -> tuple[int, list[str]]:
    ends = [world.household.ends[role].fileno() for role in (Role.API, Role.WORKER)]
    command = [sys.executable, str(LIFE), str(world.home.root), *map(str, ends), str(document), spec]
    done = subprocess.run(command, pass_fds=ends, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (0, KILLED), done.stderr[-3000:]
    return done.returncode, done.stdout.splitlines()


class Lives:
    """One life after another, each with a document of its own; the first act of each is to finish what the one before left."""

    def __init__(self, world: World, folder: Path, kind: str) -> None:
        self._world, self._folder, self._kind = world, folder, kind
        self.number = 0
        self.acknowledged: list[bytes] = []

    def live(self, spec: str) -> list[str] | None:
        """The points that it passed, None if it was killed."""
        self.number += 1
        text = LETTER.format(number=self.number, what=self._folder.name, text="Điều khoản. " * 100)
        document = self._folder / f"{self.number}.{'pdf' if self._kind == 'scan' else 'txt'}"
        document.write_text({"open": text, "closed": marked(text), "scan": f"%PDF /Type /Page {self.number} this acts by itself"}[self._kind])
        status, said = run(self._world, document, spec)
        assert said[0] == "settled", "what was left by the kill before could not be put right"
        if "acknowledged" in said:
            self.acknowledged.append(document.read_bytes())
        return None if status == KILLED else said[said.index("kept") + 1 :]


@pytest.mark.parametrize("kind", OURS)
def test_killed_at_every_step_of_the_pipeline_nothing_acknowledged_is_lost(world: World, tmp_path: Path, kind: str) -> None:
    lives = Lives(world, tmp_path, kind)
    passed = lives.live("count")
    assert passed is not None
    points = [point for point in dict.fromkeys(passed) if point.split(".")[0] in OURS["open"] | OURS["scan"]]
    assert {point.split(".")[0] for point in points} == OURS[kind]
    for point in points:
        assert lives.live(f"kill@{point}") is None
    assert lives.live("count") is not None
    world.assert_whole(lives.acknowledged)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", OURS)
def test_killed_at_every_point_of_all_nothing_acknowledged_is_lost(world: World, tmp_path: Path, kind: str) -> None:
    # Every life shall pass the same points: which folders it would have to make is chance, and their making has tests of its own.
    for tree, shard in product(("payloads", "headers"), product(BASE32, repeat=2)):
        (world.home.store / tree / "".join(shard)).mkdir(mode=0o700, exist_ok=True)
    lives = Lives(world, tmp_path, kind)
    passed = None
    while passed is None:
        passed = lives.live(f"kill@{lives.number + 1}")
    assert len(passed) == lives.number - 1 > 90
    world.assert_whole(lives.acknowledged)


def test_a_worker_of_the_household_killed_in_the_midst_of_keeping_is_followed_by_one_that_finishes(world: World) -> None:
    contents = []
    for where in ("rewrap.1", "keep.4", "rest.2"):
        armed(f"kill@{where}")
        world.household.start_workers()
        contents.append(LETTER.format(number=900 + len(contents), what=where, text="Khoản 1.").encode())
        taken = world.deposit(contents[-1])
        until(lambda: world.household.worker_pid is None)
        armed(None)
        world.household.tend()
        assert world.settled(taken).outcome is Outcome.STORED
        until(world.is_idle)
        world.household.stop_workers()
    world.assert_whole(contents)
    assert BlobPart.ENVELOPE not in {row["part"] for row in world.rows("blob")}
