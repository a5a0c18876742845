"""docs/threat-model.md promises nothing without a test, and every test that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from storage.walls.claims import Claim

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


def rows_below(heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without its head."""
    _, _, below = PAGE.partition(f"\n## {heading}\n")
    lines = [line for line in below.partition("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines[2:]]


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test for _, test in NAMED])
def test_a_named_test_is_there(file: str, test: str) -> None:
    assert re.search(rf"^def {test}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE), f"{file}::{test}"


@pytest.mark.parametrize("heading", ["Processes", "Roles"])
def test_every_promise_names_its_test(heading: str) -> None:
    rows = rows_below(heading)
    assert len(rows) > 10
    for row in rows:
        assert re.search(r"`tests/[\w/]+\.py::\w+`", row[2]), row[1]


def test_the_table_of_abis_is_that_of_the_code() -> None:
    listed = {int(row[0]) for row in rows_below("What the walls hold, by Landlock ABI")}
    assert listed == {0} | {claim.since for claim in Claim}
