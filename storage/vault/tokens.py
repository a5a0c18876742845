"""Tokens: what a key file holds. The archive knows of each only its SHA-256, which suffices: a token has 256 random bits."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from pathlib import Path

from storage.errors import InvalidInput, KeyFileMissing

__all__ = ["new_token", "read_key_file", "token_hash"]

_TOKEN = re.compile(r"vk1_[A-Za-z0-9_-]{43}")


def new_token() -> str:
    """A fresh token, to be written to a key file and nowhere else."""
    return "vk1_" + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii").rstrip("=")


def token_hash(token: str) -> str:
    """What the archive keeps of a token, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_key_file(path: Path) -> str:
    """The token of a key file. Raises KeyFileMissing, and InvalidInput for a file that is no key file."""
    try:
        text = path.read_bytes()[:200].decode("ascii", "replace").strip()
    except OSError as error:
        raise KeyFileMissing(path=str(path), why=error.strerror or "?") from error
    if not _TOKEN.fullmatch(text):
        raise InvalidInput(what=f"{path} is no key file of Vankho: it holds one line that begins with vk1_.")
    return text
