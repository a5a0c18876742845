"""A zygote whose walls are the product's and whose only reader is that of plain text, so that it starts at once."""

from __future__ import annotations

import os
from collections.abc import Callable

from ingest.reading.pages import Inspection, Kind, PageText, Source
from ingest.reading.text import decode
from ingest.reading.wire import inspection_header, page_header
from ingest.sandbox.frames import Json
from ingest.sandbox.limits import Limits
from ingest.sandbox.zygote import run

Send = Callable[..., None]


def inspect(document: int, values: dict[str, Json], limits: Limits, send: Send) -> None:
    send(inspection_header(Inspection(Kind.TEXT, "text/plain", 1, None, (), (), None)))


def read(document: int, values: dict[str, Json], limits: Limits, send: Send) -> None:
    with os.fdopen(document, "rb") as file:
        text = decode(file.read())
    if text == "the reader of the light zygote dies of this":
        os.abort()
    send({"opened": True})
    send(page_header(PageText(1, text, (), Source.TEXT, None, 0, 0)))


if __name__ == "__main__":
    run({"inspect": inspect, "read": read}, lambda: None)
