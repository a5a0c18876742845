"""The Elasticsearch of the tests: believed by its authority only, closed to strangers, with API keys, and durable."""

from __future__ import annotations

from pathlib import Path

import pytest
from elastic_transport import TlsError
from elasticsearch import AuthenticationException, Elasticsearch

from storage.servers import Credential, Server
from tests.servers.elasticsearch import ElasticsearchCluster
from tests.servers.trust import Trust

pytestmark = pytest.mark.servers


def client_of(server: Server) -> Elasticsearch:
    assert server.credential is not None
    return Elasticsearch(list(server.urls), ca_certs=str(server.ca), basic_auth=(server.credential.user, server.credential.password))


def test_another_authority_is_not_believed(elasticsearch: ElasticsearchCluster, tmp_path: Path) -> None:
    other = Trust(tmp_path).ca
    client = Elasticsearch(list(elasticsearch.server().urls), ca_certs=str(other), max_retries=0)
    with client, pytest.raises(TlsError):
        client.cluster.health()


def test_a_wrong_password_is_refused(elasticsearch: ElasticsearchCluster) -> None:
    with client_of(elasticsearch.server(Credential("admin", "guessed"))) as client, pytest.raises(AuthenticationException):
        client.cluster.health()


def test_api_keys_are_made_used_and_revoked(elasticsearch: ElasticsearchCluster) -> None:
    with elasticsearch.client() as admin:
        key = admin.security.create_api_key(name="tests")
        with Elasticsearch(list(elasticsearch.server().urls), ca_certs=str(elasticsearch.server().ca), api_key=key["encoded"]) as holder:
            assert holder.security.authenticate()["api_key"]["id"] == key["id"]
            admin.security.invalidate_api_key(ids=[key["id"]])
            with pytest.raises(AuthenticationException):
                holder.security.authenticate()


def test_what_it_acknowledged_is_there_after_kill_and_restart(elasticsearch: ElasticsearchCluster) -> None:
    with elasticsearch.client() as admin:
        for number in range(20):
            admin.index(index="test-kept", id=str(number), document={"number": number})
        elasticsearch.kill()
        elasticsearch.restart()
        admin.indices.refresh(index="test-kept")
        assert admin.count(index="test-kept")["count"] == 20
        admin.indices.delete(index="test-kept")


@pytest.mark.long
def test_three_nodes_go_on_without_one_and_take_it_back(trust: Trust) -> None:
    with ElasticsearchCluster(trust, nodes=3) as cluster, cluster.client() as admin:
        admin.indices.create(index="test-three", settings={"number_of_replicas": 2})
        admin.index(index="test-three", id="1", document={})
        cluster.kill(1)
        cluster.wait()
        assert admin.get(index="test-three", id="1")["found"]
        cluster.restart(1)
        assert admin.cluster.health()["number_of_nodes"] == 3
