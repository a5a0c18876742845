"""A file of a hot folder as a deposit: the same state of it gives the same request, across every restart."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from ingest.hot_folder.folder import Found, HotFolder
from ingest.hot_folder.readiness import Sighting
from ingest.reasons import Reason
from search_api.cli.depositing import Depositor, Line
from search_api.cli.inputs import OpenInput, SourceFailed
from storage.errors import RequestKeyReused, VankhoError

__all__ = ["HotFile", "deposited"]


@dataclass(frozen=True, slots=True)
class HotFile:
    """A file as it was found. shown: its path below the watched folder, as text."""

    folder: HotFolder
    found: Found
    shown: str

    @property
    def name(self) -> bytes:
        """The file name, as the disk has it."""
        return os.fsencode(self.found.path.name)

    def request_key(self, content: str = "") -> str:
        """The Idempotency-Key of this state of the file: whoever is killed and starts again asks for the same receipt."""
        seen = self.found.sighting
        told = (os.fsencode(self.found.path), str(seen.size).encode(), str(seen.modified).encode(), str(seen.changed).encode(), content.encode())
        return f"watch-{hashlib.sha256(bytes(1).join(told)).hexdigest()}"

    @contextmanager
    def opened(self) -> Iterator[OpenInput]:
        """The file, to be read once. Raises SourceFailed where it is gone, is not to be read, or is not as it was found."""
        with ExitStack() as stack:
            try:
                descriptor = stack.enter_context(self.folder.opened(self.found.path))
            except FileNotFoundError:
                raise SourceFailed(Reason.SOURCE_MISSING) from None
            except OSError:
                raise SourceFailed(Reason.SOURCE_UNREADABLE) from None
            yield _Opened(descriptor, self.found.sighting)


class _Opened(OpenInput):
    def __init__(self, descriptor: int, sighting: Sighting) -> None:
        super().__init__(descriptor)
        self._file, self._sighting = descriptor, sighting

    def pieces(self) -> Iterator[bytes]:
        """The content. It is compared with what was found before the last byte of the request is sent, so that nothing half written is taken."""
        yield from super().pieces()
        if Sighting.of(os.fstat(self._file)) != self._sighting:
            raise SourceFailed(Reason.SOURCE_CHANGED)


def deposited(depositor: Depositor, file: HotFile) -> Line:
    """What the archive says of a file. Raises what `Depositor.send` raises."""
    try:
        return depositor.send(file, file.request_key())
    except VankhoError as error:
        if error.code != RequestKeyReused.code:
            raise
    # Another file once had this name, size and times, to the last digit that the disk keeps: here the content tells them apart.
    with file.opened() as opened:
        for _ in opened.pieces():
            pass
        content = opened.sha256
    return depositor.send(file, file.request_key(content))
