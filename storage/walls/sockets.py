"""Sockets that listen: at a port, and at paths of any length for this account alone; and the passing of descriptors over the latter."""

from __future__ import annotations

import array
import fcntl
import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from storage.errors import Busy, FileUnusable, TargetExists

__all__ = ["bind", "connect", "listen", "pair", "peer_uid", "recv_fd", "send_fd"]

_OWNER_ONLY: Final = 0o600
_UCRED: Final = struct.Struct("=iII")  # pid, uid, gid


def bind(path: Path) -> socket.socket:
    """A socket that listens at `path`, mode 0600; what a killed process left there is replaced.

    Raises Busy if somebody listens there, TargetExists if it is anything but a socket.
    """
    with _folder_of(path) as (folder, name):
        fcntl.flock(folder, fcntl.LOCK_EX)  # two that find the same stale socket must not remove each other's new one
        _remove_stale(path, folder, name)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # Linux gives the file the mode of the socket's inode: no umask of the whole process is touched.
            os.fchmod(listener.fileno(), _OWNER_ONLY)
            listener.bind(name)
            listener.listen()
        except OSError:
            listener.close()
            raise
        return listener


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at a port, 0 for any that the kernel picks. Raises FileUnusable.

    What is written to its connections is sent at once: the kernel would otherwise keep the body of an answer back until the peer has acknowledged
    its head, for which the peer takes 40 ms. asyncio asks for that of connections whose protocol is named alone, which those of
    `socket.create_server` leave open. Source: tcp(7) TCP_NODELAY, which connections have from who listened; RFC 9293 section 3.7.4.
    """
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128)
    except OSError as error:
        raise FileUnusable(path=f"{host}:{port}", why=error.strerror or "?") from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def connect(path: Path) -> socket.socket:
    """A connection to who listens at `path`. Raises FileNotFoundError, and ConnectionRefusedError if nobody listens any more."""
    with _folder_of(path) as (_, name):
        return _connected(name)


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected sockets, for a parent and a child that is given the descriptor of one."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)


def peer_uid(sock: socket.socket) -> int:
    """The account of who connected, listened or made the pair at the other end, told by the kernel. Source: unix(7) SO_PEERCRED."""
    _, uid, _ = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return int(uid)


def send_fd(sock: socket.socket, fd: int) -> None:
    """Give the other end a duplicate of `fd`, with one byte that carries it; `fd` itself stays open. Source: unix(7) SCM_RIGHTS."""
    socket.send_fds(sock, [b"\0"], [fd])


def recv_fd(sock: socket.socket) -> int:
    """The descriptor that the other end sent with `send_fd`, not inherited by children.

    Raises EOFError if the connection ended, ConnectionError if anything but one descriptor came.
    """
    # Not socket.recv_fds, which drops its flags (Python 3.11): a child started meanwhile would inherit the descriptor.
    received = array.array("i")
    room_to_see_a_second = socket.CMSG_SPACE(2 * received.itemsize)
    data, ancillary, _, _ = sock.recvmsg(1, room_to_see_a_second, socket.MSG_CMSG_CLOEXEC)
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            received.frombytes(content[: len(content) - len(content) % received.itemsize])
    if len(received) == 1:
        return received[0]
    for fd in received:
        os.close(fd)
    if not data:
        raise EOFError("the connection ended before a descriptor came")
    raise ConnectionError("not exactly one descriptor came")


@contextmanager
def _folder_of(path: Path) -> Iterator[tuple[int, str]]:
    """A descriptor of the folder, and a name through it that fits the 107 bytes of a socket address however long `path` is."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield folder, f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _connected(name: str, *, waits: bool = True) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(waits)
        sock.connect(name)
    except OSError:
        sock.close()
        raise
    return sock


def _remove_stale(path: Path, folder: int, name: str) -> None:
    try:
        mode = os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):  # connecting to a plain file is refused as well, so that would not tell
        raise TargetExists(path=str(path))
    try:
        _connected(name, waits=False).close()
    except ConnectionRefusedError:
        os.unlink(path.name, dir_fd=folder)
        return
    except BlockingIOError as error:  # somebody listens, and is behind with accepting
        raise Busy from error
    raise Busy
