"""A founded instance, and a keeper on it in this process."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.clock import FixedClock
from storage.home import Home
from storage.ids import RandomIds
from storage.settings import NetworkClass
from storage.vault.founding import Plan, found
from tests.storage.vault.keeper.keeper_house import START, House


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an instance and its keys, never opened, to be copied."""
    base = tmp_path_factory.mktemp("founded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(base / "config"))
        plan = Plan(Home(base / "home"), "central", NetworkClass.INDEPENDENT_LAN, test=True, recovery_out=base / "recovery.txt")
        found(plan, RandomIds(), FixedClock(START))
    return base


@pytest.fixture
def house(founded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(founded / "config"))
    shutil.copytree(founded, tmp_path / "house")
    made = House(tmp_path / "house")
    yield made
    made.stop()
