"""Small files that are either whole and on the disk, or not there: temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from storage.errors import TargetExists

__all__ = ["make_folder", "replace", "sync_folder", "write_new"]


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: after a rename, before saying that it happened."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make `folder` (0700) durably, if it is not there."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)


def write_new(path: Path, content: bytes | bytearray | memoryview, mode: int = 0o600) -> None:
    """Write a file that is not there yet; durable when this returns.

    Raises TargetExists if the name is taken, and then changes nothing.
    """
    draft = _draft(path, content, mode)
    try:
        os.link(draft, path)  # fails where the name is taken, unlike rename
    except FileExistsError:
        raise TargetExists(path=path.name) from None
    finally:
        draft.unlink()
    sync_folder(path.parent)


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Put `content` in the place of the file, whole: a reader sees the old or the new; durable when this returns."""
    draft = _draft(path, content, mode)
    try:
        draft.rename(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _draft(path: Path, content: bytes | bytearray | memoryview, mode: int) -> Path:
    # In the same folder: a rename across folders is forbidden under the first Landlock ABI.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    return draft
