"""The project's tree holds what the design has a room for, and nothing else."""

import os
import subprocess
from pathlib import Path

ROOMS = {"classification", "storage", "ingest", "registry", "search_api"}
BESIDE = {"tests", "bench", "docs", "deploy", "README.md", "CHANGELOG.md", "LICENSE"}
MACHINERY = {"pyproject.toml", "requirements.lock", "requirements-dev.lock", "Makefile", ".ci", ".gitignore", ".gitattributes", ".editorconfig"}


def test_nothing_lies_at_the_top_that_has_no_room_there(files: list[Path]) -> None:
    assert {file.parts[0] for file in files} - ROOMS - BESIDE - MACHINERY == set()


def test_scripts_can_be_started_and_are_whole(root: Path, files: list[Path]) -> None:
    scripts = [root / file for file in files if (root / file).read_bytes().startswith(b"#!/usr/bin/env bash\n")]
    assert {root / ".ci/run", root / "deploy/setup", root / "deploy/lock", root / "deploy/fresh"} <= set(scripts)
    for script in scripts:
        assert os.access(script, os.X_OK), script
        assert "\nset -euo pipefail\n" in script.read_text("utf-8"), script
        assert subprocess.run(["bash", "-n", script], check=False).returncode == 0, script
