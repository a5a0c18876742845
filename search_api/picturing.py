"""A page of a record as a picture: rendered behind walls, and made a JPEG on this side of them."""

from __future__ import annotations

import io
import os
from typing import Final

from ingest.reading.pages import Kind
from ingest.sandbox.document import Document
from ingest.sandbox.sandbox import Picture, Sandbox
from search_api.callers import Caller
from search_api.reading import open_part
from storage.archive import Archive
from storage.catalog.states import BlobPart
from storage.errors import NotFound
from storage.vault.age import PayloadReader

__all__ = ["has_pictures", "picture_of_page"]

_QUALITY: Final = 78
_PICTURED: Final = frozenset(Kind) - {Kind.TEXT}


def has_pictures(media_type: str | None) -> bool:
    """Whether pages of a document of this type can be looked at."""
    return media_type in _PICTURED


def picture_of_page(archive: Archive, sandbox: Sandbox, caller: Caller, record: str, number: int) -> bytes:
    """Page `number`, from 1, of the access copy as a JPEG. The same act as reading that part, and in the log before anything is opened.

    Raises NotFound for what she may not read and for a page that is not there, ReadingFailed for one that cannot be shown, SandboxUnreachable.
    """
    with open_part(archive, caller, record, BlobPart.ACCESS, number) as opened:
        if not has_pictures(opened.media_type):
            raise NotFound
        with _in_memory(opened.reader) as document:
            picture = sandbox.picture(document, number)
    if picture is None:
        raise NotFound
    return _jpeg(picture)


def _in_memory(reader: PayloadReader) -> Document:
    memory = os.memfd_create("part", os.MFD_CLOEXEC)
    with os.fdopen(memory, "r+b") as file:
        for piece in reader.read(0, reader.size):
            file.write(piece)
        file.seek(0)
        return Document.of(memory)


def _jpeg(picture: Picture) -> bytes:
    """Encoded from bare pixels: whatever the document did behind the walls, a browser decodes what this process wrote."""
    from PIL import Image  # of use to no other route, and slow to load

    target = io.BytesIO()
    Image.frombytes("RGB", (picture.width, picture.height), picture.pixels).save(target, "JPEG", quality=_QUALITY)
    return target.getvalue()
