"""A record that Elasticsearch refuses: it is told of to those who look after the archive, is nobody's hindrance, and comes in once it can."""

from __future__ import annotations

import pytest

from storage.catalog.names import OfficeId
from storage.home import Home
from storage.index.elastic.cluster import Cluster
from storage.index.elastic.documents import index_body
from storage.index.elastic.names import Names
from storage.settings import read_settings
from tests.instances import Instance
from tests.proofs.served import OPEN
from tests.proofs.servers.conftest import Heard, Servers
from tests.waiting import until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def house(house: Instance, servers: Servers) -> Instance:
    """With an index of its office that somebody made by hand: no day of this era fits into it."""
    names, office = Names(read_settings(Home(house.home)).instance), OfficeId("central")
    index = names.generation(office, 1)
    body = index_body([Names.writing(index), names.answering(office)])
    mappings = body["mappings"]
    assert isinstance(mappings, dict) and isinstance(mappings["properties"], dict)
    mappings["properties"]["ordinal"] = {"type": "short"}
    cluster = Cluster(servers.index.server())
    cluster.ask("PUT", f"/{index}", body)
    cluster.close()
    return house


def test_a_refused_record_is_named_to_who_may_read_it_counted_for_others_and_found_after_a_reindex(
    served: Heard, scanner: str, officer: str
) -> None:
    instance = served.instance
    keys = {role: instance.base / f"{role}.key" for role in ("administrator", "registrar")}
    for role, path in keys.items():
        instance.run("user", "add", f"lan {role}", "--office", "central", "--role", role, "--clearance", "TUYET_MAT", "--key-out", path)
    refused = served.settled(scanner, served.deposit(scanner, OPEN.format(number=1, text="Hoa sữa nở.").encode()))["record_id"]
    until(lambda: served.metric("vankho_index_refused") == 1, what="refused")
    assert served.metric("vankho_index_waiting") == 0
    (whole,), (counts,), (name,) = instance.json("status"), *(instance.json("status", key=path) for path in keys.values())
    (told,) = whole["refused_records"]  # type: ignore[misc]
    assert (whole["index_refused"], told["record_id"], told["reason"]) == (1, refused, "document_parsing_exception")
    assert told["again_at"] > told["refused_at"]
    assert (counts["index_refused"], counts["refused_records"]) == (1, [])
    assert set(name) == {"instance", "office", "network_class"}
    shown = instance.run("status").stdout
    assert "document_parsing_exception" in shown and str(refused) in shown
    assert str(refused) not in instance.run("status", key=keys["administrator"]).stdout

    assert served.ask("GET", "search?q=hoa", officer).json["total"] == 0
    instance.run("reindex")
    until(lambda: served.metric("vankho_index_refused") == 0, what="taken in")
    assert served.ask("GET", "search?q=hoa", officer).json["total"] == 1
    (after,) = instance.json("status")
    assert (after["index_refused"], after["refused_records"], after["index_waiting"]) == (0, [], 0)
