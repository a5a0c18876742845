"""Elasticsearch as a place for open partitions: who may do what, what comes late, what is gone, and what it says when it fails."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from storage.catalog.names import OfficeId
from storage.errors import IndexDamaged, IndexIncomplete, IndexOutdated, IndexRefused, IndexUnreachable
from storage.ids import RandomIds, RecordId
from storage.index.elastic import ElasticOpenIndex, forget_elastic, found_elastic
from storage.index.elastic.bulk import Outcome, operation, put
from storage.index.elastic.cluster import Cluster, Json, Query
from storage.index.elastic.documents import document, emptied, index_body
from storage.index.elastic.names import Names
from storage.index.entry import FacetField, FacetValue, IndexEntry
from storage.index.open_index import Applied, Change, Rebuilt
from storage.index.query import MAX_TERMS, parse_query
from storage.servers import Credential, Server
from tests.servers.elasticsearch import ElasticsearchCluster
from tests.servers.trust import Trust
from tests.storage.index.index_world import ARCHIVE, Elastic, Office, entry, found, search

pytestmark = pytest.mark.servers

PATIENCE = 120.0
CANARY = "zqxjkvw"


@pytest.fixture
def office(elastic: Elastic) -> Office:
    return elastic.make("office")


def change(office: Office, name: str, version: int, text: str | None) -> Change:
    return Change(office.office, RecordId(name), version, None if text is None else entry(name, text=text))


def test_what_comes_late_or_twice_brings_nothing_back(elastic: Elastic, office: Office) -> None:
    asked = elastic.asked(office)
    first, newer, gone = change(office, "r", 10, "thuế"), change(office, "r", 11, "đất"), change(office, "r", 12, None)
    office.index.apply([newer])
    assert office.index.apply([first]) == Applied()
    assert (found(asked, "thuế"), found(asked, "đất")) == ([], ["r"])
    office.index.apply([gone])
    assert office.index.apply([first, newer, newer]) == Applied()
    assert found(asked, "") == [] and office.index.count(office.office) == 0 and list(office.index.entries(office.office)) == []
    office.index.apply([change(office, "r", 13, "rừng")])
    assert found(asked, "rừng") == ["r"]


def test_what_takes_several_requests_is_found_in_every_index_when_it_is_done(elastic: Elastic) -> None:
    offices = [elastic.make(f"large{number}") for number in range(25)]
    long = "thuế đất " * 10_000  # half a request
    offices[0].index.apply([change(office, f"r{number}", number + 1, long) for number, office in enumerate(offices)])
    assert [found(elastic.asked(office), "thuế") for office in offices] == [[f"r{number}"] for number in range(25)]


def test_what_was_taken_in_but_never_made_to_be_found_is_found_once_it_is_sent_again(elastic: Elastic, office: Office) -> None:
    cluster, names = Cluster(elastic.server), Names(elastic.instance)
    office.index.apply([change(office, "r", 10, "đất")])
    late = entry("late", text="thuế")
    (index,) = names.existing(cluster)[office.office].all
    cluster.ask("POST", "/_bulk", [operation(0, index, late.record_id, 11, document(late)).lines], refresh="false")
    assert found(elastic.asked(office), "thuế") == []
    office.index.apply([Change(office.office, late.record_id, 11, late)])
    assert found(elastic.asked(office), "thuế") == ["late"]
    cluster.close()


def test_a_change_for_an_index_that_was_removed_makes_no_new_one(elastic: Elastic) -> None:
    cluster = Cluster(elastic.server.with_credential(elastic.founded.credentials["worker"]))
    names = Names(elastic.instance)
    removed = names.generation(OfficeId("removed"), 7)
    outcome = put(cluster, iter([operation(0, removed, RecordId("r"), 1, emptied(RecordId("r")))]))
    assert outcome == Outcome({}, {0})
    assert OfficeId("removed") not in names.existing(cluster)
    cluster.close()


def narrow(aliases: list[str]) -> Query:
    """What an index is made of into which no day of this era fits."""
    body = index_body(aliases)
    mappings = body["mappings"]
    assert isinstance(mappings, dict) and isinstance(mappings["properties"], dict)
    mappings["properties"]["ordinal"] = {"type": "short"}
    return body


def test_a_record_that_the_index_cannot_take_stands_in_nobodys_way(elastic: Elastic) -> None:
    office = OfficeId("narrow")
    names = Names(elastic.instance)
    cluster = Cluster(elastic.server)
    cluster.ask("PUT", f"/{names.generation(office, 1)}", narrow([names.writing(names.generation(office, 1)), names.answering(office)]))
    cluster.close()
    days = (None, date(2025, 1, 1), None)
    changes = [Change(office, RecordId(f"r{number}"), 1, entry(f"r{number}", text="thuế", date=day)) for number, day in enumerate(days)]
    (refused,) = elastic.worker.apply(changes).refused
    assert (refused.change, refused.why) == (changes[1], "document_parsing_exception")
    with elastic.api.asking({office: frozenset()}) as asked:
        assert sorted(found(asked, "thuế")) == ["r0", "r2"]


def narrowed(elastic: Elastic, office: OfficeId) -> None:
    """In the place of an office's newest index one of the same name into which no day of this era fits."""
    cluster, names = Cluster(elastic.server), Names(elastic.instance)
    there = names.existing(cluster)[office]
    (index,) = set(there.all) - {there.current}
    cluster.ask("DELETE", f"/{index}")
    cluster.ask("PUT", f"/{index}", narrow([names.writing(index)]))
    cluster.close()


def test_a_record_that_a_new_index_refuses_is_given_back_and_not_counted_until_it_comes_otherwise(elastic: Elastic, office: Office) -> None:
    office.put(*ARCHIVE)
    odd = entry("odd", text="thuế", date=date(2025, 1, 1))
    records = [entry("a", text="thuế"), odd, entry("z", text="thuế")]
    asked: list[frozenset[RecordId]] = []

    def read(last: str) -> list[IndexEntry]:
        if not last:
            narrowed(elastic, office.office)
        return [one for one in records if one.record_id > last]

    def expected(without: frozenset[RecordId]) -> int:
        if asked:
            office.put(replace(odd, date=None))
        asked.append(without)
        return len({one.record_id for one in records} - without) + (len(asked) == 1)

    assert elastic.worker.rebuild(office.office, read, expected) == Rebuilt(2, {odd.record_id: "document_parsing_exception"})
    assert asked == [{odd.record_id}] * 2
    assert found(elastic.asked(office), "thuế") == ["a", "odd", "z"]


def test_an_index_that_refuses_more_than_a_few_does_not_take_the_others_place(elastic: Elastic, office: Office) -> None:
    office.put(*ARCHIVE)
    records = [entry(f"r{number:04}", date=date(2025, 1, 1)) for number in range(1_001)]

    def read(last: str) -> list[IndexEntry]:
        if not last:
            narrowed(elastic, office.office)
        return [] if last else records

    with pytest.raises(IndexIncomplete):
        elastic.worker.rebuild(office.office, read, lambda without: len(records) - len(without))
    assert elastic.api.count(office.office) == len(ARCHIVE)


def test_an_index_that_somebody_closed_is_no_fault_of_the_record(elastic: Elastic, office: Office) -> None:
    cluster, index = Cluster(elastic.server), Names(elastic.instance).generation(office.office, 1)
    cluster.ask("POST", f"/{index}/_close")
    with pytest.raises(IndexUnreachable, match="index_closed_exception"):
        office.index.apply([change(office, "r", 1, "thuế")])
    cluster.ask("POST", f"/{index}/_open")
    assert office.index.apply([change(office, "r", 1, "thuế")]) == Applied()
    cluster.close()


def test_each_process_may_do_its_own_and_nobody_anything_elsewhere(elastic: Elastic, office: Office) -> None:
    office.put(*ARCHIVE)
    with pytest.raises(IndexRefused):
        elastic.api.apply([change(office, "r", 99, "thuế")])
    other = Elastic(elastic.server)
    try:
        elsewhere = other.make("office")
        elsewhere.put(*ARCHIVE)
        for role in ("api", "worker"):
            cluster = Cluster(elastic.server.with_credential(elastic.founded.credentials[role]))
            for path in (f"/{Names(other.instance).answering(elsewhere.office)}/_search", "/_security/user", "/_cluster/settings"):
                with pytest.raises(IndexRefused):
                    cluster.ask("GET", path)
            with pytest.raises(IndexRefused):
                cluster.ask("PUT", "/another", {})
            cluster.close()
        assert len(other.asked(elsewhere)) == 1
    finally:
        other.remove()


def test_a_revoked_key_and_a_wrong_password_are_refused(elastic: Elastic) -> None:
    instance = RandomIds().new("instance")
    founded = found_elastic(elastic.server, instance)
    assert founded.warning("vi") is None and founded.warning("en") is None
    index = ElasticOpenIndex(elastic.server.with_credential(founded.credentials["api"]), instance)
    assert index.count(OfficeId("none")) == 0
    forget_elastic(elastic.server, instance, founded.keys)
    with pytest.raises(IndexRefused):
        index.count(OfficeId("none"))
    with pytest.raises(IndexRefused):
        found_elastic(elastic.server.with_credential(Credential("admin", "wrong")), instance)


def test_where_no_keys_are_made_both_ask_as_the_account_given_and_that_is_said(elastic: Elastic) -> None:
    cluster = Cluster(elastic.server)
    rights: Json = {"cluster": ["monitor"], "indices": [{"names": ["vk-*"], "privileges": ["read", "write", "manage"]}]}
    answered = cluster.ask("POST", "/_security/api_key", {"name": "limited", "role_descriptors": {"limited": rights}}).body
    assert isinstance(answered, dict)
    limited = Credential("", answered["encoded"])
    founded = found_elastic(elastic.server.with_credential(limited), RandomIds().new("instance"))
    assert founded.credentials == {"api": limited, "worker": limited} and founded.keys == ()
    assert founded.warning("vi") and founded.warning("en")
    cluster.ask("DELETE", "/_security/api_key", {"ids": [answered["id"]]})
    cluster.close()


@pytest.fixture
def stranger() -> Iterator[Server]:
    """A web server that is not Elasticsearch."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Server("http", (("127.0.0.1", server.server_port),), credential=Credential("admin", "x"))
        server.shutdown()


def test_what_cannot_be_reached_is_said_at_once_and_why(elastic: Elastic, stranger: Server, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = Server("http", (("127.0.0.1", closed.getsockname()[1]),), credential=Credential("admin", "x"))
        begun = time.monotonic()
        with pytest.raises(IndexUnreachable, match="no connection"):
            ElasticOpenIndex(nobody, "x").count(OfficeId("a"))
        assert time.monotonic() - begun < 28
    with pytest.raises(IndexUnreachable, match="not Elasticsearch"):
        ElasticOpenIndex(stranger, "x").count(OfficeId("a"))
    other = Trust(tmp_path)
    with pytest.raises(IndexUnreachable, match="certificate"):
        ElasticOpenIndex(Server("https", elastic.server.hosts, ca=other.ca, credential=elastic.server.credential), "x").count(OfficeId("a"))


def test_a_host_that_is_gone_is_passed_over(elastic: Elastic, office: Office) -> None:
    office.put(*ARCHIVE)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        hosts = (("127.0.0.1", closed.getsockname()[1]), *elastic.server.hosts)
        server = Server("https", hosts, ca=elastic.server.ca, credential=elastic.founded.credentials["api"])
        for _ in range(4):
            index = ElasticOpenIndex(server, elastic.instance)
            assert index.count(office.office) == len(ARCHIVE)
            index.close()


def test_an_index_that_went_away_or_is_of_another_analysis_is_not_taken_for_an_empty_one(elastic: Elastic, office: Office) -> None:
    office.put(*ARCHIVE)
    asked = elastic.opened("api")
    with asked.asking({office.office: frozenset()}) as sources:
        assert found(sources, "nộp thuế") == ["tax"]
    cluster = Cluster(elastic.server)
    names = Names(elastic.instance)
    cluster.ask("DELETE", f"/{names.generation(office.office, 1)}")
    with pytest.raises(IndexDamaged), asked.asking({office.office: frozenset()}) as sources:
        found(sources, "nộp thuế")
    cluster.ask("PUT", f"/{names.answering(office.office)}@a0-0.0-1", index_body([names.answering(office.office)]))
    with pytest.raises(IndexOutdated), asked.asking({office.office: frozenset()}):
        pass
    held_up = office.index.apply([change(office, "tax", 99, "thuế")]).held_up
    assert {name: type(error) for name, error in held_up.items()} == {office.office: IndexOutdated}
    cluster.ask("DELETE", f"/{names.answering(office.office)}@a0-0.0-1")
    cluster.close()


def test_a_record_that_moved_is_hidden_where_it_was_and_found_where_it_is(elastic: Elastic) -> None:
    before, after = elastic.make("before"), elastic.make("after")
    before.put(ARCHIVE[0])
    after.put(ARCHIVE[0])
    hidden = {before.office: frozenset({RecordId("tax")}), after.office: frozenset[RecordId]()}
    with elastic.api.asking(hidden) as sources:
        assert search(sources, "nộp thuế").found.total == 1


def test_facets_of_more_values_than_come_at_once_are_whole(elastic: Elastic, office: Office) -> None:
    values = 10_300
    office.put(*(entry(f"r{part}", tags=frozenset(f"t{part}x{number}" for number in range(values // 2)) | {"both"}) for part in range(2)))
    tags = search(elastic.asked(office), "", facets=(FacetField.TAGS,)).found.facets[FacetField.TAGS]
    assert len(tags) == 2 * (values // 2) + 1 and tags[0] == FacetValue("both", 2)


def test_the_widest_query_is_answered(elastic: Elastic, office: Office) -> None:
    office.put(*ARCHIVE)
    short = "ubnd hđnd btv bch bbt bct tw vptw vptu ubkt btc mttq đbqh ttcp ttg cp qppl kntc pctn antt cntt tthc gpmb qsdđ"
    assert len(parse_query(short).groups) > MAX_TERMS // 2
    search(elastic.asked(office), short, facets=tuple(FacetField), snippets=True)


def test_words_of_records_given_up_are_in_no_file(elasticsearch: ElasticsearchCluster, elastic: Elastic, office: Office) -> None:
    folder = elasticsearch.nodes[0].folder
    words = [f"{number}{CANARY}{office.office.replace('-', '')}" for number in range(6)]
    office.put(*(entry(f"r{number}", word, f"{word} thuế", tags=frozenset({word})) for number, word in enumerate(words)))
    given_up = [Change(office.office, RecordId("r3"), next(office.versions), None)]
    office.index.expunge([Change(office.office, RecordId("r9"), 0, None)])  # commits: from here on the words lie in a segment
    assert [left(folder, word) for word in words] == [True] * 6
    office.put(entry("r4", "khác", "khác"))
    office.index.apply(given_up)
    end = time.monotonic() + PATIENCE
    while not office.index.expunge(given_up):
        assert time.monotonic() < end
        time.sleep(1)
    assert [left(folder, word) for word in words] == [True, True, True, False, False, True]
    assert found(elastic.asked(office), words[5]) == ["r5"]
    assert not any(words[3] in value for value in office.index.vocabulary(office.office))


def left(folder: Path, word: str) -> bool:
    """Whether a word stands in any file below the folder."""
    return subprocess.run(["grep", "-rqaF", word, folder], check=False).returncode == 0
