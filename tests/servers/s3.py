"""An S3 server for the tests: versitygw over a folder, with TLS."""

from __future__ import annotations

import secrets
import sys
from itertools import count
from pathlib import Path

from storage.servers import Credential, Server
from tests.servers.processes import LocalServer, Process, answers, free_port
from tests.servers.trust import Trust

__all__ = ["S3Server"]

PROGRAM = Path(sys.prefix, "bin/versitygw")
"""What `make setup-tests` made."""


class S3Server(LocalServer):
    """One server; its buckets are folders in `data`."""

    def __init__(self, trust: Trust) -> None:
        super().__init__("s3")
        self._trust = trust
        self._credential = Credential("tests", secrets.token_urlsafe(16))
        self._names = count(1)
        self.port = free_port()
        self.data.mkdir()
        trust.certify(self.folder)
        self.hand_over(self.folder)

    @property
    def data(self) -> Path:
        """The folder that holds its buckets."""
        return self.folder / "data"

    def server(self, path: str, credential: Credential | None = None) -> Server:
        """The address of a bucket, or of a prefix in it."""
        endpoint = f"https://127.0.0.1:{self.port}"
        return Server("s3", (("127.0.0.1", self.port),), path, self._trust.ca, endpoint, credential=credential or self._credential)

    def new_bucket(self) -> Server:
        """An empty bucket."""
        name = f"test-{next(self._names)}"
        (self.data / name).mkdir()
        self.hand_over(self.data / name)
        return self.server(name)

    def start(self) -> None:
        place = ["--port", f"127.0.0.1:{self.port}", "--cert", f"{self.folder}/server.crt", "--key", f"{self.folder}/server.key"]
        env = {"ROOT_ACCESS_KEY": self._credential.user, "ROOT_SECRET_KEY": self._credential.password}
        self.process = Process([PROGRAM.resolve(), *place, "--quiet", "posix", self.data], self.folder, env)
        self.process.wait_until(lambda: answers(self.port))
