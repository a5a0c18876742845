"""Whether a file is whole, told by what its format writes last."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import PurePosixPath
from typing import Final

from ingest.hot_folder.tiff import ReadAt, is_tiff, tiff_is_whole

__all__ = ["Wholeness", "wholeness"]

_HEAD: Final = 1024
_PDF_TAIL: Final = 1024
_TAIL: Final = 64

_LINEARIZED: Final = re.compile(rb"/Linearized\b")
_LENGTH: Final = re.compile(rb"/L\s+(\d{1,15})\b")
_IEND: Final = b"\0\0\0\0IEND\xaeB`\x82"


class Wholeness(Enum):
    """UNKNOWN: nothing in the file says where it ends, so that only time can tell."""

    WHOLE = "whole"
    UNFINISHED = "unfinished"
    UNKNOWN = "unknown"


def wholeness(name: str, size: int, read: ReadAt) -> Wholeness:
    """What a file's own bytes say. name: asked only where the first bytes say nothing yet, since many writers make room first, as zeros.

    Raises what `read` raises.
    """
    if size == 0:
        return Wholeness.UNFINISHED  # scanners make the name first and fill it later
    head = read(0, _HEAD)
    if b"%PDF-" in head:
        is_whole = _pdf_is_whole(head, size, read)
    elif is_tiff(head):
        is_whole = tiff_is_whole(size, read)
    elif head.startswith(b"\xff\xd8\xff"):
        is_whole = _tail(size, read).rstrip(b"\0\r\n").endswith(b"\xff\xd9")
    elif head.startswith(b"\x89PNG\r\n\x1a\n"):
        is_whole = _IEND in _tail(size, read)
    else:
        return Wholeness.UNFINISHED if PurePosixPath(name).suffix.lower() in _WITH_TRAILER else Wholeness.UNKNOWN
    return Wholeness.WHOLE if is_whole else Wholeness.UNFINISHED


_WITH_TRAILER: Final = frozenset({".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png"})


def _pdf_is_whole(head: bytes, size: int, read: ReadAt) -> bool:
    """Source: ISO 32000-2, 7.5.5 (end-of-file marker), annex F: a linearized file has such a marker near its beginning too, and says its length."""
    said = _LENGTH.search(head) if _LINEARIZED.search(head) else None
    return (said is None or int(said[1]) <= size) and b"%%EOF" in _tail(size, read, _PDF_TAIL)


def _tail(size: int, read: ReadAt, length: int = _TAIL) -> bytes:
    return read(max(0, size - length), length)
