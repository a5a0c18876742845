"""The few Linux calls that Python 3.11 does not offer, typed; each raises OSError as Python's own do."""

from __future__ import annotations

import ctypes
import os
from typing import Final

__all__ = [
    "PR_GET_DUMPABLE",
    "PR_SET_DUMPABLE",
    "PR_SET_NO_NEW_PRIVS",
    "PR_SET_PDEATHSIG",
    "lock_memory",
    "prctl",
    "syscall",
]

PR_SET_PDEATHSIG: Final = 1
PR_GET_DUMPABLE: Final = 3
PR_SET_DUMPABLE: Final = 4
PR_SET_NO_NEW_PRIVS: Final = 38

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.mlock.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


def syscall(number: int, *arguments: int | bytes | None) -> int:
    """Call the kernel directly, for what the C library has no name for; bytes go as the address of their first byte.

    Source: syscall(2).
    """
    return _checked(_libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments)))


def prctl(option: int, argument: int = 0) -> int:
    """An operation on the calling process or thread. The last three arguments are zero, as prctl(2) wants for all of the above."""
    return _checked(_libc.prctl(option, ctypes.c_ulong(argument), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)))


def lock_memory(address: int, size: int) -> None:
    """Keep `size` bytes from `address` out of swap. Raises OSError beyond RLIMIT_MEMLOCK. Source: mlock(2)."""
    _checked(_libc.mlock(address, size))


def _checked(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
