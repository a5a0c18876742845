"""The walls around one document: namespaces, an empty root, limits, no rights, few system calls."""

from __future__ import annotations

import os
import resource
import struct
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Final

from ingest.sandbox.architecture import Architecture, architecture
from ingest.sandbox.seccomp import deny_system_calls
from storage.walls import landlock
from storage.walls.claims import Sentence
from storage.walls.kernel import PR_SET_NO_NEW_PRIVS, prctl, syscall

__all__ = ["Walls", "WallsRefused", "confine", "enter_namespaces", "limit_resources"]

_NEW_USER, _NEW_PID, _NEW_NET, _NEW_IPC, _NEW_UTS, _NEW_MOUNT = 0x10000000, 0x20000000, 0x40000000, 0x08000000, 0x04000000, 0x00020000
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_EXECUTION, _REMOUNT, _PRIVATE_ALL = 1, 2, 4, 8, 0x20, 0x44000
_DETACH: Final = 2
_DROP_FROM_BOUNDING_SET: Final = 24
_CAPABILITY_VERSION_3: Final = 0x20080522
_DESCRIPTORS: Final = 16


class Walls(Enum):
    """What stands around a document on this machine, strongest first; for `doctor` and the threat model."""

    FULL = Sentence(
        vi="Mỗi tài liệu được đọc trong một tiến trình riêng: không mạng, không tệp, không tiến trình khác, giới hạn bộ nhớ và thời gian.",
        en="Each document is read in a process of its own: no network, no files, no other processes, bounded memory and time.",
    )
    WITHOUT_NAMESPACES = Sentence(
        vi="Nhân Linux không cho tạo không gian tên (user namespace): tài liệu vẫn được đọc sau seccomp, Landlock và các giới hạn, "
        "nhưng không có thư mục gốc rỗng. Hãy bật kernel.unprivileged_userns_clone và gỡ hạn chế của AppArmor nếu có.",
        en="The kernel refuses user namespaces: documents are read behind seccomp, Landlock and limits, "
        "but without an empty root. Switch on kernel.unprivileged_userns_clone, and lift AppArmor's restriction if there is one.",
    )
    LIMITS_ONLY = Sentence(
        vi="Máy này không dựng được bức tường nào quanh việc đọc tài liệu ngoài giới hạn bộ nhớ và thời gian. Không nên nhận tài liệu mật ở đây.",
        en="This machine raises no wall around reading but limits of memory and time. Secret documents should not be taken in here.",
    )


class WallsRefused(OSError):
    """The kernel did not give one of the walls asked for."""


def enter_namespaces(walls: Walls) -> None:
    """Leave the machine's users, processes, network and files; the next child forked is the first process of the new world.

    To be called by a process with one thread that can be dumped (its uid_map is closed otherwise).
    Raises WallsRefused. Source: user_namespaces(7), pivot_root(2).
    """
    if walls is not Walls.FULL:
        return
    machine = _machine()
    user, group = os.geteuid(), os.getegid()
    try:
        syscall(machine.calls["unshare"], _NEW_USER | _NEW_PID | _NEW_NET | _NEW_IPC | _NEW_UTS | _NEW_MOUNT)
        for name, content in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path("/proc/self", name).write_text(content)
        _enter_empty_root(machine)
    except OSError as error:
        raise WallsRefused(error.errno, "namespaces") from error


def limit_resources(memory: int, cpu_seconds: int) -> None:
    """Bound address space (bytes) and CPU; no file, no core, no process may be made. Source: setrlimit(2).

    Hard and soft limit are the same, so that the end is SIGKILL and not a signal that a first process ignores.
    """
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_NOFILE, _DESCRIPTORS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),  # means nothing to root, whom seccomp stops
    ):
        resource.setrlimit(what, (most, most))


def confine(walls: Walls) -> None:
    """Give up all rights and most system calls; the last thing before a document is touched. Raises WallsRefused."""
    try:
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        if walls is Walls.LIMITS_ONLY:
            return
        if walls is Walls.FULL:
            _drop_capabilities(_machine())
        else:
            landlock.shut_in({}, connect_tcp=(), bind_tcp=(), scope=True)
        deny_system_calls(_machine())
    except OSError as error:
        raise WallsRefused(error.errno, "rights and system calls") from error


def _machine() -> Architecture:
    machine = architecture()
    if machine is None:
        raise WallsRefused(0, "no table of system calls for this architecture")
    return machine


def _enter_empty_root(machine: Architecture) -> None:
    """A root of nothing: even the models are loaded before, so there is no file that a document's reader needs."""
    call = machine.calls
    syscall(call["mount"], b"none", b"/", None, _PRIVATE_ALL, None)
    syscall(call["mount"], b"none", b"/tmp", b"tmpfs", _NO_SUID | _NO_DEVICES | _NO_EXECUTION, b"size=4k,nr_inodes=2,mode=500")
    os.chdir("/tmp")  # noqa: S108
    # New and old root stacked on one place: pivot_root(2), "pivot_root(".", ".")".
    syscall(call["pivot_root"], b".", b".")
    syscall(call["umount2"], b".", _DETACH)
    os.chdir("/")
    syscall(call["mount"], b"none", b"/", None, _REMOUNT | _READ_ONLY | _NO_SUID | _NO_DEVICES | _NO_EXECUTION, None)


def _drop_capabilities(machine: Architecture) -> None:
    with suppress(OSError):  # the first number that this kernel does not know
        for capability in range(64):
            prctl(_DROP_FROM_BOUNDING_SET, capability)
    syscall(machine.calls["capset"], struct.pack("Ii", _CAPABILITY_VERSION_3, 0), bytes(24))
