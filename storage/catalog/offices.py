"""Offices: their places in the tree, and what became of those that ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from classification.levels import Level
from storage.catalog.names import OfficeId
from storage.catalog.schema import office
from storage.catalog.states import OfficeKind
from storage.errors import NameTaken, NotFound

__all__ = ["Office", "add_office", "all_offices", "end_office", "office_of", "offices_within"]


@dataclass(frozen=True, slots=True)
class Office:
    """An office, which has existed from `valid_from` until just before `valid_to`.

    successor: the office that took over its tasks and its papers; a fonds ends with its office, and passes on as a whole.
    highest_level: no record of this office may be higher.
    """

    id: OfficeId
    name: str
    kind: OfficeKind
    parent: OfficeId | None
    highest_level: Level
    valid_from: datetime
    valid_to: datetime | None = None
    successor: OfficeId | None = None


_COLUMNS = (
    office.c.id,
    office.c.name,
    office.c.kind,
    office.c.parent_id,
    office.c.highest_level,
    office.c.valid_from,
    office.c.valid_to,
    office.c.successor_id,
)

_ALL = sa.select(*_COLUMNS).order_by(office.c.id)


def all_offices(connection: sa.Connection) -> tuple[Office, ...]:
    """Every office there is or was, by id."""
    return tuple(Office(*row) for row in connection.execute(_ALL))


def offices_within(connection: sa.Connection, own: frozenset[OfficeId], at: datetime) -> frozenset[OfficeId]:
    """Of these offices those that there are, the offices below them (ended ones too: their papers stay), and those that one of them
    succeeded by `at`."""
    return frozenset(connection.execute(_WITHIN, {"own": list(own), "at": at}).scalars())


def _within() -> sa.Select[OfficeId]:
    at = sa.bindparam("at", type_=office.c.valid_from.type)
    reached = sa.select(office.c.id).where(office.c.id.in_(sa.bindparam("own", expanding=True))).cte("reached", recursive=True)
    is_below = sa.and_(office.c.parent_id == reached.c.id, office.c.valid_from <= at)
    is_succeeded = sa.and_(office.c.successor_id == reached.c.id, office.c.valid_to <= at)
    following = sa.select(office.c.id).join_from(office, reached, sa.or_(is_below, is_succeeded))
    return sa.select(reached.union(following).c.id)  # a union lets each in once, so that offices in a ring end


_WITHIN = _within()  # made once: it is asked at every request


def office_of(connection: sa.Connection, office_id: OfficeId) -> Office | None:
    """The office of this id."""
    row = connection.execute(sa.select(*_COLUMNS).where(office.c.id == office_id)).one_or_none()
    return None if row is None else Office(*row)


def add_office(connection: sa.Connection, new: Office) -> None:
    """Add an office. Raises NameTaken for an id that is or was in use."""
    if office_of(connection, new.id) is not None:
        raise NameTaken(name=new.id)
    connection.execute(
        office.insert().values(
            id=new.id,
            name=new.name,
            kind=new.kind,
            parent_id=new.parent,
            successor_id=new.successor,
            highest_level=new.highest_level,
            valid_from=new.valid_from,
            valid_to=new.valid_to,
        )
    )


def end_office(connection: sa.Connection, office_id: OfficeId, at: datetime, successor: OfficeId | None) -> None:
    """End an office at `at`; who may read the papers of `successor` may then read its papers too.

    Raises NotFound for an office that does not stand.
    """
    standing = sa.and_(office.c.id == office_id, office.c.valid_to.is_(None))
    ended = connection.execute(office.update().where(standing).values(valid_to=at, successor_id=successor))
    if ended.rowcount != 1:
        raise NotFound
