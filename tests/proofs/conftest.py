"""A served instance with its officer and a scanner, one for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage.home import Home
from storage.settings import read_settings
from tests.instances import Instance
from tests.proofs.served import Served


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """A fresh instance."""
    made = Instance(tmp_path_factory.mktemp("house"))
    made.run("init", "--recovery-out", made.recovery)
    return made


@pytest.fixture(scope="module")
def scanner(house: Instance) -> str:
    """The token of a source."""
    path = house.base / "scan.key"
    house.run("source", "add", "máy quét 1", "--key-out", path)
    return path.read_text().strip()


@pytest.fixture(scope="module")
def officer(house: Instance) -> str:
    """The token of the local officer."""
    return (house.config / "vankho" / f"{read_settings(Home(house.home)).instance}.key").read_text().strip()


@pytest.fixture(scope="module")
def served(house: Instance) -> Iterator[Served]:
    """The instance behind `vankho serve`."""
    with Served(house) as running:
        yield running
