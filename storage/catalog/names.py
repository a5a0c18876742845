"""Ids, names of partitions and the canonical text of compartments: one form each, so that equal things have equal names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NewType

from classification.levels import Compartment, Level
from storage.catalog.states import DepositorKind

__all__ = ["CaseId", "Depositor", "OfficeId", "PartitionName", "PersonId", "SourceId", "compartments_text", "parse_compartments"]

CaseId = NewType("CaseId", str)
PersonId = NewType("PersonId", str)
SourceId = NewType("SourceId", str)

OfficeId = NewType("OfficeId", str)
"""1 to 63 of `a-z 0-9 . _ -`, beginning with a letter or digit: it stands in partition names."""

_OFFICE = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


def compartments_text(compartments: Iterable[Compartment]) -> str:
    """Compartments sorted and joined by `+`; empty for none."""
    return "+".join(sorted(set(compartments)))


def parse_compartments(text: str) -> frozenset[Compartment]:
    """The inverse of `compartments_text`. Raises ValueError for anything that it does not write."""
    compartments = frozenset(Compartment(word) for word in text.split("+")) if text else frozenset[Compartment]()
    if compartments_text(compartments) != text:
        raise ValueError("compartments are not in their canonical form")
    return compartments


@dataclass(frozen=True, slots=True)
class Depositor:
    """Who brought a document in. id: of a person or of a source, as `kind` says."""

    kind: DepositorKind
    id: str


@dataclass(frozen=True, slots=True)
class PartitionName:
    """A set of records with one reading rule: `open/<office>` or `closed/<office>/<level>/<compartments>`.

    level: None for an open partition, which has no compartments either.
    """

    office: OfficeId
    level: Level | None = None
    compartments: frozenset[Compartment] = frozenset()

    def __post_init__(self) -> None:
        if _OFFICE.fullmatch(self.office) is None:
            raise ValueError("not the id of an office")
        if self.level is None and self.compartments:
            raise ValueError("an open partition has no compartments")

    @property
    def is_open(self) -> bool:
        """Whether its records are non-confidential, in no compartment and unmarked."""
        return self.level is None

    def __str__(self) -> str:
        if self.level is None:
            return f"open/{self.office}"
        return f"closed/{self.office}/{self.level.name}/{compartments_text(self.compartments)}"

    @classmethod
    def parse(cls, text: str) -> PartitionName:
        """The partition that `text` names. Raises ValueError for any text that `str` of a name does not give."""
        match text.split("/"):
            case ["open", office]:
                return cls(OfficeId(office))
            case ["closed", office, level, compartments] if level in Level.__members__:
                return cls(OfficeId(office), Level[level], parse_compartments(compartments))
            case _:
                raise ValueError("not the name of a partition")
