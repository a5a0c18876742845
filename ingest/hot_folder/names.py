"""Names in a hot folder: which are nobody's documents, and under which a file is put away beside others. Names are bytes of any form."""

from __future__ import annotations

import os
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Final

__all__ = ["HIDDEN", "TEMPORARY", "extended", "matches", "numbered"]

TEMPORARY: Final = ("*.tmp", "*.part", "*.partial", "*.filepart", "*.crdownload", "~*")
"""What writers call a file that they will rename when it is whole."""

HIDDEN: Final = (".*", "thumbs.db", "desktop.ini")
"""What file managers leave behind, and what some writers hide until it is whole."""

_LONGEST_SUFFIX: Final = 16


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name is one of the patterns', in small or capital letters."""
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def numbered(name: str, number: int, longest: int) -> str:
    """The name for the `number`th of its kind, within `longest` bytes: a.pdf, a (2).pdf, a (3).pdf ..."""
    if number == 1:
        return name
    suffix = os.fsencode(PurePosixPath(name).suffix)
    if len(suffix) > _LONGEST_SUFFIX:
        suffix = b""
    return _within(os.fsencode(name).removesuffix(suffix), f" ({number})".encode() + suffix, longest)


def extended(name: str, suffix: str, longest: int) -> str:
    """The name of what lies beside a file, within `longest` bytes: a.pdf and .txt make a.pdf.txt."""
    return _within(os.fsencode(name), suffix.encode(), longest)


def _within(stem: bytes, end: bytes, longest: int) -> str:
    kept = stem[: max(0, longest - len(end))]
    if kept != stem:
        cut = next((at for at in range(1, 4) if kept[-at:-at + 1 or None][:1] >= b"\xc0"), 0)  # a letter's first byte of several in UTF-8
        kept = kept[: len(kept) - cut]
    return os.fsdecode(kept + end)
