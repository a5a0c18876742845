"""Starts the small programs that stand on the two sides of a wall."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import storage

PROGRAMS = Path(__file__).parent / "programs"
SOURCE = Path(storage.__file__).parents[1]


@pytest.fixture
def program_env() -> dict[str, str]:
    """An environment in which a program finds the code under test, wherever it is started from."""
    return {**os.environ, "PYTHONPATH": str(SOURCE)}


@pytest.fixture
def told_by(program_env: dict[str, str]) -> Callable[..., Any]:
    """Run programs/<name> to its end; what it prints is JSON."""

    def run(name: str, *arguments: str) -> Any:
        argv = [sys.executable, str(PROGRAMS / name), *arguments]
        done = subprocess.run(argv, env=program_env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
