"""PostgreSQL for the tests: a server with checksums, TLS and passwords."""

from __future__ import annotations

import re
import secrets
import signal
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from storage.servers import Credential, Server
from tests.servers.processes import LocalServer, Process, free_port
from tests.servers.trust import Trust

__all__ = ["PostgresServer", "connection_string"]

_ACCESS = "hostssl all all 127.0.0.1/32 scram-sha-256\n"
_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = scram-sha-256
ssl = on
ssl_cert_file = '../server.crt'
ssl_key_file = '../server.key'
"""


class PostgresServer(LocalServer):
    """One server, whose user `admin` may do everything; it answers on TCP with TLS only."""

    stops_by = signal.SIGINT  # without waiting for its clients

    def __init__(self, trust: Trust) -> None:
        super().__init__("pg")
        self._trust = trust
        self._admin = Credential("admin", secrets.token_urlsafe(16))
        self._names = count(1)
        self.port = free_port()
        self._make()

    @property
    def data(self) -> Path:
        """The folder that holds its data."""
        return self.folder / "data"

    def server(self, database: str = "postgres", credential: Credential | None = None) -> Server:
        """Its address, asked by `credential`, or by `admin`."""
        return Server("postgresql", (("127.0.0.1", self.port),), database, self._trust.ca, credential=credential or self._admin)

    def new_database(self) -> Server:
        """An empty database, asked by the one who owns it: no superuser, but one who may make roles, as `vankho init` needs."""
        name = f"test_{next(self._names)}"
        owner = Credential(name, secrets.token_urlsafe(16))
        with psycopg.connect(connection_string(self.server()), autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}").format(sql.Identifier(name), owner.password))
            admin.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name)))
        return self.server(name, owner)

    def start(self) -> None:
        self.process = Process([_programs() / "postgres", "-D", self.data, "-p", str(self.port)], self.folder)
        self.process.wait_until(self._answers)

    def remove(self) -> None:
        """Stop it, and remove all that it kept."""
        self.stop()  # in order: killed, it would leave shared memory behind
        super().remove()

    def _make(self) -> None:
        folder = self.folder
        self._trust.certify(folder)
        password = folder / "password"
        password.write_text(self._admin.password, "ascii")
        self.hand_over(self.folder)
        user = ["-U", self._admin.user, f"--pwfile={password}", "--auth=scram-sha-256"]
        kind = ["-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-sync"]
        Process([_programs() / "initdb", "-D", self.data, *user, *kind], folder).wait()
        password.unlink()
        (self.data / "pg_hba.conf").write_text(_ACCESS, "ascii")
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)

    def _answers(self) -> bool:
        try:
            psycopg.connect(connection_string(self.server()), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def connection_string(server: Server) -> str:
    """What psycopg and libpq connect to `server` with, believing its authority alone."""
    host, port = server.hosts[0]
    assert server.credential is not None
    return psycopg.conninfo.make_conninfo(
        host=host,
        port=port,
        dbname=server.path,
        user=server.credential.user,
        password=server.credential.password,
        sslmode="verify-full",
        sslrootcert=str(server.ca),
    )


def _programs() -> Path:
    """Where Debian keeps the programs of the newest PostgreSQL that is installed; they are not on PATH."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(re.sub(r"\D", "", folder.parent.name)))
