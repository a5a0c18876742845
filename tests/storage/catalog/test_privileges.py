"""What api and worker may do in the catalog on a server, and see of it, whatever statement they give."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa
from catalog_world import LAN, OFFICE, T0, World, later
from postgres_world import Place

from classification.levels import Level
from storage.catalog import schema
from storage.catalog.audit_rows import oldest_waiting, sequenced
from storage.catalog.blobs import add_blob, blob_of, forget_blob, retire_blob, rewrapped_header
from storage.catalog.deposits import RequestKey, add_batch, settle
from storage.catalog.engine import Catalog
from storage.catalog.facts import NewFact, add_fact, facts_at
from storage.catalog.index_faults import all_faults
from storage.catalog.names import PartitionName, PersonId
from storage.catalog.outbox import add_outbox_row, applied, count_refused, drop_content, give_again, refused, refused_rows, unapplied
from storage.catalog.partitions import newest_key
from storage.catalog.privileges import readable
from storage.catalog.rebuilds import (
    add_rebuilds,
    all_rebuilds,
    claim_rebuild,
    hold_rebuild,
    rebuild_done,
    rebuild_failed,
    rebuild_goes_on,
    void_rebuild_leases,
)
from storage.catalog.record_facts import Change
from storage.catalog.records import Classified, advance, classify, keep, rewrapped, withdraw
from storage.catalog.shown_size import show_size
from storage.catalog.states import BlobPart, FactKind, Operation, Outcome, State
from storage.catalog.work import claim, close, finish_step, heartbeat, queue_figures, void_leases
from storage.clock import FixedClock
from storage.description import Description, delete_open, read_open, write_open
from storage.ids import RecordId
from storage.upkeep.losses import note

pytestmark = pytest.mark.servers

OPEN, MAT = PartitionName(OFFICE), PartitionName(OFFICE, Level.MAT)
PLAIN = Classified(Level.NON_CONFIDENTIAL, Level.NON_CONFIDENTIAL, frozenset(), work_secret=False, review=False)
RAISED = Classified(Level.MAT, Level.NON_CONFIDENTIAL, frozenset(), work_secret=False, review=False)
WORDS = Description("quạt.pdf", "0" * 64, subject="Về việc mua quạt")


@pytest.fixture
def by_role(place: Place) -> Iterator[dict[str, World]]:
    """The one catalog, as each process opens it."""
    worlds = {role: World(place.address(role)) for role in ("keeper", "api", "worker")}
    yield worlds
    for world in worlds.values():
        world.catalog.close()


def kept_open(by_role: dict[str, World]) -> RecordId:
    """A record that was deposited by the api and kept by the worker, with its words in the catalog and on their way to the index."""
    for name in (OPEN, MAT):
        by_role["keeper"].partition(name)
    record = RecordId(str(by_role["api"].take("a", request=RequestKey("credential", "key", "body")).record))
    world = by_role["worker"]
    with world.catalog.write() as connection:
        job = claim(connection, "w", T0, later(30))
        assert job is not None
        heartbeat(connection, job, later(40))
        for state in (State.IDENTIFIED, State.SANITISED, State.READ, State.DESCRIBED):
            advance(connection, record, state, "application/pdf", 1)
            following = finish_step(connection, job, later(30))
            assert following is not None
            job = following
        classify(connection, world.ids, record, PLAIN, Change(T0, world.act(connection, "classify")))
    with world.catalog.write() as connection:
        original = blob_of(connection, record, BlobPart.ORIGINAL)
        assert original is not None
        assert newest_key(connection, OPEN) is not None
        rewrapped_header(connection, original, b"n" * 32)
        add_blob(connection, record, BlobPart.ENVELOPE, world.stored("envelope"), None)
        retire_blob(connection, record, BlobPart.ENVELOPE, T0)
        keep(connection, record, OPEN, 1, T0)
        write_open(connection, record, WORDS)
        add_outbox_row(connection, record, Operation.PUT, OPEN, T0, '{"subject":"quạt"}')
        show_size(connection, record, 900, Level.NON_CONFIDENTIAL)
        settle(connection, record, Outcome.STORED, None)
    with world.catalog.write() as connection:
        forget_blob(connection, world.stored("envelope").id)
        close(connection, job)
        void_leases(connection)
        queue_figures(connection, T0)
    return record


def seen(place: Place, role: str) -> tuple[list[str], list[str]]:
    """Subjects, and contents on their way to the index, by a statement that asks for all."""
    with place.asked_by(role) as connection:
        subjects = [str(row[0]) for row in connection.execute("SELECT subject FROM open_description")]
        contents = [str(row[0]) for row in connection.execute("SELECT content FROM outbox WHERE content IS NOT NULL")]
    return subjects, contents


def test_an_index_is_built_anew_by_the_worker_as_the_api_asked_for_it(by_role: dict[str, World]) -> None:
    for not_taken in (0, 2):
        with by_role["api"].catalog.write() as connection:
            add_rebuilds(connection, [PartitionName(OFFICE)], T0)
        with by_role["worker"].catalog.write() as connection:
            claimed = claim_rebuild(connection, "w", T0, later(30), is_open=True)
            assert claimed is not None
            hold_rebuild(connection, claimed, later(40))
            rebuild_goes_on(connection, claimed, 1, 2)
            rebuild_done(connection, claimed, not_taken)
            void_rebuild_leases(connection, is_open=True)
    with by_role["api"].catalog.write() as connection:
        assert [one.refused for one in all_rebuilds(connection)] == [2]
        add_rebuilds(connection, [PartitionName(OFFICE)], later(50))
    with by_role["worker"].catalog.write() as connection:
        again = claim_rebuild(connection, "w", later(50), later(90), is_open=True)
        assert again is not None
        rebuild_failed(connection, again, "VK-INDEX-INCOMPLETE")


def test_an_index_that_the_worker_finds_gone_is_asked_for_by_itself(by_role: dict[str, World]) -> None:
    kept_open(by_role)
    for _ in range(2):
        note(by_role["worker"].catalog, FixedClock(T0), {OPEN: "VK-INDEX-DAMAGED"})
    with by_role["api"].catalog.read() as connection:
        assert [one.partition for one in all_rebuilds(connection)] == [OPEN]
        assert [one.partition for one in all_faults(connection)] == [OPEN]


def close_it(catalog: Catalog, world: World, record: RecordId) -> None:
    """As the api does it."""
    with catalog.write() as connection:
        classify(connection, world.ids, record, RAISED, Change(later(9), world.act(connection, "raise")), again=True)
        delete_open(connection, record)
        drop_content(connection, record)
        add_outbox_row(connection, record, Operation.DELETE, OPEN, later(9))
        add_outbox_row(connection, record, Operation.PUT, MAT, later(9))


def test_each_process_may_do_what_it_does(by_role: dict[str, World]) -> None:
    record = kept_open(by_role)
    api, worker, keeper = by_role["api"], by_role["worker"], by_role["keeper"]
    with worker.catalog.write() as connection:
        for row in unapplied(connection, is_open=True, limit=9):
            refused(connection, row, "some_exception", later(7))
        give_again(connection, PartitionName(OFFICE))
    with api.catalog.read() as connection:
        assert (count_refused(connection), [row.record for row in refused_rows(connection, sa.true(), 9)]) == (1, [record])
    with worker.catalog.write() as connection:
        for row in unapplied(connection, is_open=True, limit=9):
            applied(connection, row, later(8))
    with api.catalog.write() as connection:
        add_batch(connection, "batch", OFFICE, LAN, T0)
        assert read_open(connection, record) == WORDS
        write_open(connection, record, WORDS)
        retire_blob(connection, record, BlobPart.DESCRIPTION, later(8))
        assert oldest_waiting(connection)[0] > 0
        queue_figures(connection, T0)
    close_it(api.catalog, api, record)
    with keeper.catalog.write() as connection:
        rewrapped(connection, record, MAT, 1)
        sequenced(connection, [(keeper.ids.new("raise"), 0)])
        for row in unapplied(connection, is_open=False, limit=9):
            applied(connection, row, later(10))
        act = keeper.act(connection, "person")
        add_fact(connection, keeper.ids, NewFact(PersonId("lan"), FactKind.ROLE, "officer", T0), act)
    with api.catalog.write() as connection:
        assert [fact.value for fact in facts_at(connection, PersonId("lan"), later(1))] == ["officer"]
        withdraw(connection, api.ids, record, Change(later(11), api.act(connection, "withdraw")))


@pytest.mark.parametrize("role", ["api", "worker"])
def test_words_of_a_record_that_closed_are_gone_for_everyone(by_role: dict[str, World], place: Place, role: str) -> None:
    record = kept_open(by_role)
    assert seen(place, role) == (["Về việc mua quạt"], ['{"subject":"quạt"}'])
    close_it(by_role["api"].catalog, by_role["api"], record)
    assert seen(place, role) == seen(place, "keeper") == ([], [])


@pytest.mark.parametrize(
    "change",
    ["level = 1", "work_secret = true", "compartments = 'PETITION_PII'", "state = 'withdrawn'"],
)
def test_they_are_gone_even_where_whoever_closes_it_forgets_them(by_role: dict[str, World], place: Place, change: str) -> None:
    kept_open(by_role)
    with place.asked_by("worker") as connection:
        connection.execute(f"UPDATE record SET {change}")
    assert seen(place, "keeper") == ([], [])


@pytest.mark.parametrize("role", ["api", "worker"])
def test_words_of_a_closed_record_are_hidden_even_where_they_stand(by_role: dict[str, World], place: Place, role: str) -> None:
    """As if the deletion itself had failed: the keeper, whose table it is, puts them back."""
    record = kept_open(by_role)
    close_it(by_role["api"].catalog, by_role["api"], record)
    with by_role["keeper"].catalog.write() as connection:
        write_open(connection, record, WORDS)
        add_outbox_row(connection, record, Operation.PUT, OPEN, T0, '{"subject":"quạt"}')
    assert seen(place, "keeper") == (["Về việc mua quạt"], ['{"subject":"quạt"}'])
    assert seen(place, role) == ([], [])
    with place.asked_by(role) as connection:
        for statement in ("DELETE FROM open_description", "DELETE FROM outbox WHERE content IS NOT NULL"):
            assert connection.execute(statement).rowcount == 0


@pytest.mark.parametrize("role", ["api", "worker"])
def test_words_of_a_closed_record_are_never_written(by_role: dict[str, World], role: str) -> None:
    record = kept_open(by_role)
    close_it(by_role["api"].catalog, by_role["api"], record)
    for act in (
        lambda connection: write_open(connection, record, WORDS),
        lambda connection: add_outbox_row(connection, record, Operation.PUT, OPEN, T0, "{}"),
    ):
        with pytest.raises(sa.exc.ProgrammingError, match="row-level security"), by_role[role].catalog.write() as connection:
            act(connection)


def test_an_edit_that_races_with_closing_leaves_no_words(by_role: dict[str, World]) -> None:
    """One act at a time, over all processes: what the first decided upon still holds when it writes, and the second sees what it wrote."""
    record = kept_open(by_role)
    closer = World(by_role["api"].place)
    with ThreadPoolExecutor(1) as thread:
        with by_role["api"].catalog.write() as connection:
            assert read_open(connection, record) == WORDS
            closing = thread.submit(close_it, closer.catalog, closer, record)
            wait_until_queued(by_role["keeper"])
            write_open(connection, record, WORDS)
            assert read_open(connection, record) == WORDS
        closing.result()
    with by_role["keeper"].catalog.read() as connection:
        assert read_open(connection, record) is None
    closer.catalog.close()


def wait_until_queued(world: World) -> None:
    """Until somebody waits for the writers' lock."""
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    queued = 0
    while not queued:
        with world.catalog.read() as connection:
            queued = connection.execute(waiting).scalar_one()


@pytest.mark.parametrize("role", ["api", "worker"])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO person VALUES ('p', 'nga', '')",
        "INSERT INTO person_fact (id, person_id, kind, value, valid_from, act_id) VALUES ('f', 'lan', 'ROLE', 'administrator', '', '')",
        "UPDATE person_fact SET value = 'administrator'",
        "INSERT INTO source (id, name, office_id, token_hash, made_at) VALUES ('s', 's', 'h37', '', '')",
        "UPDATE source SET disabled_at = NULL",
        "SELECT name FROM worker_host",
        "INSERT INTO worker_host VALUES ('w', '0', 'age1', '', '', NULL)",
        "UPDATE worker_host SET disabled_at = NULL",
        "INSERT INTO office (id, name, kind, highest_level, valid_from) VALUES ('h38', '', 'OTHER', 3, '')",
        "UPDATE office SET highest_level = 3",
        "INSERT INTO partition_key VALUES ('open/h37', 2, 'age1', '')",
        "UPDATE audit_pending SET sequenced_seq = 0",
        "UPDATE audit_pending SET details_sealed = NULL",
        "DELETE FROM audit_pending",
        "UPDATE record SET depositor_id = 'nga'",
        "UPDATE record SET office_id = 'h38'",
        "DELETE FROM record",
        "UPDATE record_fact SET value = 'x'",
        "UPDATE receipt SET promise = 'x'",
        "ALTER TABLE open_description DISABLE ROW LEVEL SECURITY",
        "TRUNCATE person_fact",
        "SELECT leaf FROM audit_pending",
        "SELECT details_sealed FROM audit_pending",
    ],
)
def test_what_is_the_keepers_is_refused(place: Place, role: str, statement: str) -> None:
    with place.asked_by(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_the_api_notes_no_refusal_and_nobody_changes_what_is_to_be_indexed(by_role: dict[str, World], place: Place) -> None:
    kept_open(by_role)
    statements = {"api": ("content = '{}'", "refused = NULL", "again_at = NULL"), "worker": ("content = '{}'", "record_id = 'r'", "made_at = ''")}
    for role, changes in statements.items():
        with place.asked_by(role) as connection:
            for change in changes:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(f"UPDATE outbox SET {change}")


def test_the_worker_knows_nobody(place: Place) -> None:
    with place.asked_by("worker") as connection:
        for table in ("person", "person_fact", "source", "batch", "idempotency"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT * FROM {table}")


def test_what_proves_who_she_is_stays_with_the_keeper(by_role: dict[str, World], place: Place) -> None:
    keeper = by_role["keeper"]
    with keeper.catalog.write() as connection:
        act = keeper.act(connection)
        for kind, value in ((FactKind.CREDENTIAL, "0" * 64), (FactKind.PASSWORD, "$argon2id$"), (FactKind.CLEARANCE, "MAT")):
            add_fact(connection, keeper.ids, NewFact(PersonId("lan"), kind, value, T0), act)
    with place.asked_by("api") as connection:
        assert connection.execute("SELECT kind FROM person_fact").fetchall() == [("CLEARANCE",)]


def test_a_dump_shows_what_an_account_may_read_and_nothing_else(by_role: dict[str, World]) -> None:
    kept_open(by_role)
    shown: dict[str, set[str]] = {}
    for role, world in by_role.items():
        with world.catalog.read() as connection:
            shown[role] = {f"{name}.{key}" for name, every in readable(connection) for row in connection.execute(every) for key in row._mapping}
    everything = {f"{table.name}.{column.name}" for table in (schema.record, schema.open_description, schema.outbox) for column in table.c}
    assert everything <= shown["worker"]
    assert everything <= shown["api"]
    assert {name for name in shown["api"] if name.startswith("audit_pending")} == {"audit_pending.time", "audit_pending.sequenced_seq"}
    assert {"audit_pending.leaf", "receipt.size"} <= shown["keeper"] - shown["worker"]
