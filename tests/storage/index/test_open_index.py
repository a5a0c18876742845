"""The open index of an instance, whatever it lies on: what is applied is found, and it can be built anew while it answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from storage.catalog.names import OfficeId
from storage.errors import IndexDamaged, IndexIncomplete, IndexOutdated, VankhoError
from storage.ids import RandomIds, RecordId
from storage.index.elastic.cluster import Cluster
from storage.index.elastic.documents import index_body
from storage.index.elastic.names import Names
from storage.index.embedded import EmbeddedOpenIndex
from storage.index.entry import IndexEntry
from storage.index.merge import Answer
from storage.index.open_index import Applied, Batches, Change, OpenIndex, Rebuilt
from tests.storage.index.index_world import ARCHIVE, KEY, Elastic, entry, found, search

VERSIONS = count(1)


@pytest.fixture(params=["embedded", pytest.param("elastic", marks=pytest.mark.servers)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], OpenIndex]]:
    """The index as a process of this role opens it."""
    made: list[OpenIndex] = []

    def open_as(role: str) -> OpenIndex:
        if request.param == "embedded":
            made.append(EmbeddedOpenIndex(tmp_path, KEY))
        else:
            shared: Elastic = request.getfixturevalue("elastic")
            made.append(shared.opened(role))
        return made[-1]

    yield open_as
    for index in made:
        index.close()


@pytest.fixture
def worker(opened: Callable[[str], OpenIndex]) -> OpenIndex:
    return opened("worker")


@pytest.fixture
def api(opened: Callable[[str], OpenIndex]) -> OpenIndex:
    return opened("api")


@pytest.fixture
def spoil(opened: Callable[[str], OpenIndex], tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[OfficeId], type[VankhoError]]:
    """Make what answers for an office unfit: a file damaged, an index on Elasticsearch of another version. Returns what is said of it."""

    def spoiled(office: OfficeId) -> type[VankhoError]:
        if "elastic" not in request.fixturenames and "elastic" not in request.node.callspec.params.values():
            for path in tmp_path.glob(f"open-{office}*.db*"):
                path.write_bytes(b"no longer a database" * 500)
            return IndexDamaged
        shared: Elastic = request.getfixturevalue("elastic")
        cluster, names = Cluster(shared.server), Names(shared.instance)
        for index in names.existing(cluster)[office].all:
            cluster.ask("DELETE", f"/{index}")
        outdated = f"{names.answering(office)}@a0-0.0-1"
        cluster.ask("PUT", f"/{outdated}", index_body([names.writing(outdated), names.answering(office)]))
        cluster.close()
        request.addfinalizer(lambda: _removed(shared, outdated))  # the instance is shared, and search refuses it while one is outdated
        return IndexOutdated

    return spoiled


@pytest.fixture
def lose(opened: Callable[[str], OpenIndex], tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[OfficeId], None]:
    """Take away all that there is of an office's index."""

    def lost(office: OfficeId) -> None:
        for path in tmp_path.glob(f"open-{office}.db*"):
            path.unlink()
        if "elastic" in request.fixturenames:
            shared: Elastic = request.getfixturevalue("elastic")
            cluster = Cluster(shared.server)
            for index in Names(shared.instance).existing(cluster)[office].all:
                cluster.ask("DELETE", f"/{index}")
            cluster.close()

    return lost


def _removed(shared: Elastic, index: str) -> None:
    cluster = Cluster(shared.server)
    cluster.ask("DELETE", f"/{index}", accepted=frozenset({404}))
    cluster.close()


@pytest.fixture
def office() -> OfficeId:
    return OfficeId(RandomIds().new("office"))


def put(office: OfficeId, one: IndexEntry) -> Change:
    return Change(office, one.record_id, next(VERSIONS), one)


def delete(office: OfficeId, name: str) -> Change:
    return Change(office, RecordId(name), next(VERSIONS), None)


def ask(index: OpenIndex, text: str, *offices: OfficeId) -> list[str]:
    with index.asking(dict.fromkeys(offices, frozenset())) as sources:
        return sorted(found(sources, text))


def batch(records: Iterable[IndexEntry], last: str) -> Sequence[IndexEntry]:
    """The two records that follow."""
    return sorted((one for one in records if one.record_id > last), key=lambda one: one.record_id)[:2]


def batches(*records: IndexEntry) -> Batches:
    return lambda last: batch(records, last)


def test_an_office_of_which_nothing_was_ever_indexed_has_nothing_to_say(worker: OpenIndex, api: OpenIndex, office: OfficeId) -> None:
    assert (ask(api, "", office), api.count(office), list(api.entries(office)), api.vocabulary(office)) == ([], 0, [], frozenset())
    assert worker.apply([]) == Applied()


def test_an_index_that_was_lost_is_told_from_one_that_never_was(
    worker: OpenIndex, api: OpenIndex, office: OfficeId, lose: Callable[[OfficeId], None]
) -> None:
    other, never = OfficeId(f"{office}-2"), OfficeId(f"{office}-3")
    worker.apply([put(one, ARCHIVE[0]) for one in (office, other)])
    assert api.missing([office, other, never]) == {never}
    assert ask(api, "", office, other, never) == ["tax", "tax"]
    lose(office)
    assert api.missing([office, other, never]) == {office, never}
    with pytest.raises(IndexDamaged), api.asking(dict.fromkeys((office, other, never), frozenset()), lambda one: one == never) as sources:
        search(sources, "")
    with api.asking(dict.fromkeys((other, never), frozenset()), lambda one: one == never) as sources:
        assert found(sources, "") == ["tax"]


def test_what_is_applied_is_found_by_others_and_what_is_given_up_is_not(worker: OpenIndex, api: OpenIndex, office: OfficeId) -> None:
    other = OfficeId(f"{office}-2")
    changes = [*(put(office, one) for one in ARCHIVE[:3]), put(other, ARCHIVE[3]), delete(office, "tax"), delete(office, "never")]
    assert worker.apply(changes) == Applied()
    assert (ask(api, "", office), ask(api, "", other), ask(api, "", office, other)) == (["land", "report"], ["plain"], ["land", "plain", "report"])
    assert (api.count(office), api.count(other)) == (2, 1)
    assert list(api.entries(office)) == [ARCHIVE[1], ARCHIVE[2]]
    assert "REPORT" in api.vocabulary(office) or "bao" in api.vocabulary(office)


def test_more_entries_than_a_page_are_all_given(worker: OpenIndex, api: OpenIndex, office: OfficeId) -> None:
    worker.apply([put(office, entry(f"r{number:03}")) for number in range(205)])
    assert [one.record_id for one in api.entries(office)] == [f"r{number:03}" for number in range(205)]


def test_an_index_built_anew_holds_what_the_catalog_has_and_answers_all_the_while(worker: OpenIndex, api: OpenIndex, office: OfficeId) -> None:
    worker.apply([put(office, one) for one in ARCHIVE] + [put(office, entry("stray", text="thừa ra"))])
    seen = []

    def read(last: str) -> Sequence[IndexEntry]:
        seen.append(ask(api, "thuế", office))
        return batch(ARCHIVE, last)

    assert worker.rebuild(office, read, lambda _: len(ARCHIVE)) == Rebuilt(len(ARCHIVE))
    assert seen == [["report", "tax"]] * 3
    assert list(api.entries(office)) == sorted(ARCHIVE, key=lambda one: one.record_id)
    assert ask(api, "thừa", office) == []
    worker.apply([put(office, entry("later", text="sau đó"))])
    assert ask(api, "sau", office) == ["later"] and api.count(office) == len(ARCHIVE) + 1


def test_changes_that_come_while_an_index_is_built_anew_are_in_it(worker: OpenIndex, api: OpenIndex, office: OfficeId) -> None:
    held = {one.record_id: one for one in ARCHIVE}
    worker.apply([put(office, one) for one in ARCHIVE])
    come = [
        put(office, replace(ARCHIVE[0], text="sửa lại")),
        put(office, replace(ARCHIVE[1], text="sửa trước")),
        put(office, entry("new", text="mới tinh")),
        delete(office, "plain"),
        delete(office, "report"),
    ]

    def expected(_: object) -> int:
        """Everything has been read by now, and is changed before it is counted."""
        while come:
            change = come.pop()
            worker.apply([change])
            held.pop(change.record, None)
            if change.entry is not None:
                held[change.record] = change.entry
        return len(held)

    assert worker.rebuild(office, lambda last: batch(held.values(), last), expected) == Rebuilt(3)
    assert {one.record_id: one for one in api.entries(office)} == held
    assert (ask(api, "sửa", office), ask(api, "mới tinh", office), ask(api, "hòa giải", office)) == (["land", "tax"], ["new"], [])


def test_an_office_whose_index_takes_nothing_is_said_and_is_in_no_others_way(
    worker: OpenIndex, api: OpenIndex, office: OfficeId, spoil: Callable[[OfficeId], type[VankhoError]]
) -> None:
    other = OfficeId(f"{office}-2")
    worker.apply([put(office, ARCHIVE[0])])
    worker.close()
    refusal = spoil(office)
    for _ in range(2):
        applied = worker.apply([put(office, ARCHIVE[1]), put(other, ARCHIVE[2]), delete(office, "tax")])
        assert applied.refused == () and {name: type(error) for name, error in applied.held_up.items()} == {office: refusal}
    assert api.count(other) == 1


def test_changes_that_come_while_an_unfit_index_is_built_anew_are_in_the_new_one(
    worker: OpenIndex, api: OpenIndex, office: OfficeId, spoil: Callable[[OfficeId], type[VankhoError]]
) -> None:
    held = {one.record_id: one for one in ARCHIVE}
    worker.apply([put(office, one) for one in ARCHIVE])
    worker.close()
    refusal = spoil(office)
    come = [put(office, entry("new", text="mới tinh")), put(office, replace(ARCHIVE[1], text="sửa lại")), delete(office, "plain")]
    said = []

    def expected(_: object) -> int:
        """Everything has been read by now, and is changed before it is counted."""
        if come:
            change = come.pop()
            said.append({name: type(error) for name, error in worker.apply([change]).held_up.items()})
            held.pop(change.record, None)
            if change.entry is not None:
                held[change.record] = change.entry
        return len(held) + len(come)

    assert worker.rebuild(office, lambda last: batch(held.values(), last), expected) == Rebuilt(4)
    assert said == [{office: refusal}] * 3
    assert {one.record_id: one for one in api.entries(office)} == held
    assert worker.apply([put(office, entry("later", text="mới tinh"))]) == Applied()
    assert ask(api, "mới tinh", office) == ["later", "new"]


def test_nothing_is_lost_to_another_process_that_goes_on_writing(opened: Callable[[str], OpenIndex], office: OfficeId) -> None:
    held = {f"r{number:02}": entry(f"r{number:02}", text="đầu") for number in range(20)}
    turn, stop = threading.Lock(), threading.Event()
    writer, builder = opened("worker"), opened("worker")
    writer.apply([put(office, one) for one in held.values()])

    def write() -> None:
        for number in count():
            name = f"r{number * 7 % 30:02}"
            with turn:  # committed first, then applied, as the outbox does it
                gone = number % 3 == 0 and held.pop(name, None) is not None
                if not gone:
                    held[name] = entry(name, text=f"lần {number}")
                change = delete(office, name) if gone else put(office, held[name])
            writer.apply([change])
            if stop.is_set():
                return

    def read(last: str) -> Sequence[IndexEntry]:
        with turn:
            return batch(held.values(), last)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(2):
            builder.rebuild(office, read, lambda _: builder.count(office))
    finally:
        stop.set()
        thread.join()
    assert {one.record_id: one for one in builder.entries(office)} == held


def test_a_rebuilding_does_not_mind_that_connections_are_given_back(worker: OpenIndex, api: OpenIndex, office: OfficeId) -> None:
    def read(last: str) -> Sequence[IndexEntry]:
        worker.apply([put(office, entry("other"))])
        worker.close()  # as it is done upon a fault of what keeps the index up to date
        return batch(ARCHIVE, last)

    def expected(_: object) -> int:
        worker.close()
        return len(ARCHIVE) + 1

    if isinstance(worker, EmbeddedOpenIndex):
        read = batches(*ARCHIVE, entry("other"))  # a file's changes wait while it is read
    assert worker.rebuild(office, read, expected, 5.0) == Rebuilt(len(ARCHIVE) + 1)
    assert api.count(office) == len(ARCHIVE) + 1


def test_an_index_that_would_be_incomplete_is_not_put_in_place(worker: OpenIndex, api: OpenIndex, office: OfficeId) -> None:
    worker.apply([put(office, one) for one in ARCHIVE])
    with pytest.raises(IndexIncomplete):
        worker.rebuild(office, batches(*ARCHIVE[:2]), lambda _: len(ARCHIVE), 0.0)
    assert api.count(office) == len(ARCHIVE)
    worker.apply([delete(office, "tax")])
    assert ask(api, "", office) == ["land", "plain", "report"]
    assert worker.rebuild(office, batches(*ARCHIVE[1:]), lambda _: 3) == Rebuilt(3)
    assert ask(api, "", office) == ["land", "plain", "report"]


def test_a_first_index_can_be_built_from_the_catalog_alone(worker: OpenIndex, api: OpenIndex, office: OfficeId) -> None:
    assert worker.rebuild(office, batches(*ARCHIVE), lambda _: len(ARCHIVE)) == Rebuilt(len(ARCHIVE))
    assert ask(api, "thuế", office) == ["report", "tax"]


def test_a_first_index_that_is_built_while_changes_come_answers_alone(worker: OpenIndex, api: OpenIndex, office: OfficeId) -> None:
    def expected(_: object) -> int:
        worker.apply([put(office, entry("new", text="thuế"))])
        return len(ARCHIVE) + 1

    assert worker.rebuild(office, batches(*ARCHIVE), expected) == Rebuilt(len(ARCHIVE) + 1)
    assert (api.count(office), ask(api, "thuế", office)) == (len(ARCHIVE) + 1, ["new", "report", "tax"])
    worker.apply([delete(office, "new")])
    assert ask(api, "thuế", office) == ["report", "tax"]


def test_totals_and_cursors_go_over_all_offices_asked(worker: OpenIndex, api: OpenIndex, office: OfficeId) -> None:
    offices = [OfficeId(f"{office}-{number}") for number in range(3)]
    worker.apply([put(offices[number % 3], entry(f"r{number:02}", text="thuế " * (1 + number % 2))) for number in range(9)])
    with api.asking(dict.fromkeys(offices, frozenset())) as sources:
        answer: Answer = search(sources, "thuế", limit=4)
    assert answer.found.total == 9 and answer.found.more and answer.next == answer.found.hits[-1].key
