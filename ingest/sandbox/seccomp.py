"""The system calls that a walled child may no longer make, as a filter in the kernel's packet language."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from typing import Final

from ingest.sandbox.architecture import Architecture
from storage.walls.kernel import PR_SET_NO_NEW_PRIVS, prctl, syscall

__all__ = ["deny_system_calls"]

_LOAD, _EQUAL, _GREATER_OR_EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data; the low half of an argument comes first on both
_SET_MODE_FILTER: Final = 1
_CLONE_THREAD: Final = 0x00010000
_FIRST_YOUNG_CALL: Final = 424
"""From here on all architectures number alike: pidfd_send_signal, io_uring, the new mount calls, clone3, openat2, Landlock..."""
_LOOKED_INTO: Final = frozenset({"clone", "tgkill"})


def deny_system_calls(architecture: Architecture) -> None:
    """Leave this process what computing needs: memory, reading and writing of open descriptors, threads, its own end.

    Refused with EPERM: sockets, opening or changing anything by name, other programs and processes, signals to others, debugging,
    mounting, namespaces, keys, modules, shared memory. Calls younger than Linux 5.1 do not exist (ENOSYS), so that glibc falls
    back from clone3 to clone, of which threads alone are allowed. Calls of a foreign architecture end the process.
    It cannot be undone, and sets no_new_privs. Source: seccomp(2), linux/filter.h.
    """
    program = _program(architecture, os.getpid())
    buffer = ctypes.create_string_buffer(program, len(program))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    syscall(architecture.calls["seccomp"], _SET_MODE_FILTER, 0, struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer)))


def _program(architecture: Architecture, own_pid: int) -> bytes:
    calls = architecture.calls
    deny = _ERRNO | errno.EPERM
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if architecture.x32:
        steps += [(_GREATER_OR_EQUAL, 0, 1, architecture.x32), (_RETURN, 0, 0, deny)]
    steps += [(_GREATER_OR_EQUAL, 0, 1, _FIRST_YOUNG_CALL), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    for name in sorted(calls.keys() - _LOOKED_INTO):
        steps += [(_EQUAL, 0, 1, calls[name]), (_RETURN, 0, 0, deny)]
    steps += [
        (_EQUAL, 0, 4, calls["clone"]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_ANY_BIT, 0, 1, _CLONE_THREAD),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, deny),
        (_EQUAL, 0, 3, calls["tgkill"]),  # abort(3) signals its own process
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_EQUAL, 1, 0, own_pid),
        (_RETURN, 0, 0, deny),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
