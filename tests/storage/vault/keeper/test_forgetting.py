"""Of a record that closed, nothing it said in the clear stays in the catalog's files."""

from __future__ import annotations

import sqlalchemy as sa

from storage.catalog import schema
from storage.vault.keeper.auditing import sequence_now
from storage.vault.keeper.forgetting import forget_now, is_forgetting_owed, owe_forgetting
from tests.storage.vault.keeper.keeper_house import House


def test_what_a_reader_keeps_from_being_forgotten_is_owed_until_he_is_gone_whatever_crashes(house: House) -> None:
    keeper = house.keeper
    owe_forgetting(keeper)
    with keeper.catalog.read() as reader:
        reader.execute(sa.select(schema.office.c.id))
        house.acts(1)
        assert not forget_now(keeper) and is_forgetting_owed(keeper)
        assert sequence_now(keeper, {})["unforgotten"] is True
    keeper = house.start()
    assert is_forgetting_owed(keeper)
    assert forget_now(keeper) and forget_now(keeper) and not is_forgetting_owed(keeper)
    assert sequence_now(keeper, {})["unforgotten"] is False
