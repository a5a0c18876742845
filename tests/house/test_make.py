"""The commands that a person is told about are there and do what the pages say."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Make = Callable[..., subprocess.CompletedProcess[str]]


def targets(root: Path) -> dict[str, str]:
    """Each target of the Makefile with what is written beside it."""
    return dict(re.findall(r"^([a-z-]+):[^#\n]*(?:## )?(.*)$", (root / "Makefile").read_text("utf-8"), re.M))


def test_make_alone_lists_every_target(root: Path, make: Make) -> None:
    shown = dict(re.findall(r"^make (\S+) +(.+)$", make(root).stdout, re.M))
    assert shown == targets(root)
    assert {"setup", "check", "test", "test-long", "test-fresh", "bench", "lock"} <= shown.keys()


def test_pages_name_only_targets_that_exist(root: Path, files: list[Path]) -> None:
    pages = [file for file in files if file.suffix == ".md"]
    named = [(str(page), found[1]) for page in pages for found in re.finditer(r"(?:`|^ +)make ([a-z-]+)", (root / page).read_text("utf-8"), re.M)]
    assert [(page, target) for page, target in named if target not in targets(root)] == []


def test_readme_says_how_to_install_and_test(root: Path) -> None:
    readme = (root / "README.md").read_text("utf-8")
    assert all(command in readme for command in ("make setup", "make check", "make test"))


def test_ci_runs_make_test_from_anywhere_and_hands_on_its_failure(clone: Path, tmp_path: Path) -> None:
    (clone / "Makefile").write_text("test:\n\t@echo CI=$$CI in $$PWD; cat; exit 3\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # under `make` a second one says where it goes
    command = ["bash", clone / ".ci/run"]
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, input="not for the tests", check=False)
    assert ran.stdout == f"CI=true in {clone}\n"
    assert ran.returncode != 0


_MODULE = """
import os, pytest
@pytest.mark.parametrize("number", range(20))
def test_it(number):
    with open(__file__ + ".pids", "a") as file:
        print(os.getpid(), file=file)
"""


def test_tests_run_in_several_processes_and_those_of_a_module_in_one(root: Path, tmp_path: Path) -> None:
    (options,) = re.findall(r"^TOGETHER := (.*)$", (root / "Makefile").read_text("utf-8"), re.M)
    for name in "abc":
        (tmp_path / f"test_{name}.py").write_text(_MODULE)
    command = [sys.executable, "-m", "pytest", *options.split(), "--rootdir", tmp_path, "-c", os.devnull, tmp_path]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    pids = [set(path.read_text().split()) for path in tmp_path.glob("*.pids")]
    assert (len(pids), {len(of_module) for of_module in pids}, len(set.union(*pids))) == (3, {1}, 3)
