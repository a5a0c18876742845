"""A closed index that is lost, damaged or outdated: it answers whole or not at all, and of what somebody may not read nothing is told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from storage.catalog.blobs import blob_of
from storage.catalog.index_faults import all_faults
from storage.catalog.names import OfficeId, PartitionName
from storage.catalog.rebuilds import all_rebuilds
from storage.catalog.states import BlobPart
from storage.failpoints import arm, disarm
from storage.ids import RecordId
from storage.index.elastic.closed_index import ElasticClosedIndex
from storage.index.elastic.cluster import Cluster
from storage.index.elastic.documents import index_body
from storage.index.elastic.names import Kind, Names
from storage.index.embedded.connection import opened
from storage.vault.keeper.closed_files import ClosedFiles, place_of
from storage.vault.keeper.mending import Mending
from tests.search_api.papers import notice, secret
from tests.twins.asgi import Reply
from tests.twins.story import multipart
from tests.twins.world import START, Twins, World

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

MAT, TOI_MAT = (PartitionName.parse(f"closed/central/{level}/") for level in ("MAT", "TOI_MAT"))
NUMBERS = count(1)


@dataclass(frozen=True)
class House:
    """A world with a closed record in each of two partitions and an open one, all found by one word.

    The archivist may read all three, the clerk the higher one, which was granted to her, and the open one.
    """

    world: World
    low: str
    high: str
    free: str

    def search(self, token: str) -> Reply:
        return self.world.ask(token, "GET", "search?q=hoa")

    def found(self, token: str) -> set[str]:
        reply = self.search(token)
        assert reply.status == 200, reply
        return {hit["record_id"] for hit in json.loads(reply.body)["hits"]}

    def faults(self) -> dict[PartitionName, str]:
        with self.world.keeper.catalog.read() as connection:
            return {one.partition: one.code for one in all_faults(connection)}

    def rebuilds(self) -> list[PartitionName]:
        with self.world.keeper.catalog.read() as connection:
            return [one.partition for one in all_rebuilds(connection)]

    def told(self, method: str, target: str, token: str | None = None) -> dict[str, list[dict[str, object]]]:
        reply = self.world.ask(token or self.world.officer, method, target)
        assert reply.status < 300, reply
        content: dict[str, list[dict[str, object]]] = json.loads(reply.body)
        return content

    def findings(self, query: str = "") -> list[str]:
        return [str(one["text"]) for one in self.told("POST", f"checks{query}")["findings"]]

    def opened(self) -> list[list[str]]:
        """The records that the keeper says it opened to build an index anew, one act after the other."""
        self.world.keeper.sequencer.sequence()
        acts = self.told("GET", "audit?action=reindex")["entries"]
        return [sorted(act["details"]["records"]) for act in reversed(acts) if act["source"] == "keeper"]  # type: ignore[index]

    @property
    def files(self) -> ClosedFiles:
        assert isinstance(self.world.keeper.closed, ClosedFiles)
        return self.world.keeper.closed

    def place(self, partition: PartitionName) -> OfficeId:
        return place_of(self.world.keeper.keyring, partition)

    def file(self, partition: PartitionName) -> Path:
        return self.files._newest(self.place(partition))

    @contextmanager
    def cluster(self) -> Iterator[tuple[Cluster, Names]]:
        closed = self.world.keeper.closed
        assert isinstance(closed, ElasticClosedIndex)
        cluster = Cluster(closed._server)
        yield cluster, closed._names
        cluster.close()


def deposit(world: World, text: str) -> str:
    headers, body = multipart("a.txt", text.encode())
    return str(json.loads(world.ask("archivist", "POST", "deposits", headers, body).body)["record_id"])


def person(world: World, name: str, role: str, clearance: str = "TOI_MAT") -> None:
    who: dict[str, object] = {"name": name, "office": "central", "roles": [role], "clearance": clearance, "compartments": []}
    assert world.send(world.officer, "POST", "people", who | {"token_sha256": hashlib.sha256(name.encode()).hexdigest()}).status == 201


def letter(number: int, mark: str) -> str:
    return secret(number, "việc mật", f"Hoa sữa {number}.", mark)


@contextmanager
def housed(twins: Twins, home: str) -> Iterator[House]:
    with twins.world("home", home) as world:
        for name, role in (("archivist", "archivist"), ("clerk", "officer"), ("keeps", "administrator")):
            person(world, name, role)
        low, high, free = (deposit(world, text) for text in (letter(1, "MẬT"), letter(2, "TỐI MẬT"), notice(3, "lịch nghỉ", "Hoa sữa 3.")))
        world.settle()
        grant = {"person": "clerk", "reason": "thử", "record": high, "until": (START + timedelta(days=9)).isoformat()}
        assert world.send("archivist", "POST", "grants", grant).status == 201
        house = House(world, low, high, free)
        assert (house.found("archivist"), house.found("clerk")) == ({low, high, free}, {high, free})
        yield house
    twins.drop(home)


@pytest.fixture
def house(twins: Twins) -> Iterator[House]:
    with housed(twins, f"lost-{next(NUMBERS)}") as made:
        yield made


in_files = pytest.mark.parametrize("twins", ["embedded"], indirect=True)


Spoil = Callable[[House, PartitionName], None]


def restarted(house: House) -> None:
    """What the index's engine knows is forgotten, as when another keeper begins."""
    closed = house.world.keeper.closed
    closed.close()
    if isinstance(closed, ElasticClosedIndex):
        closed._answering = frozenset()


def deleted(house: House, partition: PartitionName) -> None:
    place = house.place(partition)
    if isinstance(house.world.keeper.closed, ClosedFiles):
        for path in house.world.home.closed.glob(f"{place}*.db*"):
            path.unlink()
        return
    with house.cluster() as (cluster, names):
        for index in names.existing(cluster)[place].all:
            cluster.ask("DELETE", f"/{index}")


def outdated(house: House, partition: PartitionName) -> None:
    """As an earlier analysis left it."""
    place = house.place(partition)
    restarted(house)
    if isinstance(house.world.keeper.closed, ClosedFiles):
        connection = opened(house.file(partition), house.files._key_of(place), 1.0)
        connection.execute("UPDATE property SET value = '0/0.0' WHERE name = 'analysis'")
        connection.close()
        return
    deleted(house, partition)
    with house.cluster() as (cluster, names):
        old = f"{names.answering(place)}@a0-0.0-1"
        cluster.ask("PUT", f"/{old}", index_body([names.writing(old), names.answering(place)], Kind.CLOSED))


def emptied(house: House, partition: PartitionName) -> None:
    """As an older copy of it that somebody put back."""
    place = house.place(partition)
    deleted(house, partition)
    if isinstance(house.world.keeper.closed, ClosedFiles):
        house.files._own(place, lambda _: True)
        return
    with house.cluster() as (cluster, names):
        new = names.generation(place, 9)
        cluster.ask("PUT", f"/{new}", index_body([names.writing(new), names.answering(place)], Kind.CLOSED))


def garbage(house: House, partition: PartitionName) -> None:
    restarted(house)
    house.file(partition).write_bytes(b"no longer a database" * 500)


def comes_back(house: House, spoil: Spoil) -> None:
    """Whatever was done to the index of the lower partition."""
    world = house.world
    spoil(house, MAT)
    before = len(house.opened())
    refused = house.search("archivist")
    assert (refused.status, json.loads(refused.body)["code"]) == (503, "VK-CLOSED-INDEX-DAMAGED")
    assert str(MAT) in refused.body.decode()
    assert house.found("clerk") == {house.high, house.free}, "nothing is missing that she may read"
    assert [*house.faults()] == house.rebuilds() == [MAT]
    assert [one["partition"] for name in ("index_faults", "reindexing") for one in house.told("GET", "status")[name]] == [str(MAT)] * 2
    assert any(str(MAT) in text for text in house.findings())
    late, other = deposit(world, letter(4, "MẬT")), deposit(world, letter(5, "TỐI MẬT"))
    world.learn()
    waiting = house.told("GET", "status")
    assert waiting["index_waiting"] == 1, "what is for the other partition is in it"
    assert house.search("archivist").status == 503
    world.settle()
    assert house.found("archivist") == {house.low, house.high, house.free, late, other}
    assert (house.faults(), house.rebuilds(), house.findings(), house.findings("?read_data=1")) == ({}, [], [], [])
    assert house.opened()[before:] == [sorted([house.low, late])]


@pytest.mark.parametrize("spoil", [deleted, outdated])
def test_what_she_may_read_is_missing_from_no_answer_and_comes_back_by_itself(house: House, spoil: Spoil) -> None:
    comes_back(house, spoil)


@in_files
def test_so_it_is_where_the_file_is_garbage(house: House) -> None:
    comes_back(house, garbage)


@in_files
def test_one_damaged_page_is_noticed_by_a_search_that_reads_it_or_by_check(house: House) -> None:
    world = house.world
    for number in range(10, 60):
        deposit(world, letter(number, "MẬT"))
    world.settle()
    whole = house.found("archivist")
    pages = house.file(MAT).stat().st_size // 4096
    restarted(house)
    intact, noticed = house.file(MAT).read_bytes(), list[str]()
    for page in range(1, pages, 7):
        place = house.file(MAT)
        spoiled = bytearray(intact)
        spoiled[page * 4096 + 1000] ^= 1
        place.write_bytes(spoiled)
        answer = house.search("archivist")
        if answer.status == 200:
            assert house.found("archivist") == whole
            assert any(str(MAT) in text for text in house.findings("?read_data=1"))
            noticed.append("check")
        else:
            assert json.loads(answer.body)["code"] == "VK-CLOSED-INDEX-DAMAGED"
            noticed.append("search")
        assert house.found("clerk") == {house.high, house.free}
        world.settle()
        assert (house.found("archivist"), house.findings("?read_data=1")) == (whole, [])
        restarted(house)
        intact = house.file(MAT).read_bytes()
    assert {*noticed} == {"search", "check"}


@pytest.mark.parametrize("when", ["rebuild.1", "rebuild.2"])
def test_a_keeper_that_dies_over_it_loses_nothing_and_the_next_one_begins_anew(house: House, when: str) -> None:
    world = house.world
    deleted(house, MAT)
    assert house.search("archivist").status == 503
    arm(f"eio@{when}")
    try:
        with pytest.raises(OSError):
            world.mending.turn()
    finally:
        disarm()
    assert house.faults()
    assert house.search("archivist").status == 503
    later = Mending(world.keeper)
    assert later.turn() == 0.0
    world.settle()
    assert (house.found("archivist"), house.faults(), house.rebuilds()) == ({house.low, house.high, house.free}, {}, [])


@pytest.mark.parametrize("spoil", [emptied, deleted, outdated])
def test_a_keeper_that_begins_counts_them_and_so_does_check(house: House, spoil: Spoil) -> None:
    spoil(house, MAT)
    restarted(house)
    assert Mending(house.world.keeper).turn() == 0.0
    assert house.opened() == [[house.low]]
    assert (house.found("archivist"), house.faults()) == ({house.low, house.high, house.free}, {})
    spoil(house, TOI_MAT)
    restarted(house)
    assert any(str(TOI_MAT) in text and "it is being built again" in text for text in house.findings())
    house.world.learn()
    assert house.search("clerk").status == house.search("archivist").status == 503
    house.world.settle()
    assert (house.findings(), house.found("clerk")) == ([], {house.high, house.free})


def test_what_is_asked_for_is_told_to_each_as_far_as_she_may_read(house: House) -> None:
    def under_way(token: str) -> list[object]:
        return [one["partition"] for one in house.told("GET", "reindexing", token)["reindexing"]]

    world = house.world
    person(world, "low", "archivist", "MAT")
    asked = house.told("POST", "reindexing", "low")
    assert asked == {"reindexing": [{"office": "central"}]}
    assert under_way("keeps") == ["closed/central/MAT/", "closed/central/TOI_MAT/", "open/central"]
    assert under_way("archivist") == under_way("keeps")
    assert under_way("low") == ["closed/central/MAT/", "open/central"]
    assert house.found("archivist") == {house.low, house.high, house.free}, "the ones that are there go on answering"
    world.settle()
    assert under_way("keeps") == ["open/central"], "which is the worker's"
    assert sorted(house.opened()) == sorted([[house.low], [house.high]])
    assert house.found("archivist") == {house.low, house.high, house.free}


@in_files
def test_of_a_record_whose_parts_are_damaged_what_can_be_read_is_found(house: House) -> None:
    world = house.world
    with world.keeper.catalog.read() as connection:
        blob = blob_of(connection, RecordId(house.low), BlobPart.TEXT)
    assert blob is not None
    (payload,) = (path for path in world.home.store.rglob(blob.id))
    before = payload.read_bytes()
    payload.write_bytes(bytes([before[0] ^ 1]) + before[1:])
    deleted(house, MAT)
    world.mending._look_at = 0.0
    world.settle()
    assert house.found("archivist") == {house.high, house.free}
    listed = json.loads(world.ask("archivist", "GET", "search?q=m%E1%BA%ADt").body)
    assert house.low in {hit["record_id"] for hit in listed["hits"]}, "by its description"
    assert house.faults() == {}
    payload.write_bytes(before)
    house.told("POST", "reindexing", "archivist")
    world.settle()
    assert house.low in house.found("archivist")
