"""Elasticsearch as a place for closed partitions: who may reach them, and that no answer is cut short where much is found or asked."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest

from storage.catalog.names import OfficeId
from storage.errors import ClosedIndexUnreachable, IndexRefused, InvalidInput
from storage.ids import RandomIds
from storage.index.elastic import ElasticClosedIndex, Kind, forget_elastic, found_elastic, is_guarded
from storage.index.elastic.cluster import Cluster, Json
from storage.index.elastic.names import Names
from storage.index.entry import FacetField
from storage.index.merge import ask
from storage.index.query import MAX_TERMS, parse_query
from storage.index.question import Question
from storage.servers import Credential, Server
from storage.vault.introducing import introduce
from tests.storage.index.index_world import ARCHIVE, ElasticClosed, entry, search

pytestmark = pytest.mark.servers

MANY = 10_050


def test_api_and_worker_reach_no_closed_index_and_the_keeper_no_open_one(elastic_closed: ElasticClosed) -> None:
    closed = elastic_closed.make("closed")
    closed.put(*ARCHIVE)
    theirs = found_elastic(elastic_closed.server, elastic_closed.instance)
    held = {**theirs.credentials, "keeper": elastic_closed.founded.credentials["keeper"]}
    names = {kind: Names(elastic_closed.instance, kind) for kind in Kind}
    open_index, closed_index = f"vk-{elastic_closed.instance}-open-x", names[Kind.CLOSED].answering(closed.office)
    admin = Cluster(elastic_closed.server)
    try:
        admin.ask("PUT", f"/{open_index}", {})
        for role, credential in held.items():
            cluster = Cluster(elastic_closed.server.with_credential(credential))
            mine, others = (closed_index, open_index) if role == "keeper" else (open_index, closed_index)
            cluster.ask("GET", f"/{mine}/_search")
            for path in ("_search", "_count", "_mapping", "_terms_enum", "_stats", "_alias"):
                with pytest.raises(IndexRefused):
                    cluster.ask("POST" if path == "_terms_enum" else "GET", f"/{others}/{path}", {"field": "tags"} if path == "_terms_enum" else None)
            assert closed.office not in repr(cluster.ask("GET", "/*/_search").body) or role == "keeper"
            cluster.close()
    finally:
        admin.ask("DELETE", f"/{open_index}")
        admin.close()
        forget_elastic(elastic_closed.server, elastic_closed.instance, theirs.keys)


def test_where_no_key_of_the_keepers_own_can_be_made_there_is_no_closed_index(elastic_closed: ElasticClosed) -> None:
    cluster = Cluster(elastic_closed.server)
    rights: Json = {"cluster": ["monitor"], "indices": [{"names": ["vk-*"], "privileges": ["all"]}]}
    answered = cluster.ask("POST", "/_security/api_key", {"name": "limited", "role_descriptors": {"limited": rights}}).body
    assert isinstance(answered, dict)
    limited = elastic_closed.server.with_credential(Credential("", answered["encoded"]))
    with pytest.raises(IndexRefused):
        found_elastic(limited, "x", Kind.CLOSED)
    with ExitStack() as undo, pytest.raises(InvalidInput, match="closed index"):
        introduce({"index": limited, "closed_index": elastic_closed.server}, RandomIds().new("instance"), undo)
    cluster.ask("DELETE", "/_security/api_key", {"ids": [answered["id"]]})
    cluster.close()


def test_one_that_cannot_be_reached_is_named_as_the_closed_one(elastic_closed: ElasticClosed) -> None:
    assert is_guarded(elastic_closed.server)
    gone = Server("https", (("127.0.0.1", 9),), credential=Credential("a", "b"))
    with pytest.raises(ClosedIndexUnreachable, match="closed records"):
        is_guarded(gone)
    partition = OfficeId("x")
    index = ElasticClosedIndex(gone, "x").asking_as({partition: frozenset()}, {partition: frozenset()})
    with pytest.raises(ClosedIndexUnreachable, match="closed records"), index:
        pass


def test_the_widest_query_is_answered(elastic_closed: ElasticClosed) -> None:
    closed = elastic_closed.make("wide")
    closed.put(*ARCHIVE)
    short = "ubnd hđnd btv bch bbt bct tw vptw vptu ubkt btc mttq đbqh ttcp ttg cp qppl kntc pctn antt cntt tthc gpmb qsdđ"
    assert len(parse_query(short).groups) > MAX_TERMS // 2
    search([elastic_closed.closed_source(closed)], short, facets=tuple(FacetField), snippets=True)


def test_where_more_is_found_than_the_engine_gives_at_once_every_record_comes_once(elastic_closed: ElasticClosed) -> None:
    closed = elastic_closed.make("many")
    closed.put(*(entry(f"r{number:05}", text="thuế " * (1 + number % 4) + "đất") for number in range(MANY)))
    sources = [elastic_closed.closed_source(closed)]
    question, seen = Question(parse_query("thuế đất"), limit=1000, facets=(FacetField.OFFICE,)), list[str]()
    while True:
        answer = ask(question, sources)
        assert (answer.found.total, answer.found.facets[FacetField.OFFICE][0].count) == (MANY, MANY)
        seen += [hit.record_id for hit in answer.found.hits]
        if answer.next is None:
            break
        question = replace(question, after=answer.next)
    assert len(seen) == len(set(seen)) == MANY
    assert {name[1:] for name in seen[:1000]} <= {f"{number:05}" for number in range(MANY) if number % 4 == 3}
