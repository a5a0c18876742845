"""Documents sent in bulk by bytes: the next are made while those before are on their way, and fewer at a time where that is too much."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Generic, TypedDict, TypeVar, cast
from urllib.parse import quote

from storage.errors import IndexBusy, IndexUnreachable
from storage.ids import RecordId
from storage.index.elastic.cluster import Cluster, Query
from storage.index.elastic.names import Names

__all__ = ["Operation", "Outcome", "operation", "put"]

_LANES: Final = 3
_BYTES: Final = 1 << 20
_MUCH: Final = 5 << 20
_LEAST_BYTES: Final = 64 << 10
_PATIENCE: Final = 60.0
"""Seconds to wait for a cluster that has too much to do."""

_PAUSE: Final = 0.5
_THERE: Final = frozenset({200, 201, 409})
"""409: it holds this version, or a newer one."""

_OF_THE_INDEX: Final = frozenset({"index_closed_exception"})
"""What the cluster says with status 400 of every document alike."""

_REFRESHED_AT_A_TIME: Final = 20
"""Their names are in the address, of which Elasticsearch reads 4,096 bytes."""

_TOLD: Final = "error,items.*.status,items.*.error.type"
"""What is asked for of an answer."""

_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class _Error(TypedDict):
    type: str


class _Item(TypedDict, total=False):
    status: int
    error: _Error


class _Bulk(TypedDict):
    items: list[dict[str, _Item]]


class _Refreshed(TypedDict):
    _shards: dict[str, int]


_S = TypeVar("_S")


@dataclass(frozen=True, slots=True)
class Operation(Generic[_S]):
    """One document for one index, as it is sent. source: what it belongs to. index: the alias by which it is written to."""

    source: _S
    index: str
    lines: bytes


@dataclass(frozen=True, slots=True)
class Outcome(Generic[_S]):
    """What was not taken in, by source. refused: why the engine will never take it; homeless: what is for an index that is not there."""

    refused: dict[_S, str] = field(default_factory=dict)
    homeless: set[_S] = field(default_factory=set)


def operation(source: _S, index: str, record: RecordId, version: int, body: Query) -> Operation[_S]:
    """What puts a document in the place of an older one. Source: Elasticsearch, "Bulk API"; "Versioning", `external_gte`."""
    alias = Names.writing(index)
    how = {"_index": alias, "_id": record, "version": version, "version_type": "external_gte", "require_alias": True}
    return Operation(source, alias, f"{_ENCODE({'index': how})}\n{_ENCODE(body)}\n".encode())


def put(cluster: Cluster, operations: Iterator[Operation[_S]]) -> Outcome[_S]:
    """Send operations: when this returns, what was taken in is durable, and found.

    They may arrive in any order, since each has its version. One that alone is too much for the cluster is refused.
    Those of an index are to stand together: a request that holds more than one makes what it brings found by itself, so that of the indexes
    that many requests fill only the last has to be made so at the end. Each time it costs as much as the writing, and leaves a small segment.
    Raises IndexBusy where the cluster has too much to do for a minute, and as `Cluster.ask` does.
    """
    outcome: Outcome[_S] = Outcome()
    waiting, on_their_way = _Ahead(operations), list[Future[list[_Result[_S]]]]()
    most, end = _BYTES, time.monotonic() + _PATIENCE
    batch, unseen = waiting.take(most), set[str]()
    is_all = not waiting.has_more()
    with ThreadPoolExecutor(_LANES, "bulk") as lanes:
        while True:
            while batch and len(on_their_way) < _LANES:
                indexes = {one.index for one in batch}
                at_once = is_all or len(indexes) > 1
                unseen |= set() if at_once else indexes
                on_their_way.append(lanes.submit(_sent, cluster, batch, at_once))
                batch = waiting.take(most)
            if not on_their_way:
                break
            busy = _sorted_out(on_their_way.pop(0).result(), outcome)
            if not busy:
                end = time.monotonic() + _PATIENCE
            elif time.monotonic() > end:
                raise IndexBusy
            else:
                waiting.give_back(busy + batch)
                most = max(most // 2, _LEAST_BYTES)
                time.sleep(_PAUSE)
                batch = waiting.take(most)
    _refresh(cluster, sorted(unseen))
    return outcome


class _Ahead(Generic[_S]):
    """Operations taken by size, and given back to be taken again first."""

    def __init__(self, operations: Iterator[Operation[_S]]) -> None:
        self._operations = operations
        self._back: list[Operation[_S]] = []

    def take(self, most: int) -> list[Operation[_S]]:
        """At most so many bytes of them, but one at least while there are any."""
        batch: list[Operation[_S]] = []
        size = 0
        while (one := self._next()) is not None:
            if batch and size + len(one.lines) > most:
                self._back.insert(0, one)
                break
            batch.append(one)
            size += len(one.lines)
        return batch

    def give_back(self, operations: list[Operation[_S]]) -> None:
        """Have them taken again before all others."""
        self._back[:0] = operations

    def has_more(self) -> bool:
        """Whether there are any left."""
        following = self._next()
        if following is not None:
            self._back.insert(0, following)
        return following is not None

    def _next(self) -> Operation[_S] | None:
        return self._back.pop(0) if self._back else next(self._operations, None)


_Result = tuple[Operation[_S], int, str]
"""An operation, its status, and what the cluster calls the reason."""


def _refresh(cluster: Cluster, indexes: Sequence[str]) -> None:
    """Let what these indexes were given be found; one that was removed meanwhile is passed over. Raises IndexUnreachable where a shard fails."""
    for start in range(0, len(indexes), _REFRESHED_AT_A_TIME):
        some = ",".join(quote(index, safe="") for index in indexes[start : start + _REFRESHED_AT_A_TIME])
        answered = cluster.ask("POST", f"/{some}/_refresh", ignore_unavailable=True)
        if cast("_Refreshed", answered.body)["_shards"]["failed"]:
            raise IndexUnreachable(why="a refresh failed")


def _sent(cluster: Cluster, batch: list[Operation[_S]], at_once: bool) -> list[_Result[_S]]:
    """at_once: whether it is to be found as soon as it is taken in."""
    lines, refresh = [one.lines for one in batch], "true" if at_once else "false"
    try:
        answered = cluster.ask("POST", "/_bulk", lines, accepted=frozenset({413}), refresh=refresh, timeout="20s", filter_path=_TOLD)
    except IndexBusy:
        return [(one, 429, "") for one in batch]
    if answered.status == 413:
        return [(one, 429, "") for one in batch]
    results = [result for item in cast("_Bulk", answered.body)["items"] for result in item.values()]
    return [(one, result["status"], result["error"]["type"] if "error" in result else "") for one, result in zip(batch, results, strict=True)]


def _sorted_out(results: list[_Result[_S]], outcome: Outcome[_S]) -> list[Operation[_S]]:
    """Note what was not taken in. Returns what is to be sent again."""
    busy = []
    for one, status, why in results:
        if status in _THERE:
            continue
        if status == 404:
            outcome.homeless.add(one.source)
        elif status == 429 and (len(results) > 1 or len(one.lines) <= _MUCH):
            busy.append(one)
        elif status == 429:
            outcome.refused[one.source] = "too large for this cluster"
        elif status >= 500 or status in (401, 403) or why in _OF_THE_INDEX:
            raise IndexUnreachable(why=why)
        else:
            outcome.refused[one.source] = why
    return busy
