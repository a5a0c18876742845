"""Files of the person who runs a command: read as they are, written whole or not at all, never over another."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from storage.durable import sync_folder
from storage.errors import FileUnusable, InvalidInput, StoreFull, TargetExists

__all__ = ["password_of", "source_of", "target_at"]


@contextmanager
def source_of(path: Path) -> Iterator[BinaryIO]:
    """The file at `path`, to be read. Raises FileUnusable."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise FileUnusable(path=str(path), why=os.strerror(error.errno or 0)) from error
    with file:
        yield file


@contextmanager
def target_at(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name whole, or not at all. Raises TargetExists, FileUnusable, StoreFull."""
    if path.exists():
        raise TargetExists(path=str(path))
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FileUnusable(path=str(path), why=os.strerror(error.errno or 0)) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        os.link(draft, path)
        sync_folder(path.parent)
    except FileExistsError:
        raise TargetExists(path=str(path)) from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull from error
        raise FileUnusable(path=str(path), why=os.strerror(error.errno or 0)) from error
    finally:
        draft.unlink(missing_ok=True)


def password_of(path: Path) -> str:
    """The first line of a password file. Raises FileUnusable, and InvalidInput for an empty one."""
    with source_of(path) as file:
        password = file.readline(4096).decode("utf-8", "replace").rstrip("\r\n")
    if not password:
        raise InvalidInput(what=f"{path} holds no password in its first line.")
    return password
