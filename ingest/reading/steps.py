"""What a walled child does: `inspect` a document, `read` a range of its pages, `picture` one. All that it needs is loaded before it is forked."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Final

from PIL.Image import Image

from ingest.reading import images, inspecting, sanitise
from ingest.reading.digits import STRIP_HEIGHT, DigitReader
from ingest.reading.identify import media_type
from ingest.reading.images import DamagedImage, HugeImage, open_image, read_frame
from ingest.reading.inspecting import Opened, kind_of
from ingest.reading.pages import Kind, PageText, Source
from ingest.reading.pdf_pages import TooManyPixels, read_pdf_page
from ingest.reading.pdfium import Cannot, PdfFile
from ingest.reading.picturing import picture_of
from ingest.reading.tesseract import Reader
from ingest.reading.text import NotText, decode, pages_of_text
from ingest.reading.wire import failure, inspection_header, page_header
from ingest.reasons import Reason
from ingest.sandbox.frames import BODY_MOST, Json
from ingest.sandbox.limits import Limits
from ingest.sandbox.zygote import Send, Step

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["STEPS", "warm"]


_readers: list[tuple[Reader, DigitReader]] = []
"""The two that `warm` loads, before the fork."""


def warm() -> None:
    """Load what the steps need, and run them once over a page of our own: a library's late import would fail inside the walls."""
    images.warm()
    _readers[:] = [(Reader(), DigitReader())]
    with TemporaryFile() as own:
        sanitise.write_example(own)
        own.flush()
        steps: tuple[tuple[Step, dict[str, Json]], ...] = (
            (inspect, {"name": "", "password": None}),
            (read, {"first": 1, "last": 1, "password": None}),
            (picture, {"page": 1}),
        )
        for step, values in steps:
            step(os.dup(own.fileno()), values, Limits(), lambda *_: None)
    print_reader, digit_reader = _readers[0]
    print_reader.read(bytes([255]) * 64 * 64, 64, 64, 64, 300.0)
    digit_reader.read(bytes(STRIP_HEIGHT * 8), 8)
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "latin-1", "ascii"):
        "".encode(encoding)


def inspect(document: int, values: dict[str, Json], limits: Limits, send: Send) -> None:
    """Values: `name`, `password`. Sends the access copy, if one is made, as bodies, a short text's pages, and last a header with the findings."""
    sanitise.set_limits(limits)
    with os.fdopen(document, "rb") as stream:
        copy = _Bodies(send)
        found = inspecting.inspect(Opened(stream), str(values["name"]), _password(values), limits, copy)
        copy.flush()
        for page in found.pages:
            send(page_header(page))
        send(inspection_header(found))


def read(document: int, values: dict[str, Json], limits: Limits, send: Send) -> None:
    """Values: `first`, `last`, `password`. Sends a header when the document is open, then one a page."""
    first, last = values["first"], values["last"]
    if not isinstance(first, int) or not isinstance(last, int):
        raise TypeError("first and last are numbers of pages")
    with os.fdopen(document, "rb") as stream, _failures_sent(send):
        for page in _pages(Opened(stream), first, last, _password(values), limits):
            send(page_header(page) if page else {"opened": True})


def picture(document: int, values: dict[str, Json], limits: Limits, send: Send) -> None:
    """Values: `page`. Sends the page's pixels as bodies, and last a header with its size; nothing where there is no picture of it."""
    number = values["page"]
    if not isinstance(number, int):
        raise TypeError("page is the number of one")
    with os.fdopen(document, "rb") as stream, _failures_sent(send):
        shown = picture_of(Opened(stream), number, limits)
        if shown is not None:
            pixels = memoryview(shown.tobytes())
            for start in range(0, len(pixels), BODY_MOST):
                send({"pixels": True}, pixels[start : start + BODY_MOST])
            send({"width": shown.width, "height": shown.height})


STEPS: Final[Mapping[str, Step]] = {"inspect": inspect, "read": read, "picture": picture}


@contextmanager
def _failures_sent(send: Send) -> Iterator[None]:
    try:
        yield
    except Cannot as error:
        send(failure(Reason.NEEDS_PASSWORD if error.needs_password else Reason.DAMAGED))
    except DamagedImage:
        send(failure(Reason.DAMAGED))
    except (HugeImage, TooManyPixels):
        send(failure(Reason.LIMIT))
    except NotText:
        send(failure(Reason.UNKNOWN_TYPE))


def _pages(document: Opened, first: int, last: int, password: str | None, limits: Limits) -> Iterator[PageText | None]:
    """None once the document is open, then the pages. What cannot be read of them is said in `reason`."""
    kind = kind_of(media_type(document.content), ".txt")
    match kind:
        case Kind.PDF:
            pdf = PdfFile(document.content, password)
            yield None
            for number in range(first, min(last, len(pdf)) + 1):
                yield _pdf_page(pdf, number, limits)
        case Kind.TEXT:
            texts = pages_of_text(decode(document.content[:]), limits.page_of_text)
            yield None
            for number, text in enumerate(texts, 1):
                if first <= number <= last:
                    yield PageText(number, text, (), Source.TEXT, None, 0, 0)
        case Kind.TIFF | Kind.JPEG | Kind.PNG:
            with open_image(document.stream, kind, limits) as image:
                yield None
                for number in range(first, last + 1):
                    yield _frame(image, number, limits)
        case None:
            raise NotText


def _pdf_page(pdf: PdfFile, number: int, limits: Limits) -> PageText:
    try:
        return read_pdf_page(pdf.page(number), number, *_readers[0], limits)
    except Cannot:
        return _unread(number, Reason.DAMAGED)
    except TooManyPixels:
        return _unread(number, Reason.LIMIT)


def _frame(image: Image, number: int, limits: Limits) -> PageText:
    try:
        return read_frame(image, number, *_readers[0], limits)
    except DamagedImage:
        return _unread(number, Reason.DAMAGED)
    except HugeImage:
        return _unread(number, Reason.LIMIT)


def _unread(number: int, reason: Reason) -> PageText:
    return PageText(number, "", (), Source.NONE, None, 0, 0, reason)


def _password(values: dict[str, Json]) -> str | None:
    password = values.get("password")
    return password if isinstance(password, str) else None


class _Bodies(io.BytesIO):
    """What is written goes out in bodies of frames, so that an access copy is never whole in the child's memory."""

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._send = send
        self._held = bytearray()

    def write(self, content: ReadableBuffer, /) -> int:
        """Take all of `content`."""
        part = bytes(memoryview(content))
        self._held += part
        while len(self._held) >= BODY_MOST:
            self._emit(BODY_MOST)
        return len(part)

    def flush(self) -> None:
        """Send what is still held."""
        if self._held:
            self._emit(len(self._held))

    def _emit(self, size: int) -> None:
        self._send({"copy": True}, bytes(self._held[:size]))
        del self._held[:size]
