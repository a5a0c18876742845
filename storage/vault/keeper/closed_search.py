"""The duty of searching closed partitions: whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import sqlalchemy as sa

from storage.access import Action, Subject, partitions_for, tokens_in
from storage.access.loading import load_subject
from storage.access.reading import reads_any
from storage.catalog.audit_rows import audit_row
from storage.catalog.holdings import has_settled
from storage.catalog.index_faults import all_faults
from storage.catalog.names import OfficeId, PartitionName
from storage.catalog.outbox import unsettled
from storage.catalog.partitions import all_partitions
from storage.errors import ClosedIndexDamaged, IndexDamaged, IndexOutdated, KeeperRefused, KeyFileDamaged
from storage.ids import RecordId
from storage.index.closed_index import ClosedSource
from storage.index.merge import merge
from storage.index.ranking import Counted
from storage.index.relaxing import combined_partial
from storage.index.wire import Asked, answer_json, partial_json
from storage.upkeep.losses import note
from storage.vault.keeper.closed_files import place_of
from storage.vault.keeper.keeper import Keeper
from storage.vault.keeper.mending import look_over
from storage.vault.keeper.protocol import Json

__all__ = ["search_closed"]

_FRESH = timedelta(seconds=60)
_TRIES = 3
"""How often it is asked: what turns out to be broken is left out the next time, where it holds nothing that she may read."""

_T = TypeVar("_T")


def search_closed(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Ask the closed partitions that a person may ask.

    session, audit: of her search, whose row is committed. asked: storage.index.wire.Asked. mode: `answer`, with floor (text of a
    number, or null), or `partial`. Answer: as wire gives it. Raises KeeperRefused where no row of this search stands in the log, and
    ClosedIndexDamaged where the index of a partition cannot answer in which she may read a record.
    """
    given = values["asked"]
    question = Asked.from_json(given if isinstance(given, dict) else {}).question()
    if values["mode"] == "partial":
        return {"partial": partial_json(combined_partial(_of_each(keeper, values, lambda source: source.partial(question))))}
    floor = None if values["floor"] is None else float(str(values["floor"]))
    answers = _of_each(keeper, values, lambda source: source.answer(question, Counted(), floor))
    return {"answer": answer_json(merge(question, answers))}


def _of_each(keeper: Keeper, values: dict[str, Json], what: Callable[[ClosedSource], _T]) -> list[_T]:
    """What each source says."""
    session, now = keeper.sessions.of(str(values["session"])), keeper.clock.now()
    for _ in range(_TRIES):
        with keeper.catalog.read() as connection:
            row = audit_row(connection, str(values["audit"]))
            if row is None or row.session != session.handle or row.action != Action.SEARCH or now - row.time > _FRESH:
                raise KeeperRefused
            asked = _asked(keeper, connection, load_subject(connection, session.credential.person.id, now))
        try:
            return _said(keeper, asked, what)
        except _Broken as broken:
            if broken.code is not None:
                note(keeper.catalog, keeper.clock, dict.fromkeys(broken.partitions, broken.code))
            else:
                look_over(keeper, broken.partitions)
    raise IndexDamaged


@dataclass(frozen=True, slots=True)
class _Asked:
    """The partitions asked: where each lies, her need-to-know tokens there, and what is to be in no answer of it."""

    names: dict[OfficeId, PartitionName]
    tokens: dict[OfficeId, frozenset[str]]
    hidden: dict[OfficeId, frozenset[RecordId]]


class _Broken(Exception):
    """The indexes of these partitions cannot answer, by the code of the error; without one, that of one of them."""

    def __init__(self, partitions: list[PartitionName], code: str | None) -> None:
        super().__init__(code)
        self.partitions, self.code = partitions, code


def _asked(keeper: Keeper, connection: sa.Connection, subject: Subject | None) -> _Asked:
    """Those that she may ask. One that cannot answer is left out where it holds nothing that she may read; elsewhere a shorter list were a lie."""
    asked = _Asked({}, {}, {})
    if subject is None:
        return asked
    names = [name for name in partitions_for(subject, all_partitions(connection)) if not name.is_open]
    faulty = {fault.partition for fault in all_faults(connection)}
    for name, waiting in sorted(unsettled(connection, names).items(), key=lambda one: str(one[0])):
        try:
            place = place_of(keeper.keyring, name)
        except KeyFileDamaged:  # its key does not open: its records cannot be read either, and `key list` says so
            continue
        if name not in faulty:
            asked.names[place], asked.tokens[place], asked.hidden[place] = name, tokens_in(subject, name), waiting
        elif reads_any(connection, subject, name):
            raise ClosedIndexDamaged(partition=str(name))
    return asked


def _said(keeper: Keeper, asked: _Asked, what: Callable[[ClosedSource], _T]) -> list[_T]:
    """Raises _Broken."""
    said: list[_T] = []
    places = frozenset(asked.names)
    try:
        with keeper.closed.asking_as(asked.tokens, asked.hidden) as sources:
            _require_there(keeper, asked, places.difference(*(source.places for source in sources)))
            for source in sources:
                places = source.places
                said.append(what(source))
    except (IndexDamaged, IndexOutdated) as error:
        raise _Broken([asked.names[place] for place in places], error.code if len(places) == 1 else None) from error
    return said


def _require_there(keeper: Keeper, asked: _Asked, missing: frozenset[OfficeId]) -> None:
    """Raise _Broken for those of the partitions that no source is of which held records: their indexes were lost."""
    if missing:
        with keeper.catalog.read() as connection:
            lost = [asked.names[place] for place in sorted(missing) if has_settled(connection, asked.names[place])]
        if lost:
            raise _Broken(lost, IndexDamaged.code)
