"""Of several workers one keeps the open index up to date, and another as soon as that one is gone."""

from __future__ import annotations

import pytest
from way_world import World

from ingest.desk import Desk
from ingest.indexing_turn import IndexingTurn
from ingest.working import Indexing
from storage.vault.keeper.turns import Turn

pytestmark = pytest.mark.servers


def test_in_files_one_has_it_until_it_ends(world: World) -> None:
    first, second = IndexingTurn(world.archive), IndexingTurn(world.archive)
    assert [first.is_mine(), second.is_mine(), first.is_mine()] == [True, False, True]
    first.end()
    assert [second.is_mine(), first.is_mine()] == [True, False]
    second.end()


def test_who_has_it_not_reads_nothing_from_the_outbox(world: World, desk: Desk) -> None:
    holder, other = IndexingTurn(world.archive), Indexing(desk)
    assert holder.is_mine()
    assert other.turn() >= 1.0
    holder.end()
    assert other.turn() < 1.0
    other.close()


def test_on_servers_the_keeper_gives_it_to_one_who_asks_again_in_time() -> None:
    now = [0.0]
    turn = Turn(lambda: now[0])
    assert [turn.take("a"), turn.take("b")] == [True, False]
    now[0] = 5.0
    assert [turn.take("b"), turn.take("a")] == [False, True]
    now[0] = 11.5
    assert [turn.take("b"), turn.take("a")] == [True, False]
