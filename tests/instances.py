"""An instance of its own for a test, driven through the public commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ONE_READS", "VANKHO", "Instance"]

VANKHO = Path(sys.executable).parent / "vankho"
ONE_READS = 500
"""Documents that a test lets one person read: she is not given a thousand in a minute."""


@dataclass(frozen=True)
class Instance:
    """A folder with an instance's home, and beside it the folder of its KEK."""

    base: Path

    @property
    def home(self) -> Path:
        return self.base / "home"

    @property
    def config(self) -> Path:
        return self.base / "config"

    @property
    def recovery(self) -> Path:
        return self.base / "recovery.txt"

    @property
    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("VANKHO_", "XDG_"))}
        return kept | {"VANKHO_HOME": str(self.home), "XDG_CONFIG_HOME": str(self.config), "VANKHO_LANG": "en"}

    def run(
        self, *words: str | Path, exit_code: int | None = 0, key: Path | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `vankho`; `exit_code` is what it must return, None for any."""
        command = [VANKHO, *(["--key", key] if key else []), *words]
        done = subprocess.run(command, env=self.env | (env or {}), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=900, check=False)
        if exit_code is not None:
            assert done.returncode == exit_code, f"exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done

    def json(self, *words: str | Path, exit_code: int = 0, key: Path | None = None) -> list[dict[str, object]]:
        """The objects that `vankho --json` prints, one a line."""
        return [json.loads(line) for line in self.run("--json", *words, exit_code=exit_code, key=key).stdout.splitlines()]

    def refusal(self, *words: str | Path, exit_code: int, key: Path | None = None) -> dict[str, object]:
        """The problem object that a refused command prints on stderr."""
        problem: dict[str, object] = json.loads(self.run("--json", *words, exit_code=exit_code, key=key).stderr.splitlines()[-1])
        return problem

    def reader(self, number: int) -> str:
        """The key of a new person, told from others by a number, who may read every open record."""
        path = self.base / f"reader-{number}.key"
        self.run("user", "add", f"đọc {number}", "--office", "central", "--role", "archivist", "--clearance", "NON_CONFIDENTIAL", "--key-out", path)
        return path.read_text().strip()
