"""TLS as gate and worker hosts speak it: version 1.3 alone, each side with a certificate of the instance's authority, and nothing resumed."""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import ExitStack, suppress
from typing import Final

from storage.gate.carrying import Line

__all__ = ["CONNECT_PATIENCE", "client_context", "keep_alive", "server_context", "show"]

CONNECT_PATIENCE: Final = 10.0
"""Seconds for a connection to be made, for TLS to be agreed on, and for the gate's word whether the host is admitted: each."""


def server_context(authority: str, certificate: str, key: bytes) -> ssl.SSLContext:
    """The gate's side. authority, certificate: PEM. key: PKCS #8, PEM. Whoever shows no certificate of the authority's is not spoken to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0  # a session that is resumed would be of a host that may be shut out by then
    return _shared(context, authority, certificate, key)


def client_context(authority: str, certificate: str, key: bytes) -> ssl.SSLContext:
    """The worker host's side."""
    return _shared(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), authority, certificate, key)


def show(context: ssl.SSLContext, certificate: str, key: bytes) -> None:
    """Have connections from now on show this certificate. Raises ssl.SSLError where the key is not its own.

    Python takes both from files alone: they lie in memory that has no name, which no other process can open.
    """
    with ExitStack() as stack:
        descriptor = os.memfd_create("tls", os.MFD_CLOEXEC)
        stack.callback(os.close, descriptor)
        os.write(descriptor, key + certificate.encode("ascii"))
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")


def keep_alive(line: Line) -> None:
    """Have the kernel notice within half a minute that the other machine is gone."""
    connection = line.writer.get_extra_info("socket")
    if connection is None:  # it has ended meanwhile, which whoever reads from it next is told
        return
    with suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in ((socket.TCP_KEEPIDLE, 10), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3), (socket.TCP_USER_TIMEOUT, 20_000)):
            connection.setsockopt(socket.IPPROTO_TCP, option, value)


def _shared(context: ssl.SSLContext, authority: str, certificate: str, key: bytes) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(cadata=authority)
    show(context, certificate, key)
    return context
