"""Killed at random moments with all its processes, an instance has what it acknowledged, once and bit by bit, and takes up the rest by itself."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.instances import VANKHO, Instance
from tests.proofs.served import OPEN, SECRET, Served, group_of
from tests.waiting import until

pytestmark = pytest.mark.servers

SCANS = Path(__file__).parents[1] / "data" / "vi-documents"
TEXTS = 12


def documents(folder: Path) -> list[Path]:
    """Small letters, every third of them secret, and the fourteen scans between them."""
    folder.mkdir()
    letters = []
    for number in range(1, TEXTS + 1):
        letter = SECRET if number % 3 == 0 else OPEN
        path = folder / f"{number:02}.txt"
        path.write_text(letter.format(number=number, text=f"Nội dung thứ {number}. " * 50), "utf-8")
        letters.append(path)
    scans = sorted(SCANS.glob("*.pdf"))
    assert len(scans) == 14
    return [*letters[:3], *scans[:5], *letters[3:8], *scans[5:], *letters[8:]]


def lines_of(text: str) -> list[dict[str, object]]:
    """The whole lines: the last may have been cut."""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def killed_after(instance: Instance, files: list[Path], seconds: float) -> list[dict[str, object]]:
    """What `ingest` had said when it and all its processes were killed."""
    command = [VANKHO, "--json", "ingest", *files]
    process = subprocess.Popen(command, env=instance.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True, text=True)
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
    until(lambda: not group_of(process.pid), 10, "no process left")
    return [line for line in lines_of(said) if line.get("record_id")]


def header_versions(instance: Instance) -> list[str]:
    return sorted(path.name.rpartition(".")[0] for path in (instance.home / "store" / "headers").rglob("*.*") if not path.name.startswith("."))


@pytest.mark.parametrize("moments", [8, pytest.param(20, marks=pytest.mark.long)])
@pytest.mark.timeout(1500)
def test_what_was_acknowledged_is_there_once_and_whole_after_every_kill(instance: Instance, moments: int) -> None:
    files, acknowledged = documents(instance.base / "in"), dict[str, str]()
    start = time.monotonic()
    instance.run("ingest", files[0])
    one = time.monotonic() - start  # seconds from the start of the processes to the first outcome, on this machine now
    for _ in range(moments):
        # From before anything runs to the midst of the scans; of the seed pytest-randomly tells at the top of the run.
        for line in killed_after(instance, files, one * random.uniform(0.3, 6)):
            assert acknowledged.setdefault(str(line["path"]), str(line["record_id"])) == line["record_id"], "the same document, another record"
    assert acknowledged, "every kill came before the first acknowledgement"

    key = next(instance.config.rglob("*.key")).read_text().strip()
    with Served(instance) as served:
        *lines, figures = instance.json("ingest", *files)
        assert figures["received"] == len(files)
        assert {line["outcome"] for line in lines} <= {"stored", "duplicate"}
        records = {str(line["path"]): str(line["record_id"]) for line in lines}
        assert records | acknowledged == records, "what was acknowledged is still the same record"
        assert len(set(records.values())) == len(files)
        for path, record in records.items():
            assert served.ask("GET", f"records/{record}/parts/original", key).body == Path(path).read_bytes()
        assert served.ask("GET", "search?q=&limit=100", key).json["total"] == len(files)
        assert instance.run("check", "--read-data").returncode == instance.run("audit", "verify").returncode == 0
    versions = header_versions(instance)
    assert len(versions) == len(set(versions)), "a header was left from before it was re-wrapped"
