"""Indexes that went away: told from those that never were, and noted in the catalog, whereupon they are built anew."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from storage.catalog.engine import Catalog
from storage.catalog.holdings import has_settled
from storage.catalog.index_faults import all_faults
from storage.catalog.names import OfficeId, PartitionName
from storage.catalog.rebuilds import add_rebuilds, note_broken
from storage.clock import Clock
from storage.errors import IndexDamaged
from storage.index.open_index import Partitions

__all__ = ["note", "note_lost"]

log = structlog.get_logger("index")


def note_lost(catalog: Catalog, clock: Clock, index: Partitions, places: Mapping[PartitionName, OfficeId]) -> None:
    """Note those of these partitions whose index is gone though it held records. Raises as `Partitions` does where an engine is not there at all."""
    missing = index.missing(places.values())
    with catalog.read() as connection:
        lost = [name for name, place in places.items() if place in missing and has_settled(connection, name)]
    if lost:
        missing = index.missing(map(places.__getitem__, lost))  # what was just put in another's place may have been overlooked
        note(catalog, clock, {name: IndexDamaged.code for name in lost if places[name] in missing})


def note(catalog: Catalog, clock: Clock, broken: Mapping[PartitionName, str]) -> None:
    """Note what is wrong, by the code of the error, with the indexes of partitions, which are to be built anew: they answer nothing until then."""
    if not broken:
        return
    with catalog.write() as connection:
        known = {one.partition for one in all_faults(connection)}
        for name, code in broken.items():
            if name not in known:
                log.error("an index is to be built anew", partition=str(name), code=code)
                note_broken(connection, name, code, clock.now())
        add_rebuilds(connection, broken, clock.now())
