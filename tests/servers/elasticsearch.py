"""Elasticsearch for the tests: a cluster of one node or more, with TLS, users and API keys."""

from __future__ import annotations

import base64
import hashlib
import secrets
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from elasticsearch import ApiError, Elasticsearch, TransportError

from storage.servers import Credential, Server
from tests.servers.processes import LocalServer, Process, free_port
from tests.servers.trust import Trust

__all__ = ["HOME", "QUICK_START", "ElasticsearchCluster"]

HOME = Path(sys.prefix, "elasticsearch")
"""What `make setup-tests` made."""

QUICK_START = (
    "-Xms512m",
    "-Xmx512m",
    "-XX:-AlwaysPreTouch",  # half the memory
    "-XX:TieredStopAtLevel=1",
    "-XX:+UnlockDiagnosticVMOptions",
    "-XX:-BytecodeVerificationRemote",  # it saves processor time at every start
)
"""How its Java runs unless told otherwise: for tests that use it briefly. A bench gives it the memory and the compiler of a real server."""

_FROM_HOME = ("log4j2.properties", "role_mapping.yml", "roles.yml")
_NOT_OURS = ("jdk.incubator.vector", "-Xlog")
"""Lines of its jvm.options: a module that this Java lacks, and a log of every garbage collection."""

_CONFIGURATION = """\
cluster.name: vankho-tests
node.name: {name}
path.data: {folder}/data
path.logs: {folder}/logs
network.host: 127.0.0.1
http.port: {http}
transport.port: {transport}
cluster.routing.allocation.disk.threshold_enabled: false
node.store.allow_mmap: false
xpack.security.enabled: true
xpack.security.autoconfiguration.enabled: false
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.key: server.key
xpack.security.http.ssl.certificate: server.crt
xpack.security.http.ssl.certificate_authorities: [ca.crt]
xpack.security.transport.ssl.enabled: true
xpack.security.transport.ssl.verification_mode: certificate
xpack.security.transport.ssl.key: server.key
xpack.security.transport.ssl.certificate: server.crt
xpack.security.transport.ssl.certificate_authorities: [ca.crt]
xpack.security.authc.realms.file.file1.order: 0
"""


class _Node(LocalServer):
    def __init__(self, name: str, java: tuple[str, ...]) -> None:
        super().__init__(f"es-{name}")
        self.name = name
        self.java = java
        self.http = free_port()
        self.transport = free_port()

    def configure(self, trust: Trust, users: str, discovery: str) -> None:
        config = self.folder / "config"
        (config / "jvm.options.d").mkdir(parents=True)
        (self.folder / "tmp").mkdir()
        for name in _FROM_HOME:
            shutil.copyfile(HOME / "config" / name, config / name)
        options = (HOME / "config/jvm.options").read_text("ascii").splitlines(keepends=True)
        (config / "jvm.options").write_text("".join(line for line in options if not any(word in line for word in _NOT_OURS)), "ascii")
        (config / "users").write_text(users, "ascii")
        (config / "users_roles").write_text("superuser:admin\n", "ascii")
        shutil.copyfile(trust.ca, config / "ca.crt")
        trust.certify(config)
        text = _CONFIGURATION.format(name=self.name, folder=self.folder, http=self.http, transport=self.transport)
        (config / "elasticsearch.yml").write_text(text + discovery, "ascii")
        self.hand_over(self.folder)

    def start(self) -> None:
        """Start it; whether it answers is a matter of the cluster."""
        env = {
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "tmp"),
            "ES_JAVA_OPTS": " ".join(("-XX:-UsePerfData", *self.java)),
            "CLI_JAVA_OPTS": "-XX:-UsePerfData -XX:TieredStopAtLevel=1",
        }
        self.process = Process([HOME.resolve() / "bin/elasticsearch"], self.folder, env)


class ElasticsearchCluster:
    """A cluster of `nodes` nodes, whose user `admin` may do everything."""

    def __init__(self, trust: Trust, nodes: int = 1, java: tuple[str, ...] = QUICK_START) -> None:
        self._trust = trust
        self._admin = Credential("admin", secrets.token_urlsafe(16))
        self.nodes = [_Node(f"n{number}", java) for number in range(1, nodes + 1)]
        discovery = "discovery.type: single-node\n"
        if nodes > 1:
            seeds = ", ".join(f"127.0.0.1:{node.transport}" for node in self.nodes)
            masters = ", ".join(node.name for node in self.nodes)
            discovery = f"discovery.seed_hosts: [{seeds}]\ncluster.initial_master_nodes: [{masters}]\n"
        for node in self.nodes:
            node.configure(trust, f"admin:{_hashed(self._admin.password)}\n", discovery)

    def server(self, credential: Credential | None = None) -> Server:
        """Its address, asked by `credential`, or by `admin`."""
        hosts = tuple(("127.0.0.1", node.http) for node in self.nodes)
        return Server("https", hosts, ca=self._trust.ca, credential=credential or self._admin)

    def client(self) -> Elasticsearch:
        """A client of `admin`'s."""
        return Elasticsearch(list(self.server().urls), ca_certs=str(self._trust.ca), basic_auth=(self._admin.user, self._admin.password))

    def start(self) -> None:
        """Start every node, and wait until the cluster is whole."""
        for node in self.nodes:
            node.start()
        self.wait()

    def wait(self) -> None:
        """Wait until all nodes have joined and every index can be searched."""
        running = [node.process for node in self.nodes if node.process is not None]
        with self.client() as client:
            running[0].wait_until(lambda: _is_whole(client, len(running)))

    def kill(self, node: int = 0) -> None:
        """kill -9 of a node."""
        self.nodes[node].kill()

    def restart(self, node: int = 0) -> None:
        """Start a node that was killed or stopped, with the data that it has, and wait until the cluster is whole."""
        self.nodes[node].start()
        self.wait()

    def stop(self) -> None:
        """Stop every node that runs."""
        for node in self.nodes:
            node.stop()

    def remove(self) -> None:
        """End it, and remove all that it kept."""
        for node in self.nodes:
            node.remove()

    def __enter__(self) -> Self:
        with ExitStack() as failed:
            failed.callback(self.remove)
            self.start()
            failed.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def _is_whole(client: Elasticsearch, nodes: int) -> bool:
    try:
        health = client.cluster.health(wait_for_status="yellow", wait_for_nodes=str(nodes), timeout="1s")
    except (ApiError, TransportError):
        return False
    return not health["timed_out"]


def _hashed(password: str) -> str:
    """A password as the file realm keeps it."""
    salt = secrets.token_bytes(32)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 10_000, 32)
    return "{PBKDF2}10000$" + base64.b64encode(salt).decode() + "$" + base64.b64encode(digest).decode()
