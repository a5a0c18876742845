"""Worker hosts as separate commands, each in a folder of its own, with an environment in which no instance is named."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.instances import VANKHO, Instance
from tests.proofs.served import alive, children_of, group_of
from tests.waiting import until

__all__ = ["Away", "joining_file"]


def joining_file(house: Instance, name: str, gate: str, folder: Path) -> Path:
    """What `host add` writes for a new host."""
    path = folder / f"{name}.join"
    house.run("host", "add", name, "--gate", gate, "--out", path)
    return path


class Away:
    """`vankho work --join`, for as long as the block runs."""

    def __init__(self, joining: Path, base: Path, *words: str) -> None:
        self.base, self.log = base, base / "log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("VANKHO_", "XDG_"))}
        command = [str(VANKHO), "--json", "--home", str(base / "work"), "work", "--join", str(joining), *words]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=kept | {"HOME": str(base), "VANKHO_LANG": "en"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                text=True,
            )

    def __enter__(self) -> Self:
        assert self.process.stdout is not None
        told = self.process.stdout.readline()
        assert told, f"work ended with {self.process.wait()}: {self.log.read_text()}"
        self.told: dict[str, object] = json.loads(told)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(30) == 0
        until(lambda: not group_of(self.process.pid), what="all of it gone")

    @property
    def places(self) -> dict[str, object]:
        """What it said on its start: of each part why it is not reached, None where it is."""
        places = self.told["places"]
        assert isinstance(places, list)
        return {place["part"]: place["why"] for place in places}

    def pid(self, module: str) -> int:
        """Of its process that runs this module; 0 if none does."""
        return next((pid for pid, words in children_of(self.process.pid).items() if module in words and alive(pid)), 0)

    def kill(self) -> None:
        """All of it at once, as when the machine loses its power."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
