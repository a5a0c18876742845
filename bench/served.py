"""An instance that is served over HTTP, for benchmarks that ask it as its users do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["VANKHO", "Served", "found", "notice", "serving"]

VANKHO = Path(sys.executable).parent / "vankho"


@dataclass(frozen=True)
class Served:
    """base: the folder of home, config and key files. port: on loopback, 0 where it is not served."""

    base: Path
    port: int = 0

    @property
    def env(self) -> dict[str, str]:
        """The environment in which `vankho` finds the instance."""
        return os.environ | {"VANKHO_HOME": str(self.base / "home"), "XDG_CONFIG_HOME": str(self.base / "config"), "VANKHO_LANG": "en"}

    def run(self, *words: str | Path) -> list[dict[str, object]]:
        """The objects that `vankho --json` prints. Raises CalledProcessError."""
        done = subprocess.run([VANKHO, "--json", *words], env=self.env, check=True, stdout=subprocess.PIPE, text=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def token(self, name: str) -> str:
        """The token of a key file in `base`."""
        return (self.base / f"{name}.key").read_text("ascii").strip()


def found(base: Path) -> Served:
    """A new instance, where VANKHO_CATALOG, VANKHO_INDEX and VANKHO_STORE say."""
    made = Served(base)
    made.run("init", "--recovery-out", base / "recovery")
    return made


@contextmanager
def serving(made: Served) -> Iterator[Served]:
    """Serve it while the block runs."""
    with subprocess.Popen([VANKHO, "--json", "serve", "--port", "0"], env=made.env, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = str(json.loads(server.stdout.readline())["address"])
        try:
            yield Served(made.base, int(address.rpartition(":")[2].rstrip("/")))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)


def notice(number: int, words: str) -> str:
    """An open notice of a provincial committee with a text of its own, as a text file holds it."""
    return (
        "ỦY BAN NHÂN DÂN\nTỈNH LÀO CAI\n\nCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc\n\n"
        f"Số: {number}/TB-UBND\nLào Cai, ngày 5 tháng 3 năm 2024\n\nTHÔNG BÁO\nvề lịch nghỉ lễ đợt {number}\n\n{words}\n"
    )
