"""A zygote of the attacker's, shared by the tests that do not kill it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.sandbox.limits import MIB, Limits
from ingest.sandbox.parent import Zygote
from ingest.sandbox.sandbox import Sandbox

ATTACKER = (str(Path(__file__).parent / "attacker.py"),)
LIAR = (str(Path(__file__).parent / "liar.py"),)
SMALL = Limits(seconds=1.0, patience=3.0, memory=300 * MIB, document=8 * MIB, pages=40, dead_pages=2)


@pytest.fixture(scope="session")
def attacker() -> Iterator[Zygote]:
    """Asks for attacks; a second of computing and 300 MiB for each."""
    zygote = Zygote(SMALL, ATTACKER)
    zygote.start()
    yield zygote
    zygote.close()


@pytest.fixture(scope="session")
def liar() -> Iterator[Sandbox]:
    """Its children answer what the document, a JSON list, says."""
    with Sandbox(SMALL, LIAR) as started:
        yield started
