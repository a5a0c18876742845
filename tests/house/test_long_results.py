"""What becomes of long tests stands in a page of the documentation."""

from __future__ import annotations

from pathlib import Path

from tests.long_results import Result, note


def test_the_last_result_of_a_test_takes_the_place_of_the_one_before_and_leaves_others(tmp_path: Path) -> None:
    page = tmp_path / "long.md"
    note([Result.of("tests/b.py::two[one-2]", "failed", 61), Result.of("tests/a.py::one", "passed", 6)], page)
    note([Result.of("tests/b.py::two[one-2]", "passed", 120)], page)
    rows = [line.strip("| ").split(" | ") for line in page.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert [(row[0], row[1], row[-1]) for row in rows] == [("`tests/a.py::one`", "passed", "0.1"), ("`tests/b.py::two[one-2]`", "passed", "2.0")]
