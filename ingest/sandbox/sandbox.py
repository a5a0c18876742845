"""Documents read behind walls: what is asked here is done by a child that holds nothing and is gone afterwards."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Self

from ingest.reading.pages import Inspection, PageText, Source
from ingest.reading.wire import RGB, failure_of, inspection_of, page_of, size_of
from ingest.reasons import Reason
from ingest.sandbox.document import Document
from ingest.sandbox.frames import Broken
from ingest.sandbox.limits import Limits
from ingest.sandbox.parent import Died, Zygote
from ingest.sandbox.walls import Walls

__all__ = ["Picture", "ReadingFailed", "Sandbox"]


class ReadingFailed(Exception):
    """The document as a whole cannot be read. reason: as `Reason` says."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as it looks: its pixels, RGB, line after line from the top."""

    width: int
    height: int
    pixels: bytes


class Sandbox:
    """Inspects, reads and pictures documents, each in a child of its own. Threads may use one at the same time.

    The main thread starts it, and starts it again after the zygote died, which the next call does by itself;
    from another thread such a call raises `storage.walls.children.NotMainThread`, and is to be made again after `start`.
    """

    def __init__(self, limits: Limits | None = None, entry: Sequence[str] | None = None) -> None:
        self._limits = limits or Limits()
        self._zygote = Zygote(self._limits) if entry is None else Zygote(self._limits, entry)

    def start(self) -> None:
        """Start the zygote unless it runs: about a second. Raises SandboxUnreachable."""
        self._zygote.start()

    def close(self) -> None:
        """End the zygote and all children."""
        self._zygote.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def walls(self) -> Walls:
        """What stands around each document on this machine, once started."""
        return self._zygote.walls

    @property
    def zygote_pid(self) -> int | None:
        """The zygote's process id; None when it does not run."""
        return self._zygote.pid

    def inspect(self, document: Document, name_hint: str, password: str | None = None) -> Inspection:
        """What the document is, and why it is not taken if it is not. name_hint: its file name, of which the extension counts.

        Whatever becomes of the child is in `reason`. Raises SandboxUnreachable.
        """
        if document.size == 0:
            return _refused(Reason.EMPTY)
        if document.size > self._limits.document:
            return _refused(Reason.TOO_LARGE)
        copy, pages = bytearray(), list[PageText]()
        try:
            for frame in self._zygote.ask("inspect", {"name": name_hint, "password": password}, document):
                if reason := failure_of(frame.header):
                    return _refused(reason)
                if "page" in frame.header:
                    pages.append(page_of(frame.header, len(pages) + 1, self._limits))
                elif "copy" in frame.header:
                    copy += frame.body
                else:
                    return inspection_of(frame.header, bytes(copy), tuple(pages), self._limits)
                if len(copy) > self._limits.document + document.size or len(pages) > self._limits.short_text:
                    return _refused(Reason.LIMIT)
        except Died as died:
            return _refused(died.reason)
        except Broken:
            return _refused(Reason.CRASHED)
        return _refused(Reason.CRASHED)

    def read_pages(self, document: Document, first: int, last: int, password: str | None = None) -> Generator[PageText, None, None]:
        """Pages `first` to `last`, from 1, each as soon as it is read; document: the access copy where `inspect` made one.

        A page whose child died or that cannot be read comes with its reason, and the next child goes on behind it; after
        `Limits.dead_pages` of those in a row the rest comes with the last one's reason unread.
        Raises ReadingFailed if the document cannot even be opened, and SandboxUnreachable.
        """
        number, dead = first, 0
        while number <= last:
            opened, reason = False, Reason.CRASHED
            try:
                for frame in self._zygote.ask("read", {"first": number, "last": last, "password": password}, document):
                    if failed := failure_of(frame.header):
                        reason = failed
                        break
                    if not opened:
                        opened = True
                        continue
                    yield page_of(frame.header, number, self._limits)
                    number, dead = number + 1, 0
                else:
                    return  # the document ends before `last`
            except Died as died:
                reason = died.reason
            except Broken:
                reason = Reason.CRASHED
            if not opened:
                raise ReadingFailed(reason)
            dead += 1
            for lost in range(number, last + 1 if dead >= self._limits.dead_pages else number + 1):
                yield PageText(lost, "", (), Source.NONE, None, 0, 0, reason)
                number = lost + 1

    def picture(self, document: Document, number: int) -> Picture | None:
        """Page `number`, from 1, as it looks; None where there is no such page, or no picture of it because the document is a text.

        document: the access copy where `inspect` made one. Raises ReadingFailed if the page cannot be shown, and SandboxUnreachable.
        """
        pixels = bytearray()
        try:
            for frame in self._zygote.ask("picture", {"page": number}, document):
                if reason := failure_of(frame.header):
                    raise ReadingFailed(reason)
                if "pixels" not in frame.header:
                    return Picture(*size_of(frame.header, len(pixels), self._limits), bytes(pixels))
                pixels += frame.body
                if len(pixels) > RGB * self._limits.shown_pixels:
                    raise Broken("pixels")
        except Died as died:
            raise ReadingFailed(died.reason) from died
        except Broken as broken:
            raise ReadingFailed(Reason.CRASHED) from broken
        return None


def _refused(reason: Reason) -> Inspection:
    return Inspection(None, "application/octet-stream", 0, reason, (), (), None)
