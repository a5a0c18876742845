"""One search: the open partitions asked here, the closed ones by the keeper, one answer of both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache, partial

from classification import DocType
from search_api.callers import Caller
from storage.access import Action, partitions_for
from storage.access.deeds import deed
from storage.archive import Archive
from storage.audit.leaf import Json as Detail
from storage.catalog.holdings import has_settled
from storage.catalog.index_faults import all_faults
from storage.catalog.names import OfficeId, PartitionName
from storage.catalog.outbox import unsettled
from storage.catalog.partitions import all_partitions
from storage.errors import IndexDamaged, IndexOutdated
from storage.index.cursor import open_cursor, seal_cursor
from storage.index.entry import PartitionAnswer
from storage.index.merge import Answer, ask
from storage.index.question import Question, Source
from storage.index.ranking import Counted
from storage.index.relaxing import Partial
from storage.index.wire import Asked, answer_from, partial_from
from storage.vault.age.filekey import hkdf
from storage.vault.keeper.protocol import Json

__all__ = ["Found", "search", "type_names"]


_PATIENCE = 30.0
"""Seconds for the closed partitions to answer."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found. next: the cursor of the page after, None where this is the last."""

    answer: Answer
    next: str | None


@cache
def type_names() -> dict[str, str]:
    """What a document type may be called in a query, to its identifier."""
    return {name: kind.name for kind in DocType for name in (kind.name, kind.label("vi"), kind.label("en"))}


def search(archive: Archive, caller: Caller, asked: Asked, cursor: str | None, details: dict[str, Detail]) -> Found:
    """Everything that the caller may read and that answers the question. The search is in the log before it is made.

    Raises InvalidInput for a question that cannot be read, KeeperUnreachable where closed partitions cannot be asked, ClosedIndexDamaged,
    IndexDamaged and IndexOutdated where the index of a partition in which she may read is to be built anew.
    """
    key, person = _cursor_key(archive.open_index_key), caller.subject.id.id
    if cursor is not None:
        asked.after = open_cursor(key, person, asked.question(), cursor)
    question = asked.question()
    with deed(archive.catalog, archive.scribe, caller.as_of, Action.SEARCH, details=details) as act:
        names = partitions_for(act.subject, all_partitions(act.connection))
        waiting = unsettled(act.connection, (name for name in names if name.is_open))
        hidden = {name.office: records for name, records in waiting.items()}
        faults = [fault.code for fault in all_faults(act.connection) if fault.partition in waiting]
    if faults:  # what is for it waits, and the index itself may be gone: a shorter list would be a lie
        raise IndexOutdated if faults[0] == IndexOutdated.code else IndexDamaged
    with archive.open_index.asking(hidden, partial(_is_new, archive)) as open_sources:
        sources: list[Source] = [*open_sources]
        if any(not name.is_open for name in names):
            sources.append(_ClosedSources(archive, caller, asked, act.act))
        answer = ask(question, sources)
    following = None if answer.next is None else seal_cursor(key, person, question, answer.next)
    return Found(answer, following)


def _is_new(archive: Archive, office: OfficeId) -> bool:
    """Whether an office's open index, which is not there, never held a record: what was lost would be missing from the answer unsaid."""
    with archive.catalog.read() as connection:
        return not has_settled(connection, PartitionName(office))


class _ClosedSources:
    """All closed partitions that the caller may ask, behind the keeper."""

    def __init__(self, archive: Archive, caller: Caller, asked: Asked, act: str) -> None:
        self._archive, self._caller, self._asked, self._act = archive, caller, asked, act

    def statistics(self, question: Question) -> Counted:
        """Nothing: closed records move no statistics."""
        return Counted()

    def answer(self, question: Question, statistics: Counted, floor: float | None) -> PartitionAnswer:
        """What is found there."""
        given = self._ask("answer", None if floor is None else repr(floor))["answer"]
        return answer_from(given if isinstance(given, dict) else {})

    def partial(self, question: Question) -> Partial:
        """What is to be had there."""
        given = self._ask("partial", None)["partial"]
        return partial_from(given if isinstance(given, dict) else {})

    def _ask(self, mode: str, floor: str | None) -> dict[str, Json]:
        asked = self._asked.as_json()
        values: dict[str, Json] = {"session": self._caller.session, "audit": self._act, "asked": {**asked}, "mode": mode, "floor": floor}
        return self._archive.keeper.ask_within(_PATIENCE, "search_closed", **values)


@lru_cache(maxsize=1)
def _cursor_key(open_index_key: bytes) -> bytes:
    """64 bytes, the same for as long as the instance's key for the open index is."""
    return hkdf(open_index_key, salt=b"1", info=b"vankho cursor") + hkdf(open_index_key, salt=b"2", info=b"vankho cursor")
