"""Of a record that closed, nothing it said in the clear stays in the catalog's files: owed across crashes until the database has done it.

While somebody reads an older state, no database can forget what it held.
"""

from __future__ import annotations

from typing import Final

from storage.durable import replace, sync_folder
from storage.vault.keeper.keeper import Keeper

__all__ = ["forget_now", "is_forgetting_owed", "owe_forgetting"]

_NOTE: Final = "catalog.forgetting"


def owe_forgetting(keeper: Keeper) -> None:
    """Note, durably, that deleted rows may have left words of a record that closes."""
    replace(keeper.home.closed / _NOTE, b"")


def is_forgetting_owed(keeper: Keeper) -> bool:
    """Whether some may be left."""
    return (keeper.home.closed / _NOTE).exists()


def forget_now(keeper: Keeper) -> bool:
    """Have the catalog forget what is owed; False where a reader stands in the way, so that it is to be tried again."""
    with keeper.rewrapping:  # what another re-wrapping owes meanwhile is not taken for done
        if not is_forgetting_owed(keeper):
            return True
        if not keeper.catalog.expunge():
            return False
        (keeper.home.closed / _NOTE).unlink()
        sync_folder(keeper.home.closed)
        return True
