"""Loader of the public Merkle proof vectors in `merkle/testdata`; `merkle/SOURCE.md` says where they come from."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ConsistencyVector", "InclusionVector", "consistency", "inclusion"]

_FOLDER = Path(__file__).parent / "merkle" / "testdata"


@dataclass(frozen=True, slots=True)
class InclusionVector:
    """One inclusion proof; `name` is its file below `testdata`."""

    name: str
    index: int
    size: int
    root: bytes
    leaf: bytes
    proof: tuple[bytes, ...]
    is_refused: bool


@dataclass(frozen=True, slots=True)
class ConsistencyVector:
    """One consistency proof; `name` is its file below `testdata`."""

    name: str
    older_size: int
    newer_size: int
    older_root: bytes
    newer_root: bytes
    proof: tuple[bytes, ...]
    is_refused: bool


def inclusion() -> list[InclusionVector]:
    """All inclusion vectors, by name."""
    return [
        InclusionVector(
            name, case["leafIdx"], case["treeSize"], _bytes(case["root"]), _bytes(case["leafHash"]), _proof(case["proof"]), case["wantErr"]
        )
        for name, case in _cases("inclusion")
    ]


def consistency() -> list[ConsistencyVector]:
    """All consistency vectors, by name."""
    return [
        ConsistencyVector(
            name, case["size1"], case["size2"], _bytes(case["root1"]), _bytes(case["root2"]), _proof(case["proof"]), case["wantErr"]
        )
        for name, case in _cases("consistency")
    ]


def _cases(folder: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (path.relative_to(_FOLDER).with_suffix("").as_posix(), json.loads(path.read_text(encoding="utf-8")))
        for path in sorted((_FOLDER / folder).rglob("*.json"))
    ]


def _proof(values: list[str] | None) -> tuple[bytes, ...]:
    return tuple(map(_bytes, values or ()))


def _bytes(value: str | None) -> bytes:
    return base64.b64decode(value or "")
