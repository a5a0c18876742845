"""A server that goes away, is killed, or says nothing: nothing acknowledged is lost, nothing is told that is not known, nothing hangs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from catalog_world import OFFICE, T0, World, later
from postgres_world import Place, as_admin, found
from wire import Wire

from storage.catalog import schema
from storage.catalog.deposits import RequestKey, take_in
from storage.catalog.engine import Catalog
from storage.catalog.names import OfficeId, PartitionName
from storage.catalog.offices import end_office
from storage.catalog.outbox import add_outbox_row, drop_content
from storage.catalog.postgresql import open_postgresql
from storage.catalog.states import Operation
from storage.catalog.work import claim, finish_step
from storage.errors import CatalogBusy, CatalogUnanswered, CatalogUnreachable, InvalidInput, LeaseLost, StoreFull, VankhoError
from storage.ids import RecordId
from tests.servers.postgresql import PostgresServer
from tests.servers.processes import free_port
from tests.servers.trust import Trust

pytestmark = pytest.mark.servers

CANARY = "quạtchanhxuyênkhơi"
DATABASE = "(SELECT oid FROM pg_database WHERE datname = current_database())"


@pytest.fixture
def catalog(place: Place) -> Iterator[Catalog]:
    opened = open_postgresql(place.server("keeper"), place.instance)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def mortal(trust: Trust) -> Iterator[PostgresServer]:
    """A server that may be killed."""
    with PostgresServer(trust) as server:
        yield server


def own_backend(connection: sa.Connection) -> int:
    return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


def receipts(place: Place) -> set[str]:
    with place.asked_by("keeper") as connection:
        return {str(row[0]) for row in connection.execute("SELECT id FROM receipt")}


def test_where_nobody_listens_it_says_so_at_once(place: Place) -> None:
    nowhere = replace(place.server("api"), hosts=(("127.0.0.1", free_port()),))
    began = time.monotonic()
    with pytest.raises(CatalogUnreachable, match="refused"):
        open_postgresql(nowhere, place.instance)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_a_server_that_cannot_prove_who_it_is_gets_no_password(place: Place, tmp_path: Path, wrong: str) -> None:
    other = Trust(tmp_path).ca if wrong == "authority" else place.owner.ca
    host = "127.0.0.1" if wrong == "authority" else "0.0.0.0"  # which is no name of its certificate
    with pytest.raises(CatalogUnreachable, match="certificate"):
        open_postgresql(replace(place.server("api"), ca=other, hosts=((host, place.owner.hosts[0][1]),)), place.instance)


def test_over_a_network_the_machines_own_authorities_must_vouch_for_it(postgresql: PostgresServer, place: Place) -> None:
    """Without an authority of its own; on the machine itself nothing has to be proven."""
    unnamed = replace(place.server("api"), ca=None)
    open_postgresql(unnamed, place.instance).close()
    with pytest.raises(CatalogUnreachable, match="certificate"):
        open_postgresql(replace(unnamed, hosts=(("0.0.0.0", postgresql.port),)), place.instance)


def test_a_connection_that_broke_unused_is_replaced(postgresql: PostgresServer, catalog: Catalog) -> None:
    with catalog.read() as reader, catalog.write() as writer:
        backends = own_backend(reader), own_backend(writer)
    with as_admin(postgresql) as admin:
        for backend in backends:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))
    with catalog.read() as reader, catalog.write() as writer:
        assert not {own_backend(reader), own_backend(writer)} & {*backends}


def test_an_act_that_lost_its_connection_changed_nothing(postgresql: PostgresServer, place: Place, catalog: Catalog) -> None:
    with pytest.raises(CatalogUnreachable) as caught, catalog.write() as connection:
        end_office(connection, OFFICE, later(1), None)
        with as_admin(postgresql) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (own_backend(connection),))
        connection.execute(sa.select(schema.office.c.id))
    assert not isinstance(caught.value, CatalogUnanswered)
    with catalog.read() as connection:
        assert connection.execute(sa.select(schema.office.c.valid_to)).scalars().all() == [None]


def test_a_deposit_whose_commit_had_no_answer_is_found_by_the_same_request(place: Place) -> None:
    """It was done, and nobody heard of it: it is told neither as done nor as undone, and sent again it makes no second record."""
    port, request = place.owner.hosts[0][1], RequestKey("credential", "key", "body")
    wire = Wire(port)
    world = World(place.address("api").replace(f":{port}/", f":{wire.port}/"))
    try:
        with ThreadPoolExecutor(1) as thread:
            with pytest.raises(CatalogUnanswered), world.catalog.write() as connection:
                deposit = world.deposit("a", request=request)
                take_in(connection, world.ids, deposit, T0, lambda record: world.row("deposit/a", T0, record))
                wire.mute()
                cutting = thread.submit(cut_once_there, wire, place, deposit.receipt_id)
            cutting.result()
        assert world.take("again", tag="tag-a", request=request).id == deposit.receipt_id  # over the same wire, by a new connection
        assert receipts(place) == {deposit.receipt_id}
    finally:
        world.catalog.close()
        wire.close()


def cut_once_there(wire: Wire, place: Place, receipt: str) -> None:
    while receipt not in receipts(place):
        pass
    wire.cut()


@pytest.mark.long
def test_a_server_that_says_nothing_holds_nobody_for_long(place: Place) -> None:
    wire = Wire(place.owner.hosts[0][1])
    catalog = open_postgresql(replace(place.server("api"), hosts=(("127.0.0.1", wire.port),)), place.instance)
    with pytest.raises(CatalogUnreachable, match="no answer"), catalog.read() as connection:
        wire.mute()
        began = time.monotonic()
        connection.execute(sa.select(schema.office.c.id))
    assert 30 < time.monotonic() - began < 45
    wire.close()
    catalog.close()


def test_killed_servers_lose_nothing_that_was_acknowledged(mortal: PostgresServer) -> None:
    """kill -9 twice amid deposits over several connections; they resume by themselves, and what was not confirmed is whole or not there."""
    place = found(mortal)
    hosts = [World(place.address("api")) for _ in range(3)]
    numbers, acknowledged, doubtful, refused = count(), set[str](), set[str](), list[VankhoError]()

    def deposit(world: World, until: int) -> None:
        while len(acknowledged) < until:
            name = f"r{next(numbers)}"
            receipt = world.ids.new(f"receipt/{name}")
            try:
                acknowledged.add(world.take(name).id)
            except CatalogUnanswered:
                doubtful.add(receipt)
            except CatalogBusy as error:
                refused.append(error)

    for _ in range(2):
        enough = len(acknowledged) + 60
        with ThreadPoolExecutor(6) as threads:
            running = [threads.submit(deposit, hosts[n % 3], enough) for n in range(6)]
            while len(acknowledged) < enough - 30:
                pass
            mortal.kill()
            mortal.start()
            for each in running:
                each.result()
    assert refused
    assert {type(error) for error in refused} <= {CatalogUnreachable}
    found_there = receipts(place)
    assert acknowledged <= found_there <= acknowledged | doubtful
    with place.asked_by("keeper") as connection:
        tables = ("record", "blob", "work", "receipt", "audit_pending", "record_fact")
        assert {connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables} == {(len(found_there),)}
    for world in hosts:
        world.catalog.close()


def test_while_it_starts_or_stops_it_counts_as_away(mortal: PostgresServer) -> None:
    place = found(mortal)
    catalog = open_postgresql(place.server("api"), place.instance)
    mortal.stop()
    with pytest.raises(CatalogUnreachable), catalog.write():
        pass
    mortal.start()
    with catalog.write() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    catalog.close()


def test_each_job_goes_to_one_worker_on_however_many_hosts(place: Place) -> None:
    api, hosts = World(place.address("api")), [World(place.address("worker")) for _ in range(4)]
    wanted = {str(api.take(f"r{n}").record) for n in range(40)}
    got: list[str] = []

    def work(number: int) -> None:
        world, owner = hosts[number % 4], f"w{number}"
        while True:
            with world.catalog.write() as connection:
                job = claim(connection, owner, T0, later(30))
            if job is None:
                return
            got.append(job.record)

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(work, n) for n in range(8)]:
            done.result()
    assert sorted(got) == sorted(wanted)
    for world in (api, *hosts):
        world.catalog.close()


def test_a_killed_workers_job_goes_to_another_host_and_it_can_write_no_more(place: Place) -> None:
    api, first, second = World(place.address("api")), World(place.address("worker")), World(place.address("worker"))
    record = api.take("a").record
    with first.catalog.write() as connection:
        lost = claim(connection, "w1", T0, later(30))
    with second.catalog.write() as connection:
        assert claim(connection, "w2", later(29), later(60)) is None
        taken = claim(connection, "w2", later(30), later(60))
    assert lost is not None
    assert taken is not None
    assert (taken.record, taken.attempts) == (record, 2)
    with pytest.raises(LeaseLost), first.catalog.write() as connection:
        finish_step(connection, lost, later(90))
    for world in (api, first, second):
        world.catalog.close()


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        ("53100", StoreFull),
        ("53200", CatalogBusy),
        ("55P03", CatalogBusy),
        ("57014", CatalogBusy),
        ("40P01", CatalogBusy),
        ("57P01", CatalogUnreachable),
    ],
)
def test_what_the_server_reports_is_told_as_what_it_means(catalog: Catalog, state: str, refusal: type[VankhoError]) -> None:
    with pytest.raises(refusal) as caught, catalog.write() as connection:
        connection.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$")
    assert type(caught.value) is refusal


def test_a_lock_that_is_not_given_back_makes_it_busy(place: Place, catalog: Catalog) -> None:
    with place.asked_by("keeper") as other, other.transaction():
        other.execute("LOCK TABLE office")
        with pytest.raises(CatalogBusy), catalog.write() as connection:
            connection.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
            connection.execute(sa.select(schema.office.c.id))


def test_a_process_that_stands_still_holds_the_writers_lock_for_a_minute_at_most(catalog: Catalog) -> None:
    with catalog.write() as connection:
        settings = ("idle_in_transaction_session_timeout", "statement_timeout", "lock_timeout")
        given = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in settings]
    assert given == ["1min", "30s", "25s"]
    with pytest.raises(CatalogUnreachable), catalog.write() as connection:
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
        with catalog.read() as other:
            while other.exec_driver_sql(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = {DATABASE}").scalar_one():
                pass
        connection.exec_driver_sql("SELECT 1")


def test_a_value_that_is_too_long_is_refused_and_not_cut(catalog: Catalog) -> None:
    with pytest.raises(InvalidInput), catalog.write() as connection:
        connection.execute(schema.office.update().values(id=OfficeId("h" * 64)))


def in_data(server: PostgresServer) -> list[str]:
    """Files with the canary, of tables and of the journal."""
    return sorted({file.parent.name for file in server.data.rglob("*") if file.is_file() and CANARY.encode() in file.read_bytes()} - {"pg_wal"})


def test_words_of_a_record_that_closed_are_in_no_file_of_a_table(mortal: PostgresServer) -> None:
    place = found(mortal)
    keeper, api = World(place.address("keeper")), World(place.address("api"))
    keeper.partition(PartitionName(OFFICE))
    records = [RecordId(str(api.take(name).record)) for name in ("a", "b")]
    with keeper.catalog.write() as connection:
        add_outbox_row(connection, records[0], Operation.DELETE, PartitionName(OFFICE), T0)  # stays, and its page with it
        for record in records:
            add_outbox_row(connection, record, Operation.PUT, PartitionName(OFFICE), T0, f'"{CANARY}"')
    with keeper.catalog.read() as reader:
        reader.execute(sa.select(schema.office.c.id))
        with keeper.catalog.write() as connection:
            drop_content(connection, records[1])
        assert api.catalog.expunge() is False
        assert keeper.catalog.expunge() is False
    with keeper.catalog.write() as connection:
        assert connection.execute(sa.select(schema.outbox.c.content)).scalars().all() == [None, f'"{CANARY}"']
    with as_admin(mortal) as admin:
        admin.execute("CHECKPOINT")
        assert len(in_data(mortal)) == 1
        with keeper.catalog.write() as connection:
            drop_content(connection, records[0])
        admin.execute("CHECKPOINT")
        assert in_data(mortal)
        assert keeper.catalog.expunge() is True
        admin.execute("CHECKPOINT")
        assert in_data(mortal) == []
    for world in (keeper, api):
        world.catalog.close()
