"""Set-up installs all that is needed, changes nothing when nothing changed, mends what broke, and says what to do."""

import re
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

Make = Callable[..., subprocess.CompletedProcess[str]]


def test_a_python_of_the_wrong_age_is_refused_with_advice(clone: Path, make: Make) -> None:
    ran = make(clone, "setup", "PYTHON=/bin/false")
    assert ran.returncode != 0
    assert "setup: /bin/false is not Python 3.11, 3.12 or 3.13. Name one that is: make setup PYTHON=" in ran.stderr
    assert not (clone / ".venv").exists()


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_set_up_is_whole_and_can_be_repeated(clone: Path, make: Make, tmp_path: Path) -> None:
    def set_up(folder: Path, target: str) -> list[str]:
        ran = make(folder, target)
        assert ran.returncode == 0, ran.stderr
        assert ran.stderr == ""
        return ran.stdout.splitlines()

    def version(folder: Path) -> str:
        return subprocess.run([folder / ".venv/bin/age", "--version"], capture_output=True, text=True, check=True).stdout.strip()

    set_up(clone, "setup")
    subprocess.run([clone / ".venv/bin/vankho", "--help"], capture_output=True, check=True)
    assert not (clone / ".venv/bin/pytest").exists()
    assert set_up(clone, "setup") == ["setup: ready"]

    def made(steps: list[str]) -> list[str]:
        return [found[1] for step in steps if (found := re.fullmatch(r"setup: (?:build|fetch) ([a-z]+)-\S+( from its source)?, for the tests", step))]

    assert made(set_up(clone, "setup-tests")) == ["age", "versitygw", "elasticsearch"]
    assert re.search(f"^\tfilippo.io/age {version(clone)} ", (clone / "deploy/age/go.mod").read_text(), re.M)
    assert (clone / ".venv/bin/pytest").exists()
    assert set_up(clone, "setup-tests") == set_up(clone, "setup") == ["setup: ready"]

    (kept,) = (tmp_path / "cache").glob("age-v*")
    (kept / "age").write_bytes((kept / "age").read_bytes()[:1000])
    (plugin,) = (tmp_path / "cache").glob("elasticsearch-*/plugins/*/*.jar")
    plugin.unlink()
    assert made(set_up(clone, "setup-tests")) == ["age", "elasticsearch"]
    assert version(clone) == kept.name.split("-")[1] and zipfile.is_zipfile(plugin)

    moved = clone.rename(tmp_path / "moved")
    set_up(moved, "setup-tests")
    assert (moved / ".venv/bin/vankho").read_text().startswith(f"#!{moved}/.venv/bin/python\n")
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.name.startswith("draft")] == []
