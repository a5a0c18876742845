"""Reads the age test vectors: lines `key: value`, an empty line, then an age file, compressed or not."""

from __future__ import annotations

import zlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Vector", "published_key_pair", "vectors"]

FOLDER = Path(__file__).parent / "age"


@dataclass(frozen=True, slots=True)
class Vector:
    """One vector. payload: SHA-256 in hex of all that may be given out, None where nothing is said; file: the age file."""

    name: str
    expect: str
    payload: str | None
    identities: tuple[str, ...]
    passphrases: tuple[str, ...]
    armored: bool
    file: bytes


def vectors() -> list[Vector]:
    """All of them, by name."""
    return [_read(path) for path in sorted(FOLDER.iterdir()) if not path.suffix]


def published_key_pair() -> tuple[str, str]:
    """The specification's example: the recipient, and the text of the identity file that it belongs to."""
    text = (FOLDER / "keys.txt").read_text("ascii")
    return text.splitlines()[0].removeprefix("# public key: "), text


def _read(path: Path) -> Vector:
    about, _, file = path.read_bytes().partition(b"\n\n")
    said: dict[str, list[str]] = defaultdict(list)
    for line in about.decode().splitlines():
        key, _, value = line.partition(": ")
        said[key].append(value)
    unknown = said.keys() - {"expect", "payload", "file key", "identity", "passphrase", "armored", "compressed", "comment"}
    assert not unknown, f"{path.name} says what this reader does not know: {unknown}"
    return Vector(
        name=path.name,
        expect=said["expect"][0],
        payload=said["payload"][0] if said["payload"] else None,
        identities=tuple(said["identity"]),
        passphrases=tuple(said["passphrase"]),
        armored=bool(said["armored"]),
        file=zlib.decompress(file) if said["compressed"] == ["zlib"] else file,
    )
