"""Sockets at long paths, for the owner alone, taken over from the dead and never from the living; descriptors over them."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Barrier, Thread

import pytest

from storage.errors import Busy, TargetExists
from storage.walls.sockets import bind, connect, pair, peer_uid, recv_fd, send_fd


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A path of at least 180 bytes; a socket address holds 107."""
    folder = tmp_path / ("d" * 100) / ("e" * 100)
    folder.mkdir(parents=True)
    return folder / "keeper.sock"


def test_a_path_of_180_bytes_serves(place: Path) -> None:
    assert len(os.fsencode(place)) >= 180
    with pytest.raises(OSError, match="too long"), socket.socket(socket.AF_UNIX) as plain:
        plain.bind(str(place))

    with bind(place) as listener, connect(place) as client:
        server, _ = listener.accept()
        with server:
            client.sendall(b"?")
            assert server.recv(1) == b"?"
            assert peer_uid(server) == peer_uid(client) == os.getuid()


def test_only_the_owner_may_connect_whatever_the_umask(place: Path) -> None:
    before = os.umask(0)
    try:
        with bind(place):
            assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert os.umask(0) == 0
    finally:
        os.umask(before)


def test_a_socket_that_nobody_listens_on_is_replaced(place: Path) -> None:
    bind(place).close()
    assert place.is_socket()
    with pytest.raises(ConnectionRefusedError):
        connect(place)

    with bind(place):
        connect(place).close()


def test_a_living_socket_is_left_alone(place: Path) -> None:
    with bind(place) as listener:
        with pytest.raises(Busy):
            bind(place)

        listener.accept()[0].close()
        connect(place).close()
        listener.accept()[0].close()


def test_of_many_who_find_a_dead_socket_one_takes_it(place: Path) -> None:
    for _ in range(20):
        bind(place).close()
        ready = Barrier(4)
        taken: list[socket.socket] = []

        def take(ready: Barrier = ready, taken: list[socket.socket] = taken) -> None:
            ready.wait()
            with suppress(Busy):
                taken.append(bind(place))

        threads = [Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(taken) == 1
        connect(place).close()
        taken[0].close()


def test_one_who_is_behind_with_accepting_is_alive(place: Path) -> None:
    with bind(place):
        waiting = []
        try:
            while True:
                client = socket.socket(socket.AF_UNIX)
                waiting.append(client)
                client.setblocking(False)
                folder = os.open(place.parent, os.O_PATH)
                try:
                    client.connect(f"/proc/self/fd/{folder}/{place.name}")
                finally:
                    os.close(folder)
        except BlockingIOError:
            pass

        with pytest.raises(Busy):
            bind(place)
        for client in waiting:
            client.close()


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.symlink_to("elsewhere")], ids=["file", "folder", "link"])
def test_what_is_no_socket_is_never_removed(place: Path, make: Callable[[Path], None]) -> None:
    make(place)

    with pytest.raises(TargetExists):
        bind(place)

    assert os.path.lexists(place)


def test_nobody_there_is_told(place: Path) -> None:
    with pytest.raises(FileNotFoundError):
        connect(place)


def test_a_descriptor_arrives_open_and_is_not_inherited(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    here, there = pair()
    with here, there, (tmp_path / "file").open("rb") as source:
        send_fd(here, source.fileno())
        received = recv_fd(there)

    assert not os.get_inheritable(received)
    assert os.read(received, 10) == b"content"
    os.close(received)


def test_the_end_of_a_connection_is_no_descriptor() -> None:
    here, there = pair()
    with there:
        here.close()
        with pytest.raises(EOFError):
            recv_fd(there)


@pytest.mark.parametrize("count", [0, 2, 3])
def test_any_other_number_of_descriptors_is_refused_and_none_kept(count: int) -> None:
    here, there = pair()
    mine, theirs = os.pipe()
    with here, there, os.fdopen(mine, "rb", buffering=0) as end:
        os.set_blocking(mine, False)
        with os.fdopen(theirs, "wb"):
            socket.send_fds(here, [b"\0"], [theirs] * count) if count else here.send(b"\0")

        with pytest.raises(ConnectionError):
            recv_fd(there)

        assert end.read() == b"", "nobody holds the other end"
