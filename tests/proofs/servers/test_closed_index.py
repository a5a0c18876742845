"""An instance whose closed index lies on an Elasticsearch that its keeper alone can reach."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from elasticsearch.helpers import scan

from storage.home import Home
from storage.settings import read_settings
from storage.vault.credentials import read_credentials
from storage.vault.kek import FileKek
from storage.vault.keyring import KeyKind, Keyring
from storage.walls.memory import LockedPages
from tests.instances import Instance
from tests.proofs.servers.conftest import Heard, Servers
from tests.proofs.servers.test_open_to_closed import CLOSED_WORDS, Search, deposited, dumped_index, forms
from tests.proofs.servers.test_walls import tried
from tests.search_api.papers import secret
from tests.servers.elasticsearch import ElasticsearchCluster
from tests.servers.postgresql import PostgresServer
from tests.servers.s3 import S3Server
from tests.waiting import until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

PATIENCE = 120
"""Seconds after which Elasticsearch has forgotten what was given up."""


@pytest.fixture(scope="module")
def servers(
    elasticsearch: ElasticsearchCluster, mortal: tuple[ElasticsearchCluster, PostgresServer, S3Server], postgresql: PostgresServer, s3: S3Server
) -> Servers:
    return Servers(elasticsearch, postgresql, s3, postgresql.new_database(), s3.new_bucket(), closed=mortal[0])


@pytest.fixture(scope="module")
def closed(servers: Servers) -> ElasticsearchCluster:
    assert servers.closed is not None
    return servers.closed


def total(instance: Instance, words: str) -> object:
    return instance.json("search", words)[0]["total"]


def held(cluster: ElasticsearchCluster, word: str) -> list[str]:
    """The indexes in whose documents a word stands."""
    with cluster.client() as admin:
        admin.indices.refresh(index="vk-*")
        hits = list(scan(admin, index="vk-*", query={"query": {"match_all": {}}, "stored_fields": ["*"], "_source": True}))
    return sorted({str(hit["_index"]) for hit in hits if any(form in repr(hit).encode() for form in forms(word))})


@contextmanager
def away(cluster: ElasticsearchCluster) -> Iterator[None]:
    cluster.kill()
    try:
        yield
    finally:
        cluster.restart()


def test_closed_words_are_on_the_keepers_cluster_and_nowhere_that_api_and_worker_reach(
    servers: Servers, served: Heard, closed: ElasticsearchCluster
) -> None:
    instance, word = served.instance, CLOSED_WORDS[1]
    record = deposited(instance, secret(8, CLOSED_WORDS[0], f"{word} ." * 3), CLOSED_WORDS)
    assert total(instance, word) == 1
    (index,) = held(closed, word)
    assert not any(told in index for told in ("central", "MAT", "mat"))
    assert Search(servers, served).places(CLOSED_WORDS) == set()
    assert not any(form in dumped_index(servers) for form in forms(word))

    home = Home(instance.home)
    settings, memory = read_settings(home), LockedPages()
    keyring = Keyring(home.keys, settings.instance, FileKek(instance.config / "vankho" / home.kek(settings.instance).name, memory), memory)
    credentials = read_credentials(home.keys, keyring.secret(KeyKind.CREDENTIALS, "1"), settings.instance)
    assert set(credentials["closed_index"]) == {"keeper"} and set(credentials["index"]) == {"api", "worker"}
    assert list(home.closed.glob("*.db")) == []

    port = closed.nodes[0].http
    assert (tried(instance, "free", [port]), tried(instance, "shut", [port])) == (["connected"], ["EACCES"])

    instance.run("reclassify", record, "--level", "TOI_MAT", "--reason", "thử")
    until(lambda: instance.json("status")[0]["index_waiting"] == 0, PATIENCE, "the partition that it left forgot it")
    (moved,) = held(closed, word)
    assert moved != index and total(instance, word) == 1
    assert instance.json("check", "--read-data")[0]["findings"] == []


def test_without_its_server_search_names_the_closed_index_and_closed_deposits_go_on(
    served: Heard, closed: ElasticsearchCluster, scanner: str, officer: str
) -> None:
    before = int(str(total(served.instance, "")))
    with away(closed):
        receipts = [served.deposit(scanner, secret(number, "việc mật", f"Nội dung {number}.").encode()) for number in range(20, 23)]
        assert {served.settled(scanner, one)["outcome"] for one in receipts} == {"stored"}
        refused = served.ask("GET", "search?q=m%E1%BA%ADt", officer)
        assert (refused.status, refused.code) == (503, "VK-CLOSED-INDEX-SERVER")
        assert "Elasticsearch" in str(refused.json["detail"])
    until(lambda: total(served.instance, "") == before + 3, PATIENCE, "all of them found")


def test_what_its_server_lost_is_built_anew_from_the_sealed_parts_whatever_is_killed(
    served: Heard, closed: ElasticsearchCluster, scanner: str, officer: str
) -> None:
    def found() -> object:
        answer = served.ask("GET", "search?q=hoa%20mai", officer)
        return answer.json["total"] if answer.status == 200 else answer.code

    receipts = [served.deposit(scanner, secret(number, "việc mật", f"Hoa mai {number}.").encode()) for number in range(40, 45)]
    records = {served.settled(scanner, one)["record_id"] for one in receipts}
    until(lambda: found() == 5, PATIENCE, "all of them found")
    with closed.client() as admin:
        before = len(admin.indices.get_alias(index="vk-*"))
        for is_killed in (False, True):
            admin.indices.delete(index=[*admin.indices.get_alias(index="vk-*")])
            answers = {found()}
            if is_killed:
                os.kill(served.pid("keeper"), signal.SIGKILL)
            until(lambda: answers.add(found()) or 5 in answers, PATIENCE, "found again")  # type: ignore[func-returns-value]  # noqa: B023
            assert answers <= {5, "VK-CLOSED-INDEX-DAMAGED", "VK-KEEPER"}, "a part of the answer"
            until(lambda: served.instance.json("status")[0]["index_faults"] == [], PATIENCE, "all of them mended")
        assert len(admin.indices.get_alias(index="vk-*")) == before
    opened = [act["details"] for act in served.instance.json("audit", "query", "--action", "reindex") if act["source"] == "keeper"]
    assert records <= {record for act in opened for record in act["records"]}  # type: ignore[index]
    assert served.instance.json("reindex") == [{"done": ["central"], "failed": {}, "refused": {}}]
    assert found() == 5 and served.instance.json("check", "--read-data")[0]["findings"] == []


def test_settings_and_doctor_say_that_the_texts_lie_in_clear_there(served: Heard, closed: ElasticsearchCluster) -> None:
    instance = served.instance
    written = (instance.home / "vankho.toml").read_text("utf-8")
    assert "in clear" in written and "closed_index = " in written and "admin" not in written
    findings = [one for one in instance.json("doctor") if one["check"] == "closed-index"]
    assert [one["state"] for one in findings] == ["warning"] and "127.0.0.1" in str(findings[0]["message"])
    assert '"closed_index": "elasticsearch"' in instance.run("--json", "status").stdout
    closed.kill()
    try:
        told = [one for one in instance.json("doctor", exit_code=7) if one["check"] == "closed-index"]
    finally:
        closed.restart()
    assert [one["state"] for one in told] == ["warning", "broken"]
