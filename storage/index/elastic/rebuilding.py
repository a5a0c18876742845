"""Building an office's index anew while the one there goes on answering."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from storage.catalog.names import OfficeId
from storage.errors import IndexIncomplete
from storage.ids import RecordId
from storage.index.elastic.bulk import Operation, operation, put
from storage.index.elastic.cluster import Cluster, Json
from storage.index.elastic.documents import document
from storage.index.elastic.names import Names
from storage.index.elastic.writing import create
from storage.index.open_index import Batches, Count, Rebuilt, agreed, every

__all__ = ["rebuild"]

_ENTRY_VERSION: Final = 0
"""Less than any change's, which is newer than what the catalog said when it was read."""

_MOST_REFUSED: Final = 1_000
"""Where more records are refused, it is not they that are at fault."""


def rebuild(
    cluster: Cluster, names: Names, office: OfficeId, read: Batches, expected: Count, count: Callable[[str, frozenset[RecordId]], int],
    patience: float,
) -> Rebuilt:  # fmt: skip
    """As `OpenIndex.rebuild` promises. count: how many records an index holds, but for these."""
    generations = names.existing(cluster).get(office)
    there = () if generations is None else generations.all
    current = None if generations is None else generations.current
    for left in set(there) - {current}:  # by an attempt that was cut off
        _remove(cluster, left)
    new = names.following(office, there)
    create(cluster, names, new, [])  # from now on every change goes into both
    done = False
    try:
        refused = put(cluster, _operations(names, new, read)).refused
        if len(refused) > _MOST_REFUSED:
            raise IndexIncomplete(found=count(new, frozenset()), expected=expected(frozenset()))
        found = agreed(partial(count, new), expected, frozenset(refused), patience)
        done = True
    finally:
        if not done:
            _remove(cluster, new)
    # of all there are by now: where none answered when this began, a change may have made one
    old: Json = {"index": names.generations(office), "alias": names.answering(office), "must_exist": False}
    cluster.ask("POST", "/_aliases", {"actions": [{"remove": old}, {"add": {"index": new, "alias": names.answering(office)}}]})
    for index in set(names.existing(cluster)[office].all) - {new}:
        _remove(cluster, index)
    return Rebuilt(found, refused)


def _operations(names: Names, index: str, read: Batches) -> Iterator[Operation[RecordId]]:
    for entry in every(read):
        yield operation(entry.record_id, index, entry.record_id, _ENTRY_VERSION, document(entry, names.kind))


def _remove(cluster: Cluster, index: str) -> None:
    cluster.ask("DELETE", f"/{index}", accepted=frozenset({404}))
