"""The project's own folder, and copies of it to try set-up in."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def files() -> list[Path]:
    """Every file that is tracked or would be, relative to the top folder."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted({Path(name) for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()})


@pytest.fixture
def clone(files: list[Path], tmp_path: Path) -> Path:
    """A copy of those files, with no environment in it."""
    copy = tmp_path / "clone"
    for file in files:
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, copy / file)
    return copy


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `make` in a folder, with a cache of its own: make(folder, "setup", "PYTHON=...")."""
    outside = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}

    def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "--no-print-directory", f"VANKHO_CACHE={tmp_path / 'cache'}", *arguments]
        return subprocess.run(command, cwd=folder, env=outside, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)

    return run
