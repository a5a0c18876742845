"""Renaming that never replaces, within folders that are held open."""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Final

__all__ = ["rename_after_look", "rename_new"]

_NOREPLACE: Final = 1
_NOT_OFFERED: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})

_libc = ctypes.CDLL(None, use_errno=True)
_libc.renameat2.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]


def rename_new(source: int, old: str, target: int, new: str) -> None:
    """Rename `old` in the folder `source` to `new` in the folder `target`. Raises FileExistsError where the name is taken.

    Not link and unlink: a crash between the two would leave one file in both places. Source: rename(2), renameat2.
    """
    if _libc.renameat2(source, os.fsencode(old), target, os.fsencode(new), _NOREPLACE) == 0:
        return
    number = ctypes.get_errno()
    if number not in _NOT_OFFERED:
        raise OSError(number, os.strerror(number))
    rename_after_look(source, old, target, new)


def rename_after_look(source: int, old: str, target: int, new: str) -> None:
    """The same in two steps, for network shares that do not offer it in one: there nobody but we give names in the target."""
    try:
        os.lstat(new, dir_fd=target)
    except FileNotFoundError:
        os.rename(old, new, src_dir_fd=source, dst_dir_fd=target)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
