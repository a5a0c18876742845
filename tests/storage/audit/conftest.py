"""Logs to test with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.audit.details import Details
from storage.audit.leaf import Leaf, Outcome
from storage.audit.log import TileLog
from storage.audit.note import NoteSigner

EntryMaker = Callable[[int, int], list[bytes]]


@pytest.fixture(scope="session")
def signer() -> NoteSigner:
    return NoteSigner("vankho.example/log", Ed25519PrivateKey.from_private_bytes(bytes(32)))


@pytest.fixture
def log(tmp_path: Path, signer: NoteSigner) -> TileLog:
    """An empty log."""
    folder = tmp_path / "audit"
    folder.mkdir()
    return TileLog.create(folder, signer)


@pytest.fixture(scope="session")
def entries() -> EntryMaker:
    """Encoded audit entries, from number to number - 1: the same ones at every call."""
    made: list[bytes] = []

    def maker(start: int, stop: int) -> list[bytes]:
        made.extend(_leaf(number).encode() for number in range(len(made), stop))
        return made[start:stop]

    return maker


@pytest.fixture(scope="session")
def leaf() -> Leaf:
    return _leaf(7)


def _leaf(number: int) -> Leaf:
    return Leaf(
        pending_id=f"p{number}",
        time=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number),
        person="u7dzqk2m4xw5",
        source=None,
        office="quang-ngai.ubnd",
        action="record.read",
        outcome=Outcome.DONE,
        right="case",
        record_id="r" + str(number % 50),
        session="s1",
        address="10.0.0.7",
        details_commitment=Details({"query": "hồ sơ địa chính"}, bytes(32)).commitment(),
    )
