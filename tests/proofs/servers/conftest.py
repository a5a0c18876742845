"""An instance whose catalog, open index and store lie on servers, served, one for the tests of a module."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.servers import Server
from tests.instances import Instance
from tests.proofs.served import Served
from tests.servers.addresses import variables
from tests.servers.elasticsearch import ElasticsearchCluster
from tests.servers.postgresql import PostgresServer
from tests.servers.s3 import S3Server
from tests.servers.trust import Trust


@dataclass(frozen=True)
class Servers:
    """The servers of an instance, with the database and the bucket that it was given there. closed: of the keeper's own, if it has one."""

    index: ElasticsearchCluster
    catalog: PostgresServer
    store: S3Server
    database: Server
    bucket: Server
    closed: ElasticsearchCluster | None = None

    @property
    def variables(self) -> dict[str, str]:
        """What `vankho init` finds them by."""
        return variables(self.database, self.index.server(), self.bucket, None if self.closed is None else self.closed.server())

    @property
    def folders(self) -> list[Path]:
        """Where they keep everything: data, logs, and what they print."""
        return [*(node.folder for node in self.index.nodes), self.catalog.folder, self.store.folder]


class Heard(Served):
    """Served, with all that its processes log kept in `log`."""

    def __init__(self, instance: Instance, *words: str) -> None:
        self.log = instance.base / "log"
        before = os.dup(2)
        with self.log.open("ab") as file:
            os.dup2(file.fileno(), 2)  # what serve and its members inherit
        try:
            super().__init__(instance, *words)
        finally:
            os.dup2(before, 2)
            os.close(before)

    def lines(self) -> list[str]:
        """What they have logged until now."""
        return self.log.read_text("utf-8", "replace").splitlines()


@pytest.fixture(scope="module")
def servers(elasticsearch: ElasticsearchCluster, postgresql: PostgresServer, s3: S3Server) -> Servers:
    """Those that the whole session shares."""
    return Servers(elasticsearch, postgresql, s3, postgresql.new_database(), s3.new_bucket())


@pytest.fixture(scope="package")
def mortal(trust: Trust) -> Iterator[tuple[ElasticsearchCluster, PostgresServer, S3Server]]:
    """Servers that tests may kill, started once."""
    with ElasticsearchCluster(trust) as index, PostgresServer(trust) as catalog, S3Server(trust) as store:
        yield index, catalog, store


@pytest.fixture(scope="module")
def house(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """A fresh instance on the servers of the module."""
    made = Instance(tmp_path_factory.mktemp("house"))
    made.run("init", "--test", "--recovery-out", made.recovery, env=servers.variables)
    return made


@pytest.fixture(scope="module")
def served(house: Instance) -> Iterator[Heard]:
    """The instance behind `vankho serve`."""
    with Heard(house) as running:
        yield running
