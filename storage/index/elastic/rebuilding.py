"""Building an office's index anew while the one there goes on answering."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from storage.catalog.names import OfficeId
from storage.index.elastic.bulk import Operation, operation, put
from storage.index.elastic.cluster import Cluster, Json
from storage.index.elastic.documents import document
from storage.index.elastic.names import Names
from storage.index.elastic.writing import create
from storage.index.open_index import Batches, agreed, every

__all__ = ["rebuild"]

_ENTRY_VERSION = 0
"""Less than any change's, which is newer than what the catalog said when it was read."""


def rebuild(
    cluster: Cluster, names: Names, office: OfficeId, read: Batches, expected: Callable[[], int], count: Callable[[str], int], patience: float
) -> int:  # fmt: skip
    """As `OpenIndex.rebuild` promises. count: how many records an index or alias holds."""
    generations = names.existing(cluster).get(office)
    there = () if generations is None else generations.all
    current = None if generations is None else generations.current
    for left in set(there) - {current}:  # by an attempt that was cut off
        _remove(cluster, left)
    new = names.following(office, there)
    create(cluster, new, [])  # from now on every change goes into both
    done = False
    try:
        put(cluster, _operations(new, read))
        found = agreed(lambda: count(new), expected, patience)
        done = True
    finally:
        if not done:
            _remove(cluster, new)
    # of all there are by now: where none answered when this began, a change may have made one
    old: Json = {"index": names.generations(office), "alias": names.answering(office), "must_exist": False}
    cluster.ask("POST", "/_aliases", {"actions": [{"remove": old}, {"add": {"index": new, "alias": names.answering(office)}}]})
    for index in set(names.existing(cluster)[office].all) - {new}:
        _remove(cluster, index)
    return found


def _operations(index: str, read: Batches) -> Iterator[Operation]:
    for number, entry in enumerate(every(read)):
        yield operation(number, index, entry.record_id, _ENTRY_VERSION, document(entry))


def _remove(cluster: Cluster, index: str) -> None:
    cluster.ask("DELETE", f"/{index}", accepted=frozenset({404}))
