"""An audit bundle out of the tar that the archive sends: nothing but the files that a bundle has, and all of them or an error."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from storage.audit.bundle import KEYS
from storage.audit.log import CHECKPOINT
from storage.audit.tiles import is_name
from storage.errors import AnswerCut

__all__ = ["unpack"]


def unpack(parts: Iterator[bytes], folder: Path) -> None:
    """Write the files of a bundle into `folder`, which exists and is empty.

    parts: the tar as it comes. Raises AnswerCut if it is not whole or holds anything else: whoever sends it is not believed about paths.
    """
    last = None
    try:
        with tarfile.open(fileobj=cast(IO[bytes], _Stream(parts)), mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or not (member.name in (KEYS, CHECKPOINT) or is_name(member.name)):
                    raise AnswerCut
                path = folder / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as file:
                    shutil.copyfileobj(content, file)
                last = member.name
    except (tarfile.TarError, FileExistsError):
        raise AnswerCut from None
    if last != CHECKPOINT:  # it is sent last
        raise AnswerCut


class _Stream:
    """The parts of an answer as a file that tarfile reads from."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, fewer only at the end."""
        while len(self._rest) < size and (part := next(self._parts, b"")):
            self._rest += part
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken
