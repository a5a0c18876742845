"""What lies in the memory of processes: an instance's secrets, looked for by root."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from storage.home import Home
from storage.settings import read_settings
from storage.vault.kek import FileKek
from storage.vault.keyring import KeyKind, Keyring
from storage.walls.memory import LockedPages
from tests.instances import Instance

__all__ = ["PROGRAMS", "Seen", "inspected", "kek_of", "private", "secrets_of"]

PROGRAMS = Path(__file__).with_name("programs")
PRIVATE = {KeyKind.PARTITION, KeyKind.TRANSIT, KeyKind.AUDITORS, KeyKind.SIGNING, KeyKind.HOSTS}


@dataclass(frozen=True)
class Seen:
    """Of one process: the names of the secrets found, and the paths of what it has open."""

    secrets: set[str]
    opened: list[str]


def kek_of(instance: Instance) -> Path:
    return instance.config / "vankho" / f"{read_settings(Home(instance.home)).instance}.kek"


def secrets_of(instance: Instance) -> dict[str, bytes]:
    """Every secret of an instance by `kind/name`, unwrapped here from the key files, and the KEK."""
    memory, kek = LockedPages(), kek_of(instance)
    keyring = Keyring(Home(instance.home).keys, read_settings(Home(instance.home)).instance, FileKek(kek, memory), memory)
    found = {f"{info.kind}/{info.name}": bytes(keyring.secret(info.kind, info.name)) for info in keyring.infos()}
    return found | {"kek": kek.read_bytes()}


def inspected(pids: Mapping[str, int], secrets: dict[str, bytes]) -> dict[str, Seen]:
    """What root sees in each process."""
    assert all(pids.values()), pids
    asked = json.dumps({"pids": list(pids.values()), "secrets": [base64.b64encode(secret).decode() for secret in secrets.values()]})
    right = [] if os.geteuid() == 0 else ["sudo", "-n"]
    done = subprocess.run([*right, sys.executable, PROGRAMS / "inspector.py"], input=asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"looking into processes takes root, or sudo without a password:\n{done.stderr[-1000:]}"
    answer, names = json.loads(done.stdout), list(secrets)
    seen = {part: answer[str(pid)] for part, pid in pids.items()}
    assert all(one["bytes"] > 1 << 20 for one in seen.values()), "hardly anything could be read"
    return {part: Seen({names[number] for number in one["found"]}, one["open"]) for part, one in seen.items()}


def private(names: set[str]) -> set[str]:
    return {name for name in names if name.partition("/")[0] in {*PRIVATE, "kek"}}
