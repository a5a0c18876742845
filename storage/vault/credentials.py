"""What proves to the servers of an instance who asks: for each role its own, sealed among the keys and handed over by the keeper."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.durable import write_new
from storage.errors import KeyFileDamaged
from storage.servers import Credential, Part

__all__ = ["KEEPER", "Credentials", "given", "of_role", "read_credentials", "taken", "write_credentials"]

KEEPER = "keeper"
"""The keeper's own name beside the roles that it serves."""

Credentials: TypeAlias = Mapping[Part, Mapping[str, Credential]]
"""By part, then by role."""

_FILE = "credentials"
_NONCE_SIZE = 12


def write_credentials(folder: Path, key: memoryview, instance: str, credentials: Credentials) -> None:
    """Keep them in `folder`. key: 32 bytes, AES-256-GCM, bound to the instance. Raises TargetExists where there are some."""
    plain = {part: {role: [one.user, one.password] for role, one in roles.items()} for part, roles in credentials.items()}
    nonce = os.urandom(_NONCE_SIZE)
    write_new(folder / _FILE, nonce + AESGCM(key).encrypt(nonce, json.dumps(plain).encode(), instance.encode()))


def read_credentials(folder: Path, key: memoryview, instance: str) -> Credentials:
    """Those of the instance; none where all is embedded. Raises KeyFileDamaged for a file that was changed or is another instance's."""
    try:
        raw = (folder / _FILE).read_bytes()
    except FileNotFoundError:
        return {}
    try:
        plain = json.loads(AESGCM(key).decrypt(raw[:_NONCE_SIZE], raw[_NONCE_SIZE:], instance.encode()))
    except (InvalidTag, ValueError) as error:
        raise KeyFileDamaged(name=_FILE) from error
    return {part: {role: Credential(*one) for role, one in roles.items()} for part, roles in plain.items()}


def of_role(credentials: Credentials, role: str) -> dict[Part, Credential]:
    """Those of one role."""
    return {part: roles[role] for part, roles in credentials.items() if role in roles}


def given(credentials: Mapping[Part, Credential]) -> str:
    """What a role is handed over, as text."""
    return json.dumps({part: [one.user, one.password] for part, one in credentials.items()})


def taken(text: str) -> dict[Part, Credential]:
    """What `given` said."""
    return {part: Credential(*one) for part, one in json.loads(text).items()}
