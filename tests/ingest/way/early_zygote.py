"""The light zygote of an earlier day: what the one of today reads right it reads wrong, a mark of secrecy among it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from light_zygote import Send, inspect

from ingest.reading.pages import PageText, Source
from ingest.reading.text import decode
from ingest.reading.wire import page_header
from ingest.sandbox.frames import Json
from ingest.sandbox.limits import Limits
from ingest.sandbox.zygote import run

MISREAD = {"TỐI MẬT": "T6l M@t", "năm 2019": "năm 2010", "phòng chống": "ph0ng ch6ng"}


def read(document: int, values: dict[str, Json], limits: Limits, send: Send) -> None:
    with os.fdopen(document, "rb") as file:
        text = decode(file.read())
    for right, wrong in MISREAD.items():
        text = text.replace(right, wrong)
    send({"opened": True})
    send(page_header(PageText(1, text, (), Source.TEXT, None, 0, 0)))


if __name__ == "__main__":
    run({"inspect": inspect, "read": read}, lambda: None)
