"""The keyring: one key for a name, however many ask for it first."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from storage.clock import FixedClock
from storage.ids import RandomIds
from storage.vault.age import HybridRecipient, open_header, seal_header
from storage.vault.kek import FileKek
from storage.vault.keyring import KeyKind, Keyring
from storage.walls.memory import LockedPages

AT_ONCE = 8
NAMES = [f"van-phong-{number}" for number in range(10)]


def test_those_who_need_a_new_partition_s_key_at_once_get_the_same_and_it_opens_what_they_seal(tmp_path: Path) -> None:
    (tmp_path / "kek").write_bytes(os.urandom(32))
    (tmp_path / "keys").mkdir()
    memory, clock, start = LockedPages(), FixedClock(datetime(2026, 11, 25, 8, 0, tzinfo=UTC)), threading.Barrier(AT_ONCE)

    def opened() -> Keyring:
        return Keyring(tmp_path / "keys", "i", FileKek(tmp_path / "kek", memory), memory)

    keyring = opened()

    def ask(name: str) -> str:
        start.wait()
        return str(keyring.ensure(KeyKind.PARTITION, name, RandomIds(), clock).public)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        given = {name: list(threads.map(ask, [name] * AT_ONCE)) for name in NAMES}
    again = opened()
    for name, recipients in given.items():
        key = os.urandom(16)
        headers = {seal_header(key, [HybridRecipient.parse(recipient)]) for recipient in recipients}
        assert {open_header(header, [ring.identity(KeyKind.PARTITION, name)]) for ring in (keyring, again) for header in headers} == {key}
    assert len(list((tmp_path / "keys").iterdir())) == len(NAMES)
