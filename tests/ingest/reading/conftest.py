"""The sandbox, and documents made for one test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.reading.pages import Inspection, PageText
from ingest.sandbox.document import Document
from ingest.sandbox.sandbox import Sandbox

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The product's own, with its own limits."""
    with Sandbox() as started:
        yield started


Inspect = Callable[..., Inspection]
Read = Callable[..., list[PageText]]


@pytest.fixture
def inspect(sandbox: Sandbox) -> Inspect:
    """inspect(content, name, password=None)."""

    def ask(content: bytes, name: str, password: str | None = None) -> Inspection:
        with Document.of(content) as document:
            return sandbox.inspect(document, name, password)

    return ask


@pytest.fixture
def read(sandbox: Sandbox) -> Read:
    """read(content, first=1, last=1, password=None)."""

    def ask(content: bytes, first: int = 1, last: int = 1, password: str | None = None) -> list[PageText]:
        with Document.of(content) as document:
            return list(sandbox.read_pages(document, first, last, password))

    return ask
