"""Sockets that listen at a port: what is written to their connections leaves at once, and a port that is taken is named."""

from __future__ import annotations

import socket

import pytest

from storage.errors import FileUnusable
from storage.walls.sockets import listen


def test_what_is_written_to_a_connection_is_not_kept_back_for_more() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken_is_refused_by_its_name() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(FileUnusable) as refused:
            listen("127.0.0.1", port)
    assert refused.value.facts["path"] == f"127.0.0.1:{port}"
