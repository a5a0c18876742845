"""Taking the words of records given up out of every file of an index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypedDict, cast

from storage.ids import RecordId
from storage.index.elastic.cluster import ADMINISTERING, Cluster
from storage.index.open_index import Change

__all__ = ["Expunging"]

_SHOWN: Final = "**.seq_no,**.retention_leases.leases.retaining_seq_no"


class _Lease(TypedDict):
    retaining_seq_no: int


class _Leases(TypedDict):
    leases: list[_Lease]


class _Numbers(TypedDict):
    max_seq_no: int


class _Copy(TypedDict):
    seq_no: _Numbers
    retention_leases: _Leases


class _Index(TypedDict):
    shards: dict[str, list[_Copy]]


class _Stats(TypedDict):
    indices: dict[str, _Index]


class _Flushed(TypedDict):
    _shards: dict[str, int]


class Expunging:
    """What is yet to be taken out of which index.

    A document that was replaced stays in its segment for as long as a copy of the index may ask for the change: until every copy holds all
    changes up to it in a commit, which the copies tell each other every 30 seconds. Only then does a merge leave it out (measured).
    """

    def __init__(self) -> None:
        self._until: dict[tuple[str, RecordId, int], int] = {}

    def expunge(self, cluster: Cluster, index: str, changes: Sequence[Change]) -> set[Change]:
        """Merge what holds words of the records given up, once all copies allow it. Returns the changes of which nothing is left.

        The others are to be asked for again: as long as a copy is missing, or a merge takes longer than a minute, which goes on meanwhile.
        """
        if new := [change for change in changes if _key(index, change) not in self._until]:
            flushed = cast("_Flushed", cluster.ask("POST", f"/{index}/_flush", patience=ADMINISTERING, force=True, wait_if_ongoing=True).body)
            if flushed["_shards"]["successful"] < flushed["_shards"]["total"]:
                return set()
        stats = cast("_Stats", cluster.ask("GET", f"/{index}/_stats", level="shards", filter_path=_SHOWN).body)
        copies = [copy for shards in stats["indices"].values() for shard in shards["shards"].values() for copy in shard]
        newest = max(copy["seq_no"]["max_seq_no"] for copy in copies)
        self._until |= {_key(index, change): newest for change in new}
        kept_from = min(lease["retaining_seq_no"] for copy in copies for lease in copy["retention_leases"]["leases"])
        ready = {change for change in changes if self._until[_key(index, change)] < kept_from}
        if ready:
            cluster.ask("POST", f"/{index}/_refresh", patience=ADMINISTERING)
            cluster.ask("POST", f"/{index}/_forcemerge", patience=ADMINISTERING, only_expunge_deletes=True, flush=True)
            for change in ready:
                del self._until[_key(index, change)]
        return ready


def _key(index: str, change: Change) -> tuple[str, RecordId, int]:
    return index, change.record, change.version
