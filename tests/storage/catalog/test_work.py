"""The queue: each record in one hand, attempts counted as they should be, nothing written by who lost the lease."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
import sqlalchemy as sa
from catalog_world import T0, World, later

from storage.catalog.schema import record
from storage.catalog.states import Reason, State
from storage.catalog.work import (
    MAX_ATTEMPTS,
    Job,
    QueueFigures,
    claim,
    close,
    failed,
    finish_step,
    give_back,
    heartbeat,
    queue_figures,
    reopen,
    void_leases,
)
from storage.errors import LeaseLost


def take(world: World, owner: str, now: datetime = T0, until: datetime | None = None) -> Job | None:
    with world.catalog.write() as connection:
        return claim(connection, owner, now, until or later(30))


def taken(world: World, owner: str, now: datetime = T0, until: datetime | None = None) -> Job:
    job = take(world, owner, now, until)
    assert job is not None
    return job


def claimed(connection: sa.Connection, now: datetime = T0) -> Job:
    job = claim(connection, "w1", now, later(30))
    assert job is not None
    return job


def test_a_record_goes_through_all_steps_once(world: World) -> None:
    world.take("a")
    job, steps = take(world, "w1"), []
    while job is not None:
        steps.append((job.step, job.attempts))
        with world.catalog.write() as connection:
            job = finish_step(connection, job, later(60))
    assert steps == [(State(name), 1) for name in ("identified", "sanitised", "read", "described", "classified", "kept")]
    assert take(world, "w1", later(9_999)) is None


def test_the_longest_ready_goes_first_and_none_goes_twice(world: World) -> None:
    names = {world.take(name, later(-seconds)).record: name for seconds, name in enumerate("abc")}
    assert [names[taken(world, f"w{n}").record] for n in range(3)] == ["c", "b", "a"]
    assert take(world, "w4") is None


def test_workers_in_parallel_share_the_queue(world: World) -> None:
    wanted = {world.take(f"r{n}").record for n in range(24)}

    def work(owner: str) -> list[str]:
        got = []
        while (job := take(world, owner)) is not None:
            got.append(job.record)
            with world.catalog.write() as connection:
                close(connection, job)
        return got

    with ThreadPoolExecutor(4) as threads:
        got = [id for each in threads.map(work, ("w1", "w2", "w3", "w4")) for id in each]  # noqa: A001
    assert sorted(got) == sorted(str(id) for id in wanted)  # noqa: A001


def test_a_worker_that_died_loses_the_record_and_the_attempt_counts(world: World) -> None:
    world.take("a")
    first = taken(world, "w1", T0, later(30))
    assert take(world, "w2", later(29)) is None
    second = taken(world, "w2", later(30), later(60))
    assert (second.record, second.attempts) == (first.record, 2)


def test_who_lost_the_lease_writes_nothing(world: World) -> None:
    world.take("a")
    first = taken(world, "w1", T0, later(30))
    taken(world, "w2", later(30), later(60))
    for act in (
        lambda c: finish_step(c, first, later(90)),
        lambda c: heartbeat(c, first, later(90)),
        lambda c: failed(c, first, Reason.CRASHED, T0),
        lambda c: give_back(c, first),
        lambda c: close(c, first),
    ):
        with pytest.raises(LeaseLost), world.catalog.write() as connection:
            connection.execute(record.update().values(page_count=7))
            act(connection)
    with world.catalog.read() as connection:
        assert connection.execute(record.select()).one().page_count is None


def test_a_heartbeat_keeps_the_record(world: World) -> None:
    world.take("a")
    job = taken(world, "w1", T0, later(30))
    with world.catalog.write() as connection:
        heartbeat(connection, job, later(120))
    assert take(world, "w2", later(60)) is None


def test_a_failed_child_counts_and_says_why(world: World) -> None:
    world.take("a")
    for attempt in range(1, MAX_ATTEMPTS + 1):
        job = taken(world, "w1")
        assert (job.attempts, job.is_exhausted) == (attempt, False)
        with world.catalog.write() as connection:
            failed(connection, job, Reason.TIMED_OUT, T0)
    last = taken(world, "w1")
    assert (last.is_exhausted, last.last_error) == (True, Reason.TIMED_OUT)


def test_a_failed_step_waits_until_it_is_due(world: World) -> None:
    world.take("a")
    with world.catalog.write() as connection:
        failed(connection, claimed(connection), Reason.CRASHED, later(10))
    assert take(world, "w1", later(9)) is None
    assert take(world, "w1", later(10)) is not None


def test_stopping_in_good_order_costs_no_attempt(world: World) -> None:
    world.take("a")
    for _ in range(5):
        job = taken(world, "w1")
        assert job.attempts == 1
        with world.catalog.write() as connection:
            give_back(connection, job)


def test_an_instance_that_went_down_costs_no_attempt(world: World) -> None:
    world.take("a")
    world.take("b")
    for _ in range(5):
        assert taken(world, "w1").attempts == 1
        with world.catalog.write() as connection:
            assert void_leases(connection) == 1
    with world.catalog.write() as connection:
        assert void_leases(connection) == 0


def test_a_host_that_is_started_again_frees_what_its_own_workers_had_and_nothing_of_others(world: World) -> None:
    owners = ["w1", "worker-1/w2", "worker-10/w3"]
    for name in "abc":
        world.take(name)
    jobs = {owner: taken(world, owner) for owner in owners}
    for host, freed in (("worker-1", owners[1]), ("", owners[0]), ("worker-10", owners[2])):
        with world.catalog.write() as connection:
            assert void_leases(connection, host) == 1
        lost = jobs.pop(freed)
        with pytest.raises(LeaseLost), world.catalog.write() as connection:
            heartbeat(connection, lost, later(40))
        for job in jobs.values():
            with world.catalog.write() as connection:
                heartbeat(connection, job, later(40))


def test_attempts_are_of_one_step(world: World) -> None:
    world.take("a")
    with world.catalog.write() as connection:
        failed(connection, claimed(connection), Reason.CRASHED, T0)
    job = taken(world, "w1")
    with world.catalog.write() as connection:
        following = finish_step(connection, job, later(10))
    assert job.attempts == 2
    assert following is not None
    assert (following.attempts, following.last_error) == (1, None)
    assert taken(world, "w2", later(10)).attempts == 2


def test_a_password_is_gone_with_its_step(world: World) -> None:
    world.take("a", password=b"sealed")
    job = taken(world, "w1")
    assert job.sealed_input == b"sealed"
    with world.catalog.write() as connection:
        finish_step(connection, job, later(1))
    again = taken(world, "w1", later(2))
    assert again.sealed_input is None
    with world.catalog.write() as connection:
        close(connection, again)
        reopen(connection, again.record, later(3), b"another")
    unlocked = taken(world, "w1", later(3))
    assert (unlocked.step, unlocked.attempts, unlocked.sealed_input) == (State.IDENTIFIED, 1, b"another")
    with world.catalog.write() as connection:
        close(connection, unlocked)
        assert connection.exec_driver_sql("SELECT sealed_input FROM work").scalar_one() is None


def test_figures_are_counted_from_the_rows(world: World) -> None:
    with world.catalog.read() as connection:
        assert queue_figures(connection, T0) == QueueFigures(0, 0, None)
    for n in range(4):
        world.take(f"r{n}", later(n))
    taken(world, "w1", later(9), later(30))
    with world.catalog.write() as connection:
        close(connection, claimed(connection, later(9)))
    with world.catalog.read() as connection:
        assert queue_figures(connection, later(9)) == QueueFigures(waiting=2, in_hand=1, oldest=later(2))
        assert queue_figures(connection, later(30)) == QueueFigures(waiting=3, in_hand=0, oldest=later(0))
