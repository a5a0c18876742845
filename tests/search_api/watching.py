"""`vankho watch` as a process of its own, and a hot folder to put files into."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.instances import VANKHO, Instance

__all__ = ["FINAL", "QUICK", "HotFolders", "Watching"]

FINAL = ("stored", "duplicate", "quarantined", "refused")
QUICK = "poll = 0.1\npolls = 2\nquiet = 0.4\n"
"""A profile's patience, for tests; the deadline stays long unless a test is about it."""


@dataclass(frozen=True)
class HotFolders:
    """The watched folder of an instance, with a subfolder and a key for each scanner."""

    instance: Instance
    root: Path
    profiles: Path

    @classmethod
    def made(cls, instance: Instance, base: Path, **scanners: str) -> HotFolders:
        """scanners: the name of each and what its profile says beside its key. Keys are made once an instance."""
        root, profiles = base / "hot", base / "scanners.toml"
        text = ""
        for name, profile in scanners.items():
            (root / name).mkdir(parents=True)
            key = instance.base / f"{name}.key"
            if not key.exists():
                instance.run("source", "add", name, "--key-out", key)
            text += f'[{name}]\nkey = "{key}"\n{profile}\n'
        profiles.write_text(text, "utf-8")
        return cls(instance, root, profiles)

    def once(self, exit_code: int = 0) -> list[dict[str, object]]:
        """What a run with --once says."""
        return self.instance.json("watch", self.root, "--profiles", self.profiles, "--once", exit_code=exit_code)

    def count(self, scanner: str, place: str = "") -> int:
        """How many files lie in a scanner's folder, or below `place` in it."""
        return sum(len(names) for _, _, names in os.walk(self.root / scanner / place))

    def files(self, scanner: str, place: str = "") -> dict[str, bytes]:
        """What lies in a scanner's folder, or below `place` in it, by path."""
        top = self.root / scanner / place
        return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file() and not path.is_symlink()}


class Watching:
    """`vankho watch`, for as long as the block runs; what it says goes to a file that every later start goes on with."""

    def __init__(self, folders: HotFolders) -> None:
        self._folders, self._said = folders, folders.root.parent / "said.jsonl"
        self._noted = folders.root.parent / "noted.jsonl"
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process is not None and self.process.poll() is None:
            if kind is None:
                assert self.stopped() == 0
            else:
                self.kill()

    def start(self) -> None:
        """Start it, after a kill again."""
        words = [VANKHO, "--json", "watch", self._folders.root, "--profiles", self._folders.profiles]
        with self._said.open("a") as said, self._noted.open("a") as noted:
            self.process = subprocess.Popen(words, env=self._folders.instance.env, stdin=subprocess.DEVNULL, stdout=said, stderr=noted, text=True)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stopped(self) -> int:
        """Ask it to end; its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def lines(self) -> list[dict[str, object]]:
        """The outcomes said so far."""
        return [line for line in _whole_lines(self._said) if "outcome" in line]

    def batches(self) -> list[dict[str, object]]:
        """The figures of batches said so far."""
        return [line for line in _whole_lines(self._said) if "received" in line]

    def notes(self) -> list[tuple[object, object]]:
        """Path and code of each trouble said so far."""
        return [(line["path"], line["code"]) for line in _whole_lines(self._noted)]

    def outcomes(self) -> dict[str, dict[str, object]]:
        """The outcome of each receipt. Fails where one was told in two ways: a line may be repeated after a kill, never another."""
        found: dict[str, dict[str, object]] = {}
        for line in self.lines():
            assert line["outcome"] in FINAL and found.setdefault(str(line["receipt_id"]), line) == line
        return found


def _whole_lines(path: Path) -> list[dict[str, object]]:
    found = []
    for text in path.read_text("utf-8").splitlines(keepends=True):
        with suppress(json.JSONDecodeError):
            found.append(json.loads(text))
    return found
