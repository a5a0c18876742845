"""An instance with its supervisor running, of which every command is a client."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.instances import VANKHO, Instance

_PATIENCE = 60


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """One instance for a module's tests: each puts in what it looks at."""
    made = Instance(tmp_path_factory.mktemp("served"))
    made.run("init", "--test", "--recovery-out", made.recovery)
    words, said = [VANKHO, "--json", "serve", "--port", "0"], made.base / "server.log"
    with (
        said.open("w") as log,
        subprocess.Popen(words, env=made.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True) as server,
    ):
        assert server.stdout is not None and "address" in server.stdout.readline(), said.read_text()
        yield made
        server.send_signal(signal.SIGTERM)
        assert server.wait(_PATIENCE) == 0
