"""What a record must contain, as a small tree that every engine can turn into its own language."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["EVERYWHERE", "AllOf", "AnyOf", "Field", "Need", "Run"]


class Field(StrEnum):
    """A searchable part of a record. NAME: its file name and tags. CODE: the parts of its reference code."""

    SUBJECT = "subject"
    TEXT = "text"
    ISSUER = "issuer"
    NAME = "name"
    CODE = "code"


EVERYWHERE = (Field.SUBJECT, Field.TEXT, Field.ISSUER, Field.NAME, Field.CODE)


@dataclass(frozen=True, slots=True)
class Run:
    """These tokens, one directly after the other, in one of the fields. exact: as written, otherwise folded; at_start: where the field begins."""

    tokens: tuple[str, ...]
    exact: bool
    fields: tuple[Field, ...] = EVERYWHERE
    at_start: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of the parts, of which there is at least one."""

    parts: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of the parts, of which there is at least one."""

    parts: tuple[Need, ...]


Need = Run | AllOf | AnyOf
