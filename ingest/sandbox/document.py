"""A document as the sandbox takes it: in memory alone, sealed, handed to each child as a read-only descriptor of its own."""

from __future__ import annotations

import fcntl
import os
from typing import Final, Self

__all__ = ["Document"]

_COPY: Final = 1 << 20


class Document:
    """The bytes of one document in an anonymous file of memory. Use it in a `with`, or close it."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.size = os.fstat(fd).st_size

    @classmethod
    def of(cls, source: bytes | int) -> Self:
        """From bytes, or from a descriptor that is read to its end (a pipe, say). Raises OSError if the machine has no memory left."""
        fd = os.memfd_create("document", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            if isinstance(source, bytes):
                _write_all(fd, source)
            else:
                while part := os.read(source, _COPY):
                    _write_all(fd, part)
            # What a child has been given can be changed by nobody, so that every child sees the same bytes.
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        except OSError:
            os.close(fd)
            raise
        return cls(fd)

    def open(self) -> int:
        """A new read-only descriptor with an offset of its own; the caller closes it."""
        return os.open(f"/proc/self/fd/{self._fd}", os.O_RDONLY | os.O_CLOEXEC)

    def close(self) -> None:
        """Give the memory back, once no child has it open."""
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _write_all(fd: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]
