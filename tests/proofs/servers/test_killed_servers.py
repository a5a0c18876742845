"""Servers killed while documents come in and are searched for: what was acknowledged is what is found, once and bit by bit, and nothing else."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from storage.catalog.names import OfficeId
from storage.catalog.offices import Office, add_office
from storage.catalog.privileges import schema_name
from storage.catalog.states import OfficeKind
from storage.clock import SystemClock
from storage.home import Home
from storage.ids import RandomIds
from storage.index.elastic.names import Names
from storage.settings import read_settings
from storage.vault.keeper.keeper import Keeper, open_keeper
from storage.vault.kek import FileKek
from storage.vault.keyring import Keyring
from storage.walls.memory import LockedPages
from tests.instances import ONE_READS, Instance
from tests.proofs.served import OPEN, Served
from tests.proofs.servers.conftest import Heard, Servers
from tests.servers.elasticsearch import ElasticsearchCluster
from tests.servers.postgresql import PostgresServer, connection_string
from tests.servers.s3 import S3Server
from tests.servers.trust import Trust
from tests.waiting import until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(3600)]

FEW, MANY = 200, 5000
OFFICES = ("central", "so-1", "so-2", "so-3")
SEARCHERS = 2
SETTLED, SLOWEST = 300.0, 3.0
"""Seconds after the last kill until nothing waits any more: leases of what was in hand run out, and the index is tried ever more seldom.
Beside them, of a loaded machine, the documents that it takes to their end in a second."""


@dataclass(frozen=True)
class Run:
    """Deposits and searches against one instance. scanners: the token of one in each office. acknowledged: record by number; refusals: codes of what
    was refused meanwhile.
    """

    served: Served
    scanners: tuple[str, ...]
    reader: str
    count: int
    acknowledged: dict[int, str] = field(default_factory=dict)
    refusals: set[object] = field(default_factory=set)
    searches: list[int] = field(default_factory=list)
    is_done: threading.Event = field(default_factory=threading.Event)

    def deposit_all(self, first: int) -> None:
        """What the scanner of one office takes in, each letter sent again with its key until it is acknowledged."""
        for number in range(first, self.count, len(OFFICES)):
            letter = content(number)
            while not self.is_done.is_set():
                try:
                    answer = self.served.deposit(self.scanners[first], letter, f"{number}.txt", request=f"letter {number}")
                except (OSError, http.client.HTTPException):
                    self.refusals.add("cut")
                    continue
                if answer.status == 201:
                    self.acknowledged[number] = str(answer.json["record_id"])
                    break
                assert answer.status == 503, answer.body
                self.refusals.add(answer.code)

    def search(self) -> None:
        """One after the other for as long as documents come in: an answer is whole, or says which part is away."""
        while not self.is_done.is_set():
            try:
                answer = self.served.ask("GET", "search?q=l%E1%BB%8Bch&facets=true", self.reader)
            except (OSError, http.client.HTTPException):
                continue
            if answer.status == 200:
                self.searches.append(int(str(answer.json["total"])))
            else:
                assert (answer.status, answer.code) in {(503, "VK-INDEX-SERVER"), (503, "VK-CATALOG-SERVER"), (503, "VK-CATALOG-ANSWER")}, answer.body

    def wait_for(self, share: float) -> None:
        """Until that share of the documents is acknowledged."""
        until(lambda: len(self.acknowledged) >= self.count * share, 3000, f"{share:.0%} acknowledged")


def content(number: int) -> bytes:
    return OPEN.format(number=number + 1, text=f"Nội dung thứ {number}.").encode()


@contextmanager
def under_way(run: Run) -> Iterator[None]:
    """Documents come in and are searched for; at the end of the block the rest is waited for."""
    with ThreadPoolExecutor(len(OFFICES) + SEARCHERS) as pool:
        depositing = [pool.submit(run.deposit_all, number) for number in range(len(OFFICES))]
        searching = [pool.submit(run.search) for _ in range(SEARCHERS)]
        try:
            yield
            for each in depositing:
                each.result()
        finally:
            run.is_done.set()
    for each in searching:
        each.result()


def killed_in_turn(servers: Servers, run: Run, kill_index: Callable[[], None]) -> None:
    """The index once, PostgreSQL twice, the store once, each while documents come in, and each back before the next."""

    def catalog() -> None:
        servers.catalog.kill()
        servers.catalog.start()

    def store() -> None:
        servers.store.kill()
        servers.store.start()

    with under_way(run):
        for share, kill in ((0.1, catalog), (0.3, kill_index), (0.5, store), (0.7, catalog)):
            run.wait_for(share)
            kill()


def found_by(run: Run) -> dict[str, str]:
    """Every record that a search for everything gives, and its office."""
    found: dict[str, str] = {}
    cursor = ""
    while True:
        answer = run.served.ask("GET", f"search?q=&limit=100{cursor}", run.reader).json
        hits = answer["hits"]
        assert isinstance(hits, list)
        for hit in hits:
            assert hit["record_id"] not in found, "found twice"
            found[hit["record_id"]] = hit["office"]
        if answer["next"] is None:
            assert answer["total"] == len(found)
            return found
        cursor = f"&cursor={answer['next']}"


def counted_in_catalog(servers: Servers, instance: Instance) -> dict[str, int]:
    """Records by office, as the database's superuser counts them."""
    records = sql.Identifier(schema_name(read_settings(Home(instance.home)).instance), "record")
    with psycopg.connect(connection_string(servers.catalog.server()), dbname=servers.database.path) as admin:
        return dict(admin.execute(sql.SQL("SELECT office_id, count(*) FROM {} GROUP BY 1").format(records)).fetchall())


def counted_in_index(servers: Servers, instance: Instance) -> dict[str, int]:
    """Documents by office, as the cluster's superuser counts them."""
    names = Names(read_settings(Home(instance.home)).instance)
    with servers.index.client() as admin:
        found = admin.indices.get_alias(index=names.pattern)
        admin.indices.refresh(index=names.pattern)
        return {name.removeprefix(names.answering(OfficeId(""))).partition("@")[0]: admin.count(index=name)["count"] for name in found}


def require_nothing_lost(servers: Servers, run: Run) -> None:
    """Acknowledged, found and kept are the same records; each gives its very bytes; the offices' counts are equal everywhere."""
    instance = run.served.instance
    assert sorted(run.acknowledged) == list(range(run.count))
    assert len(set(run.acknowledged.values())) == run.count
    patience = SETTLED + run.count / SLOWEST
    until(lambda: run.served.metric("vankho_queue_waiting") == run.served.metric("vankho_queue_in_hand") == 0, patience, "nothing in the queue")
    until(lambda: run.served.metric("vankho_index_waiting") == 0, SETTLED, "nothing to be indexed")
    found = found_by(run)
    assert set(found) == set(run.acknowledged.values())
    assert counted_in_catalog(servers, instance) == counted_in_index(servers, instance) == Counter(found.values())
    assert Counter(found.values()) == dict.fromkeys(OFFICES, run.count // len(OFFICES))
    for number, record in sorted(run.acknowledged.items()):
        if number % ONE_READS == 0:
            reader = instance.reader(number)
        assert run.served.ask("GET", f"records/{record}/parts/original", reader).body == content(number)
    (checked,) = instance.json("check", "--read-data")
    assert checked["findings"] == []
    assert instance.run("audit", "verify").returncode == 0


@pytest.fixture
def servers(mortal: tuple[ElasticsearchCluster, PostgresServer, S3Server]) -> Servers:
    index, catalog, store = mortal
    return Servers(index, catalog, store, catalog.new_database(), store.new_bucket())


def founded(servers: Servers, base: Path) -> tuple[Instance, tuple[str, ...], str]:
    """An instance of several offices on these servers, with the tokens of a scanner in each and of the local officer, who is in the highest."""
    instance = Instance(base)
    instance.run("init", "--recovery-out", instance.recovery, env=servers.variables)
    with keeper_of(instance) as keeper, keeper.catalog.write() as connection:
        settings, now = keeper.settings, keeper.clock.now()
        for name in OFFICES[1:]:
            add_office(connection, Office(OfficeId(name), name, OfficeKind.OTHER, settings.office, settings.network_class.highest_level, now))
    for name in OFFICES:
        instance.run("source", "add", f"máy quét {name}", "--office", name, "--key-out", base / f"{name}.key")
    officer = instance.config / "vankho" / f"{read_settings(Home(instance.home)).instance}.key"
    return instance, tuple((base / f"{name}.key").read_text().strip() for name in OFFICES), officer.read_text().strip()


@contextmanager
def keeper_of(instance: Instance) -> Iterator[Keeper]:
    """Its keeper, in the test's own process: offices have no command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(instance.config))
        home, memory = Home(instance.home), LockedPages()
        settings = read_settings(home)
        keyring = Keyring(home.keys, settings.instance, FileKek(home.kek(settings.instance), memory), memory)
    keeper = open_keeper(home, settings, keyring, RandomIds(), SystemClock())
    yield keeper
    keeper.catalog.close()


def test_after_every_server_was_killed_what_was_acknowledged_is_what_is_found(servers: Servers, tmp_path: Path) -> None:
    def index() -> None:
        servers.index.kill()
        servers.index.restart()

    instance, scanners, officer = founded(servers, tmp_path)
    with Heard(instance) as served:
        run = Run(served, scanners, officer, FEW)
        killed_in_turn(servers, run, index)
        require_nothing_lost(servers, run)


@pytest.mark.long
def test_a_cluster_that_loses_its_master_loses_nothing(trust: Trust, tmp_path: Path) -> None:
    with ElasticsearchCluster(trust, nodes=3) as cluster, PostgresServer(trust) as catalog, S3Server(trust) as store:
        servers = Servers(cluster, catalog, store, catalog.new_database(), store.new_bucket())

        def master() -> None:
            with cluster.client() as admin:
                name = str(admin.cat.master(h="node").body).strip()
            number = next(number for number, node in enumerate(cluster.nodes) if node.name == name)
            cluster.kill(number)
            run.wait_for(0.4)  # the other two go on
            cluster.restart(number)

        instance, scanners, officer = founded(servers, tmp_path)
        with Heard(instance) as served:
            run = Run(served, scanners, officer, MANY)
            killed_in_turn(servers, run, master)
            require_nothing_lost(servers, run)
