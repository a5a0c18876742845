"""What a document is, by its content: its type, whether its name says otherwise, whether it is two things at once."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import PurePath
from typing import Final, Protocol

import magic

from ingest.reading.pages import Kind

__all__ = ["Content", "is_mismatch", "is_polyglot", "media_type"]

_HEAD: Final = 1 << 20
_FOREIGN_BYTES: Final = 1024
"""After a document's end, and in front of a PDF's header, so much is tolerated."""
_ENDINGS: Final = {
    Kind.PDF: {".pdf"},
    Kind.TIFF: {".tif", ".tiff"},
    Kind.JPEG: {".jpg", ".jpeg", ".jpe", ".jfif"},
    Kind.PNG: {".png"},
    Kind.TEXT: {".txt", ".text", ".md", ".csv", ".log", ""},
}
_MARKED_UP: Final = frozenset({"text/html", "text/xml", "text/rtf", "text/vcard", "text/calendar"})
_SIGNATURES: Final = (
    b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"GIF8", b"PK\x03\x04", b"\x7fELF", b"MZ", b"Rar!", b"7z\xbc\xaf\x27\x1c",
    b"\xd0\xcf\x11\xe0", b"\x1f\x8b\x08", b"BZh", b"#!", b"<html", b"<!DOCTYPE", b"<script", b"<?xml",
)
_END_OF_ZIP: Final = struct.Struct("<4s4H2LH")
_ZIP_COMMENT_MOST: Final = 0xFFFF


class Content(Protocol):
    """The bytes of a document: `bytes`, or a mapping of them."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> bytes: ...

    def find(self, sub: bytes, start: int = ..., end: int = ..., /) -> int:
        """Where `sub` first is, or -1."""

    def rfind(self, sub: bytes, start: int = ..., end: int = ..., /) -> int:
        """Where `sub` last is, or -1."""


def media_type(content: Content) -> str:
    """The media type of the content, whatever its name is. The first call loads libmagic's database from its file."""
    head = content[:_HEAD]
    # A PDF that a mail gateway or an old scanner put a few bytes in front of is one to every reader.
    is_pdf = b"%PDF-" in head[:_FOREIGN_BYTES] and not head.startswith(_SIGNATURES)
    if is_pdf:
        return Kind.PDF.value
    found: str = magic.from_buffer(head, mime=True)
    # A comma a line makes a CSV of a letter, and a brace a program: whatever is text without a markup of its own is read as text.
    return Kind.TEXT.value if found.startswith("text/") and found not in _MARKED_UP else found


def is_mismatch(kind: Kind, name: str) -> bool:
    """Whether the name's extension says another type than the content. A name without one says nothing."""
    ending = PurePath(name).suffix.lower()
    return ending != "" and ending not in _ENDINGS[kind]


def is_polyglot(kind: Kind, content: Content) -> bool:
    """Whether another program could take the document for something else: a second signature, or foreign data after its end.

    Source: the technique is described in Albertini, "Abusing file formats", PoC||GTFO 7 (2015).
    """
    head = content[:_FOREIGN_BYTES]
    if kind is Kind.PDF:
        if not head.startswith(b"%PDF-") and head.startswith(_SIGNATURES):
            return True
    elif kind is not Kind.TEXT and b"%PDF-" in head:
        return True
    return _ends_as_zip(content) or len(_after_end(kind, content)) > _FOREIGN_BYTES


def _after_end(kind: Kind, content: Content) -> bytes:
    """What follows the document's own end but blanks and zeros; at most 64 KiB of it. Empty where the type marks no end, or it is missing."""
    end = _ENDS[kind](content) if kind in _ENDS else -1
    return b"" if end < 0 else content[end : end + (1 << 16)].strip(b"\0\t\r\n\x0c \xff")


def _end_of_pdf(content: Content) -> int:
    mark = content.rfind(b"%%EOF")
    return mark + 5 if mark >= 0 else -1


def _end_of_png(content: Content) -> int:
    """Chunk by chunk, as IEND may stand in a picture's data as well. Source: RFC 2083, 3.2."""
    place = 8
    while place + 12 <= len(content):
        size = int.from_bytes(content[place : place + 4], "big")
        name = content[place + 4 : place + 8]
        place += 12 + size
        if name == b"IEND":
            return place
    return -1


def _end_of_jpeg(content: Content) -> int:
    """Segment by segment, then through the coded data of each scan. Source: ITU-T T.81, annex B."""
    place = 2
    while place + 4 <= len(content):
        marker = content[place : place + 2]
        if marker == b"\xff\xd9":
            return place + 2
        if marker[:1] != b"\xff":
            return -1
        size = int.from_bytes(content[place + 2 : place + 4], "big")
        place += 2 + size
        if marker == b"\xff\xda":
            following = _next_marker(content, place)
            if following < 0:
                return -1
            place = following
    return -1


def _next_marker(content: Content, place: int) -> int:
    """The first marker after coded data that is neither a stuffed zero, nor a restart, nor a fill byte."""
    while (place := content.find(b"\xff", place)) >= 0:
        if not re.fullmatch(b"[\0\xff\xd0-\xd7]", content[place + 1 : place + 2]):
            return place if place + 1 < len(content) else -1
        place += 1 if content[place + 1 : place + 2] == b"\xff" else 2
    return -1


_ENDS: Final[dict[Kind, Callable[[Content], int]]] = {Kind.PDF: _end_of_pdf, Kind.PNG: _end_of_png, Kind.JPEG: _end_of_jpeg}


def _ends_as_zip(content: Content) -> bool:
    """Whether a ZIP's directory ends where the document does: then it is an archive to every unpacker. Source: APPNOTE.TXT 4.3.16."""
    start = max(0, len(content) - _END_OF_ZIP.size - _ZIP_COMMENT_MOST)
    tail = content[start:]
    mark = tail.rfind(b"PK\x05\x06")
    if mark < 0 or mark + _END_OF_ZIP.size > len(tail):
        return False
    *_, directory_size, _, comment = _END_OF_ZIP.unpack_from(tail, mark)
    return bool(directory_size <= start + mark and mark + _END_OF_ZIP.size + comment <= len(tail))
