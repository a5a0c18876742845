"""A zygote whose walls are the product's and which reads plain text alone, so that it starts at once.

Of a PDF it counts the pages, and on each it reads which pages its child was asked for. One that acts by itself gets a copy that does not.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from ingest.reading.pages import Inspection, Kind, PageText, Source
from ingest.reading.text import decode
from ingest.reading.wire import inspection_header, page_header
from ingest.sandbox.frames import Json
from ingest.sandbox.limits import Limits
from ingest.sandbox.zygote import run

Send = Callable[..., None]

PAGE = re.compile(rb"/Type /Page\b")
ACTS = b"this acts by itself"
DIES_LATE = b"its reader dies behind page 16"
DIES_EARLY = b"its reader dies of each page up to 16"


def inspect(document: int, values: dict[str, Json], limits: Limits, send: Send) -> None:
    with os.fdopen(document, "rb") as file:
        content = file.read()
    if content.startswith(b"%PDF"):
        access = b"" if ACTS in content else None
        if access is not None:
            send({"copy": True}, content.replace(ACTS, b""))
        send(inspection_header(Inspection(Kind.PDF, "application/pdf", len(PAGE.findall(content)), None, (), (), access)))
    else:
        send(inspection_header(Inspection(Kind.TEXT, "text/plain", 1, None, (), (), None)))


def read(document: int, values: dict[str, Json], limits: Limits, send: Send) -> None:
    with os.fdopen(document, "rb") as file:
        content = file.read()
    if content.startswith(b"%PDF"):
        read_pdf(content, int(str(values["first"])), int(str(values["last"])), send)
        return
    text = decode(content)
    if text == "the reader of the light zygote dies of this":
        os.abort()
    send({"opened": True})
    send(page_header(PageText(1, text, (), Source.TEXT, None, 0, 0)))


def read_pdf(content: bytes, first: int, last: int, send: Send) -> None:
    if first > 16 and DIES_LATE in content:
        os.abort()
    send({"opened": True})
    for number in range(first, last + 1):
        if number <= 16 and DIES_EARLY in content:
            os.abort()
        send(page_header(PageText(number, f"asked {first} to {last}", (), Source.TEXT, None, 595, 842)))


if __name__ == "__main__":
    run({"inspect": inspect, "read": read}, lambda: None)
