"""Taking changes in: in bulk by bytes, each under its version, so that what comes twice, late or from another host changes nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypedDict, cast

from storage.catalog.names import OfficeId
from storage.errors import IndexBusy, IndexOutdated, IndexUnreachable
from storage.ids import RecordId
from storage.index.elastic.cluster import WRITING, Cluster, Query
from storage.index.elastic.documents import document, emptied, index_body
from storage.index.elastic.names import Generations, Names
from storage.index.open_index import Change, Refused

__all__ = ["Operation", "apply", "create", "operation", "put"]

_BYTES: Final = 5 << 20
_LEAST_BYTES: Final = 64 << 10
_PATIENCE: Final = 60.0
"""Seconds to wait for a cluster that has too much to do."""

_THERE: Final = frozenset({200, 201, 409})
"""409: it holds this version, or a newer one."""


class _Error(TypedDict):
    type: str


class _Item(TypedDict, total=False):
    status: int
    error: _Error


class _Bulk(TypedDict):
    errors: bool
    items: list[dict[str, _Item]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One change for one index, as it is sent. source: where in the list of changes it stands."""

    source: int
    lines: bytes


def apply(cluster: Cluster, names: Names, changes: Sequence[Change]) -> tuple[Refused, ...]:
    """Carry out changes in this order, in every index of their office: when this returns they are durable and can be found, but for those given back.

    Raises as `Cluster.ask` does, and IndexOutdated where what answers for an office was made by another version of the analysis.
    """
    if not changes:
        return ()
    places = _places(cluster, names, {change.office for change in changes})
    made = _operations(names, list(enumerate(changes)), places)
    refused, homeless = put(cluster, made)
    if homeless:  # an index was removed meanwhile: another is in its place
        again = [(number, changes[number]) for number in sorted(homeless)]
        places = _places(cluster, names, {change.office for _, change in again})
        more, homeless = put(cluster, _operations(names, again, places))
        refused |= more
    if homeless:
        raise IndexUnreachable(why="its indexes are being replaced")
    return tuple(Refused(changes[number], why) for number, why in sorted(refused.items()))


def create(cluster: Cluster, index: str, aliases: Sequence[str]) -> None:
    """Make an index, with an alias for writing and with these; nothing where another was faster. Raises IndexUnreachable where none may be made."""
    answered = cluster.ask("PUT", f"/{index}", index_body([Names.writing(index), *aliases]), accepted=frozenset({400}))
    if answered.status == 400 and answered.error != "resource_already_exists_exception":
        raise IndexUnreachable(why=answered.error)


def put(cluster: Cluster, operations: Iterator[Operation]) -> tuple[dict[int, str], set[int]]:
    """Send operations. Returns why the engine refuses some, and which of them are for an index that is not there, by their source.

    Several are sent together as long as they fit, fewer at a time while the cluster has too much to do; one that alone is too much is refused.
    """
    refused: dict[int, str] = {}
    homeless: set[int] = set()
    most, end = _BYTES, time.monotonic() + _PATIENCE
    waiting = _Ahead(operations)
    while batch := waiting.take(most):
        busy = []
        for sent, status, why in _sent(cluster, batch):
            if status in _THERE:
                continue
            if status == 404:
                homeless.add(sent.source)
            elif status == 429:
                busy.append(sent)
            elif status >= 500:
                raise IndexUnreachable(why=why)
            else:
                refused[sent.source] = why
        if not busy:
            end = time.monotonic() + _PATIENCE
            continue
        if len(busy) == 1 and len(busy[0].lines) > _BYTES:
            refused[busy[0].source] = "too large for this cluster"
            continue
        if time.monotonic() > end:
            raise IndexBusy
        waiting.give_back(busy)
        most = max(most // 2, _LEAST_BYTES)
        time.sleep(0.5)
    return refused, homeless


class _Ahead:
    """Operations taken by size, and given back to be taken again first."""

    def __init__(self, operations: Iterator[Operation]) -> None:
        self._operations = operations
        self._back: list[Operation] = []

    def take(self, most: int) -> list[Operation]:
        """At most so many bytes of them, but one at least while there are any."""
        batch: list[Operation] = []
        size = 0
        while (one := self._next()) is not None:
            if batch and size + len(one.lines) > most:
                self._back.insert(0, one)
                break
            batch.append(one)
            size += len(one.lines)
        return batch

    def give_back(self, operations: list[Operation]) -> None:
        """Have them taken again before all others."""
        self._back[:0] = operations

    def _next(self) -> Operation | None:
        return self._back.pop(0) if self._back else next(self._operations, None)


def _sent(cluster: Cluster, batch: list[Operation]) -> Iterator[tuple[Operation, int, str]]:
    """Each operation with what became of it."""
    try:
        answered = cluster.ask("POST", "/_bulk", [one.lines for one in batch], accepted=frozenset({413}), refresh="true", timeout="20s")
    except IndexBusy:
        yield from ((one, 429, "") for one in batch)
        return
    if answered.status == 413:
        yield from ((one, 429, "") for one in batch)
        return
    body = cast("_Bulk", answered.body)
    for sent, item in zip(batch, body["items"], strict=True):
        (result,) = item.values()
        yield sent, result["status"], result["error"]["type"] if "error" in result else ""


def _operations(names: Names, changes: Sequence[tuple[int, Change]], places: dict[OfficeId, Generations]) -> Iterator[Operation]:
    for number, change in changes:
        body = emptied(change.record) if change.entry is None else document(change.entry)
        for index in places[change.office].all:
            yield operation(number, index, change.record, change.version, body)


def operation(source: int, index: str, record: RecordId, version: int, body: Query) -> Operation:
    """What puts a document in the place of an older one. Source: Elasticsearch, "Bulk API"; "Versioning", `external_gte`."""
    how = {"_index": Names.writing(index), "_id": record, "version": version, "version_type": "external_gte", "require_alias": True}
    lines = (json.dumps({"index": how}), json.dumps(body, ensure_ascii=False), "")
    return Operation(source, "\n".join(lines).encode())


def _places(cluster: Cluster, names: Names, offices: set[OfficeId]) -> dict[OfficeId, Generations]:
    """The indexes of these offices, made where there are none."""
    there = names.existing(cluster, WRITING)
    missing = [office for office in offices if office not in there or there[office].current is None]
    for office in missing:
        create(cluster, names.following(office, there[office].all if office in there else ()), [names.answering(office)])
    if missing:
        there = names.existing(cluster, WRITING)
    if any(there[office].is_outdated for office in offices):
        raise IndexOutdated
    return {office: there[office] for office in offices}
