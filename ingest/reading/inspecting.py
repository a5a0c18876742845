"""What a document is and whether it is taken: type, structure, number of pages, active content, and the access copy if one is needed."""

from __future__ import annotations

import mmap
from typing import BinaryIO, Final

from ingest.reading import identify, sanitise
from ingest.reading.identify import is_mismatch, is_polyglot
from ingest.reading.images import DamagedImage, HugeImage, count_frames, open_image
from ingest.reading.pages import Inspection, Kind, PageText, Source
from ingest.reading.pdfium import Cannot, PdfFile
from ingest.reading.text import NotText, decode, pages_of_text
from ingest.reasons import Reason
from ingest.sandbox.limits import Limits

__all__ = ["Opened", "inspect", "kind_of"]

_TEXT_NAME: Final = ".txt"


class Opened:
    """A document in two forms: `stream`, with the descriptor's own offset, and `content`, the whole of it mapped privately."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY)


def kind_of(media_type: str, name: str) -> Kind | None:
    """The type as which a document is read. A `.txt` that happens to begin like a program or a letter is a text all the same."""
    if media_type in set(Kind):
        return Kind(media_type)
    return Kind.TEXT if media_type.startswith("text/") and name.lower().endswith(_TEXT_NAME) else None


def inspect(document: Opened, name: str, password: str | None, limits: Limits, copy: BinaryIO) -> Inspection:
    """The findings; `access` is empty bytes where a copy was written to `copy`, None where none is needed."""
    media_type = identify.media_type(document.content)
    kind = kind_of(media_type, name)
    if kind is None:
        return Inspection(None, media_type, 0, Reason.UNKNOWN_TYPE, (), (), None)
    warnings = (Reason.TYPE_MISMATCH,) if is_mismatch(kind, name) else ()
    if is_polyglot(kind, document.content):
        return Inspection(kind, media_type, 0, Reason.POLYGLOT, warnings, (), None)
    match kind:
        case Kind.PDF:
            return _inspect_pdf(document, media_type, warnings, password, limits, copy)
        case Kind.TEXT:
            return _inspect_text(document, media_type, warnings, limits)
        case _:
            return _inspect_image(document, kind, media_type, warnings, limits)


def _inspect_pdf(
    document: Opened, media_type: str, warnings: tuple[Reason, ...], password: str | None, limits: Limits, copy: BinaryIO
) -> Inspection:
    try:
        with sanitise.open_pdf(document.stream, password) as pdf:
            found = sanitise.sanitise(pdf, limits)
            is_read = _pdfium_agrees(document, password, found.page_count)
            is_repaired = found.is_repaired or not (is_read or pdf.is_encrypted)  # PDFium knows fewer ciphers than qpdf
            needs_copy = is_repaired or not is_read or bool(found.active) or bool(password and pdf.is_encrypted)
            if needs_copy:
                sanitise.write_copy(pdf, copy)
    except sanitise.Refused as refused:
        return Inspection(Kind.PDF, media_type, 0, refused.reason, warnings, (), None)
    warnings += (Reason.REPAIRED,) if is_repaired else ()
    return Inspection(Kind.PDF, media_type, found.page_count, None, warnings, found.active, b"" if needs_copy else None)


def _pdfium_agrees(document: Opened, password: str | None, page_count: int) -> bool:
    """Whether PDFium, which reads and shows the pages, finds the document as qpdf does; if not, it gets qpdf's copy."""
    try:
        return len(PdfFile(document.content, password)) == page_count
    except Cannot:
        return False


def _inspect_text(document: Opened, media_type: str, warnings: tuple[Reason, ...], limits: Limits) -> Inspection:
    try:
        texts = list(pages_of_text(decode(document.content[:]), limits.page_of_text))
    except NotText:
        return Inspection(None, media_type, 0, Reason.UNKNOWN_TYPE, warnings, (), None)
    if len(texts) > limits.pages:
        return Inspection(Kind.TEXT, media_type, 0, Reason.TOO_MANY_PAGES, warnings, (), None)
    is_short = len(texts) <= limits.short_text
    pages = tuple(PageText(number, text, (), Source.TEXT, None, 0, 0) for number, text in enumerate(texts, 1) if is_short)
    return Inspection(Kind.TEXT, media_type, len(texts), None, warnings, (), None, pages)


def _inspect_image(document: Opened, kind: Kind, media_type: str, warnings: tuple[Reason, ...], limits: Limits) -> Inspection:
    page_count, reason = 0, None
    try:
        with open_image(document.stream, kind, limits) as image:
            page_count = count_frames(image, limits)
    except HugeImage:
        reason = Reason.LIMIT
    except DamagedImage:
        reason = Reason.DAMAGED
    if page_count > limits.pages:
        page_count, reason = 0, Reason.TOO_MANY_PAGES
    return Inspection(kind, media_type, page_count, reason, warnings, (), None)
