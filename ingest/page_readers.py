"""Pages read by several children at once: never more of them than the machine has cores, however many documents are in hand."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from itertools import pairwise
from typing import Final

from ingest.reading.pages import PageText
from ingest.sandbox.document import Document
from ingest.sandbox.sandbox import Sandbox

__all__ = ["PageReaders", "share_of"]

_MOST: Final = 8


def share_of(workers: int = 1) -> int:
    """How many of the processors that this process may use are taken by each of so many workers: at least one, and no more than eight."""
    return max(1, min(-(-len(os.sched_getaffinity(0)) // workers), _MOST))


class PageReaders:
    """One queue for the pages of all documents, served in the order of asking, so that a long document delays no short one for long.

    most: children that read at the same time; by default as many as there are processors.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most or share_of()
        self._pool = ThreadPoolExecutor(self._most, "reader")

    def read(
        self, sandbox: Sandbox, document: Document, pages: range, password: str | None = None, between: Callable[[], None] = lambda: None
    ) -> list[PageText]:
        """The pages, in their order; fewer where the document ends before them. pages: from 1, without gaps, at least one.

        between: called after each page, in the thread that reads it; what it raises ends the reading of all of them.
        Raises as `Sandbox.read_pages` and `between` do, and only when no child has the document any more.
        """
        given_up = threading.Event()

        def read_part(part: range) -> list[PageText]:
            found: list[PageText] = []
            with closing(sandbox.read_pages(document, part[0], part[-1], password)) as reading:
                for page in reading:
                    found.append(page)
                    between()
                    if given_up.is_set():
                        break
            return found

        parts = [self._pool.submit(read_part, part) for part in _shares(pages, self._most)]
        try:
            return [page for part in parts for page in part.result()]
        finally:
            given_up.set()
            wait([part for part in parts if not part.cancel()])


def _shares(pages: range, most: int) -> list[range]:
    """Contiguous parts of about one length. A page alone is not worth a child of its own beside others."""
    count = max(1, min(most, len(pages) // 2))
    bounds = [len(pages) * number // count for number in range(count + 1)]
    return [pages[start:end] for start, end in pairwise(bounds)]
