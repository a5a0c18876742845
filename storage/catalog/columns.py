"""Types of columns: portable text and numbers in the database, the values that they mean in Python."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

import sqlalchemy as sa

from classification.levels import Compartment, Level
from storage.catalog.names import PartitionName, compartments_text, parse_compartments
from storage.clock import instant

__all__ = ["Compartments", "Instant", "LevelNumber", "Partition", "Word", "is_level", "one_of"]

_E = TypeVar("_E", bound=StrEnum)


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware moment, as RFC 3339 text in UTC with microseconds: text order is time order on every database."""

    impl = sa.String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> str | None:
        """Raises ValueError for a naive moment, whose zone would have to be guessed."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone")
        return instant(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> datetime | None:
        """The moment in UTC."""
        return None if value is None else _moment(value)


class LevelNumber(sa.types.TypeDecorator[Level]):
    """A level as its number, so that the database compares levels as the law orders them."""

    impl = sa.SmallInteger
    cache_ok = True

    def process_bind_param(self, value: Level | None, dialect: sa.Dialect) -> int | None:
        """The number of the level."""
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> Level | None:
        """The level of the number."""
        return None if value is None else Level(value)


class Compartments(sa.types.TypeDecorator[frozenset[Compartment]]):
    """A set of compartments as its canonical text, so that equal sets are equal texts."""

    impl = sa.String(200)
    cache_ok = True

    def process_bind_param(self, value: frozenset[Compartment] | None, dialect: sa.Dialect) -> str | None:
        """The canonical text."""
        return None if value is None else compartments_text(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> frozenset[Compartment] | None:
        """The set; raises ValueError for a text that is not canonical."""
        return None if value is None else parse_compartments(value)


class Partition(sa.types.TypeDecorator[PartitionName]):
    """The name of a partition."""

    impl = sa.String(300)
    cache_ok = True

    def process_bind_param(self, value: PartitionName | None, dialect: sa.Dialect) -> str | None:
        """The canonical text."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> PartitionName | None:
        """The name; raises ValueError for a text that is none."""
        return None if value is None else _partition(value)


class Word(sa.types.TypeDecorator[_E]):
    """A member of a closed set, as its own word. The table's constraint (`one_of`) holds the set in the database."""

    impl = sa.String(40)
    cache_ok = True

    def __init__(self, words: type[_E]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: _E | None, dialect: sa.Dialect) -> str | None:
        """The word."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> _E | None:
        """The member; raises ValueError for a word that is none."""
        return None if value is None else self.words(value)


def one_of(column: str, words: type[StrEnum]) -> sa.CheckConstraint:
    """The constraint that `column` holds a word of the set (or null, where the column may be null)."""
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def is_level(column: str) -> sa.CheckConstraint:
    """The constraint that `column` holds the number of a level (or null, where the column may be null)."""
    return sa.CheckConstraint(f"{column} BETWEEN {min(Level)} AND {max(Level)}", name=f"{column}_is_level")


# The same offices and partitions are read at every request.
@lru_cache(maxsize=1 << 12)
def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@lru_cache(maxsize=1 << 12)
def _partition(text: str) -> PartitionName:
    return PartitionName.parse(text)
