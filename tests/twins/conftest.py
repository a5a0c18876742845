"""Worlds of a module: embedded, and on servers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from ingest.sandbox.sandbox import Sandbox
from storage.vault.age import HybridIdentity, parse_identities
from tests.twins.world import Hands, Twins, found_twins

_LEAST_MEMORY = 64
"""KiB of a password's hash."""

_numbers = count()


@pytest.fixture(scope="module", params=["embedded", "servers"])
def twins(request: pytest.FixtureRequest) -> Iterator[Twins]:
    """In memory where the machine lets us: nothing here is about the disk, and a world waits for it a thousand times."""
    places = None
    seed = f"twins {next(_numbers)}".encode()  # each has an id of its own, as servers know the roles of all
    if request.param == "servers":
        from tests.twins.places import Places

        places = Places(*map(request.getfixturevalue, ("postgresql", "elasticsearch", "s3")))
    memory = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(prefix="twins", dir=memory if os.access(memory, os.W_OK) else None) as folder,
        pytest.MonkeyPatch.context() as patch,
        Sandbox() as sandbox,
        start_blocking_portal() as portal,
    ):
        base = Path(folder)
        patch.setenv("XDG_CONFIG_HOME", str(base / "config"))
        for pause in ("_BETWEEN_EXPUNGES", "_BETWEEN_LOOKS"):
            patch.setattr(f"storage.learning.{pause}", 0.0)  # or a world would seem settled, or be waited for, while it waits to forget
        patch.setattr("storage.vault.keeper.passwords._MEMORY", _LEAST_MEMORY)  # what a guess costs is no answer, and takes a third of the time
        patch.setattr("storage.vault.keeper.passwords._NOBODY", f"$argon2id$v=19$m={_LEAST_MEMORY},t=3,p=4${'A' * 22}${'A' * 43}")
        found_twins(base, seed, places)
        recovery = parse_identities((base / "recovery.txt").read_text())
        yield Twins(base, Hands(sandbox, portal, seed, places), tuple(one for one in recovery if isinstance(one, HybridIdentity)))
