"""docs/long-tests.md: the last result of each test that takes too long for `make test`, written by those who run one."""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

__all__ = ["Result", "commit", "note"]

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "long-tests.md"

_HEAD: Final = """# Long tests

The last result of each test that takes too long for `make test`. `make test-long`, or `pytest -m long` with some of them, writes this page.

| test | result | on | at | minutes |
|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Result:
    """How a test ended. at: the commit, with a `+` where files were changed since. minutes: to a tenth."""

    test: str
    outcome: str
    on: str
    at: str
    minutes: str

    @classmethod
    def of(cls, test: str, outcome: str, seconds: float) -> Result:
        """The result of a test that has just ended."""
        return cls(f"`{test}`", outcome, datetime.now(UTC).date().isoformat(), commit(), f"{seconds / 60:.1f}")

    def row(self) -> str:
        """As it stands in the page."""
        return f"| {self.test} | {self.outcome} | {self.on} | {self.at} | {self.minutes} |\n"


def note(results: Iterable[Result], page: Path = PAGE) -> None:
    """Put these results in the place of the tests' earlier ones. Several processes may do so at once."""
    with page.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        rows = [Result(*(cell.strip() for cell in line.split("|")[1:-1])) for line in file if line.startswith("| `")]
        known = {row.test: row for row in (*rows, *results)}
        file.truncate(0)
        file.write(_HEAD + "".join(known[test].row() for test in sorted(known)))


def commit() -> str:
    """The commit that is tried."""
    try:
        at = _git("rev-parse", "--short=7", "HEAD").strip()
        return f"{at}+" if _git("status", "--porcelain", "--", ".", f":!{PAGE.relative_to(ROOT)}") else at
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    return subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True, text=True).stdout
