"""Indexes that are to be built anew: each in one hand at a time, nothing written by who lost it."""

from __future__ import annotations

from datetime import datetime

import pytest
from catalog_world import OFFICE, T0, World, later

from storage.catalog.names import PartitionName
from storage.catalog.rebuilds import (
    Claimed,
    add_rebuilds,
    all_rebuilds,
    claim_rebuild,
    give_back_rebuild,
    hold_rebuild,
    is_rebuild_awaited,
    rebuild_done,
    rebuild_failed,
    rebuild_goes_on,
    void_rebuild_leases,
)
from storage.errors import LeaseLost

OPEN = PartitionName(OFFICE)


def ask(world: World) -> None:
    with world.catalog.write() as connection:
        add_rebuilds(connection, [OPEN], T0)


def claim(world: World, owner: str, now: datetime = T0) -> Claimed | None:
    with world.catalog.read() as connection:
        awaited = is_rebuild_awaited(connection, now, is_open=True)
    with world.catalog.write() as connection:
        claimed = claim_rebuild(connection, owner, now, later(30), is_open=True)
    assert awaited == (claimed is not None)
    return claimed


def test_one_worker_alone_has_it_in_hand_until_its_lease_runs_out(world: World) -> None:
    assert claim(world, "w1") is None
    ask(world)
    first = claim(world, "w1")
    assert first == Claimed(OPEN, "w1")
    assert claim(world, "w2", later(29)) is None
    second = claim(world, "w2", later(30))
    assert second == Claimed(OPEN, "w2")
    for write in (
        lambda connection: hold_rebuild(connection, first, later(90)),
        lambda connection: rebuild_goes_on(connection, first, 1, 2),
        lambda connection: give_back_rebuild(connection, first),
        lambda connection: rebuild_failed(connection, first, "VK-INDEX-INCOMPLETE"),
        lambda connection: rebuild_done(connection, first),
    ):
        with pytest.raises(LeaseLost), world.catalog.write() as connection:
            write(connection)
    with world.catalog.write() as connection:
        hold_rebuild(connection, second, later(90))
        rebuild_goes_on(connection, second, 1, 2)
    assert claim(world, "w3", later(60)) is None
    with world.catalog.write() as connection:
        rebuild_done(connection, second)
        assert all_rebuilds(connection) == []


def test_what_is_given_back_or_was_in_hand_before_a_restart_is_begun_anew(world: World) -> None:
    ask(world)
    for let_go in (give_back_rebuild, lambda connection, _: void_rebuild_leases(connection, is_open=True)):
        claimed = claim(world, "w1")
        assert claimed is not None
        with world.catalog.write() as connection:
            rebuild_goes_on(connection, claimed, 1, 2)
            let_go(connection, claimed)
        again = claim(world, "w2")
        assert again is not None
        with world.catalog.write() as connection:
            (row,) = all_rebuilds(connection)
            assert (row.done, row.total) == (0, None)
            give_back_rebuild(connection, again)


def test_one_that_ended_is_begun_again_only_when_it_is_asked_for_again(world: World) -> None:
    for failed, refused in (("VK-INDEX-INCOMPLETE", None), (None, 3)):
        ask(world)
        claimed = claim(world, "w1")
        assert claimed is not None
        with world.catalog.write() as connection:
            if failed is None:
                rebuild_done(connection, claimed, 3)
            else:
                rebuild_failed(connection, claimed, failed)
            (row,) = all_rebuilds(connection)
        assert (row.failed, row.refused, row.has_ended) == (failed, refused, True)
        assert claim(world, "w1", later(999)) is None
