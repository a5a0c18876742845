"""Landlock: a process shuts itself out of the files, ports and processes that are none of its business."""

from __future__ import annotations

import errno
import os
import struct
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path
from typing import Final

from storage.errors import PlaceExposed
from storage.walls.claims import Claim, claims
from storage.walls.kernel import PR_SET_NO_NEW_PRIVS, prctl, syscall

__all__ = ["Rights", "Shut", "ThreadsExist", "abi", "refuse_cover", "runtime_rules", "shut_in"]

# The same numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION: Final = 1
_PATH_BENEATH, _NET_PORT = 1, 2
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_SCOPE_ABSTRACT_SOCKET_AND_SIGNAL: Final = 1 << 0 | 1 << 1


class Rights(IntFlag):
    """What may be done at a path and below it; the bits are the kernel's own (linux/landlock.h).

    The last four are what rules are written with. READ_WRITE makes, replaces and removes files, folders and Unix sockets;
    it makes no device, pipe or symbolic link and executes nothing.
    """

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15

    READ = READ_FILE | READ_DIR
    READ_EXECUTE = READ | EXECUTE
    WRITE = READ_FILE | WRITE_FILE | TRUNCATE
    READ_WRITE = READ | WRITE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | REFER


_ON_A_FILE: Final = Rights.EXECUTE | Rights.WRITE_FILE | Rights.READ_FILE | Rights.TRUNCATE | Rights.IOCTL_DEV


@dataclass(frozen=True, slots=True)
class Shut:
    """What `shut_in` did: the ABI used (0: nothing, Landlock is absent) and what may be claimed of this very process."""

    abi: int
    claims: tuple[Claim, ...]


class ThreadsExist(RuntimeError):
    """`shut_in` came too late: Landlock binds the calling thread alone, so a thread started before would stay free."""


def abi() -> int:
    """The highest Landlock ABI of this kernel; 0 where it has none or it is switched off.

    Source: landlock_create_ruleset(2), LANDLOCK_CREATE_RULESET_VERSION.
    """
    try:
        return syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP):
            return 0
        raise


def shut_in(
    rules: Mapping[Path, Rights],
    *,
    connect_tcp: Iterable[int] | None,
    bind_tcp: Iterable[int] | None,
    scope: bool,
    at_most: int | None = None,
) -> Shut:
    """Leave this process, and all that it starts from now on, only what `rules` allow; it cannot be undone.

    rules: existing folders (with all below them) and files. They bind to inodes: a file that is replaced by rename needs its
        folder as the rule. At ABI 1 every rename from one folder into another is refused, whatever the rules say.
    connect_tcp, bind_tcp: the ports allowed; None leaves all open. scope: whether signals and abstract sockets stay inside.
    at_most: the highest ABI to use, by default all that the kernel has.
    It is to be called first of all, before any thread, and sets no_new_privs. Descriptors that are open already stay usable.
    Raises ThreadsExist, and OSError where a rule's path does not exist.
    Source: Linux Documentation/userspace-api/landlock.rst.
    """
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise ThreadsExist("shut_in is to be called before any other thread exists")
    used = abi() if at_most is None else min(abi(), at_most)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if used == 0:
        return Shut(0, ())
    held = _rights_known_at(used)
    ports = [(right, allowed) for right, allowed in ((_CONNECT_TCP, connect_tcp), (_BIND_TCP, bind_tcp)) if used >= 4 and allowed is not None]
    ruleset = _create_ruleset(used, held, sum(right for right, _ in ports), _SCOPE_ABSTRACT_SOCKET_AND_SIGNAL if scope else 0)
    try:
        for path, rights in rules.items():
            _allow_path(ruleset, path, rights & held)
        for right, allowed in ports:
            for port in allowed:
                syscall(_ADD_RULE, ruleset, _NET_PORT, struct.pack("=QQ", right, port), 0)
        syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    asked = {Claim.CANNOT_CONNECT: connect_tcp is not None, Claim.CANNOT_LISTEN: bind_tcp is not None, Claim.CANNOT_SIGNAL: scope}
    return Shut(used, tuple(claim for claim in claims(used) if asked.get(claim, True)))


def runtime_rules() -> dict[Path, Rights]:
    """What a Python process of Vankho needs of the system to import, resolve names and run; nothing of any instance.

    /dev as a whole is never among it (raw disks), nor /tmp (a home may lie there).
    """
    source = Path(__file__).resolve().parents[2]
    system = [Path(p) for p in ("/usr", "/lib", "/lib64", "/bin", "/etc", sys.prefix, sys.base_prefix)]
    rules = dict.fromkeys([*system, source], Rights.READ_EXECUTE)
    rules |= {Path("/proc"): Rights.READ, Path("/dev/urandom"): Rights.READ, Path("/dev/null"): Rights.WRITE}
    return {path: rights for path, rights in rules.items() if path.exists()}


def refuse_cover(rules: Mapping[Path, Rights], shut: Iterable[Path]) -> None:
    """See that no rule opens a path of `shut`: none may be that path or a folder above it, symbolic links followed.

    shut: the home, the KEK's file, and whatever else is to stay shut. Raises PlaceExposed, which names both.
    """
    for path in shut:
        place = path.resolve()
        for granted in rules:
            if place.is_relative_to(granted.resolve()):
                raise PlaceExposed(path=str(path), granted=str(granted))


def _rights_known_at(used: int) -> Rights:
    """All rights that exist at this ABI: each is denied outside the rules. REFER came with 2, TRUNCATE with 3, IOCTL_DEV with 5."""
    bits = 13 if used < 2 else 14 if used < 3 else 15 if used < 5 else 16
    return Rights((1 << bits) - 1)


def _create_ruleset(used: int, files: Rights, ports: int, scope: int) -> int:
    """A descriptor of a new ruleset. An older kernel refuses a longer structure than it knows: ABI 4 added ports, 6 the scope."""
    attributes = struct.pack("=QQQ", files, ports, scope)[: 8 if used < 4 else 16 if used < 6 else 24]
    return syscall(_CREATE_RULESET, attributes, len(attributes), 0)


def _allow_path(ruleset: int, path: Path, rights: Rights) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        allowed = rights if path.is_dir() else rights & _ON_A_FILE
        syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", allowed, descriptor), 0)
    finally:
        os.close(descriptor)
