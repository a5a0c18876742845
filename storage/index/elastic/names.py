"""How the indexes of an instance are called, and which there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypedDict, cast

from storage.catalog.names import OfficeId
from storage.index.analysis import ANALYSIS_VERSION
from storage.index.elastic.cluster import WRITING, Cluster, Patience

__all__ = ["Generations", "Kind", "Names"]

_VERSION: Final = "a" + ANALYSIS_VERSION.replace("/", "-")


class _Aliased(TypedDict):
    aliases: dict[str, object]


@dataclass(frozen=True, slots=True)
class Generations:
    """The indexes of one office. current: the one that answers, if there is one; all: also one that is being built anew."""

    current: str | None
    all: tuple[str, ...]

    @property
    def written(self) -> tuple[str, ...]:
        """Those that changes go into: made by this version of the analysis."""
        return tuple(name for name in self.all if f"@{_VERSION}-" in name)

    @property
    def is_outdated(self) -> bool:
        """Whether what answers was made by another version of the analysis."""
        return self.current is not None and self.current not in self.written


class Kind(StrEnum):
    """Which records: no credential may do anything with indexes of both kinds."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Names:
    """Names that begin with the instance's: several instances may share a cluster. No office's id holds an `@` or a `+`.

    A closed partition goes by the id of its key, which says nothing of office, level or compartments.
    """

    instance: str
    kind: Kind = Kind.OPEN

    @property
    def pattern(self) -> str:
        """All indexes and aliases of the instance."""
        return f"vk-{self.instance}-{self.kind}-*"

    def answering(self, office: OfficeId) -> str:
        """The alias of the index that answers for an office."""
        return f"vk-{self.instance}-{self.kind}-{office}"

    def generation(self, office: OfficeId, number: int) -> str:
        """An index by itself: the analysis that made it, and a number."""
        return f"{self.answering(office)}@{_VERSION}-{number}"

    def generations(self, office: OfficeId) -> str:
        """All indexes of an office."""
        return f"{self.answering(office)}@*"

    def following(self, office: OfficeId, there: Iterable[str]) -> str:
        """The name of the next index of an office."""
        return self.generation(office, 1 + max((int(name.rpartition("-")[2]) for name in there), default=0))

    @staticmethod
    def writing(generation: str) -> str:
        """The alias by which one index alone is written to: a change for one that was removed is refused, and makes no new one."""
        return f"{generation}+w"

    def existing(self, cluster: Cluster, patience: Patience = WRITING) -> dict[OfficeId, Generations]:
        """What there is, by office."""
        found = cast("dict[str, _Aliased]", cluster.ask("GET", f"/{self.pattern}/_alias", patience=patience, accepted=frozenset({404})).body)
        by_office: dict[OfficeId, list[str]] = {}
        for name in sorted(found):
            by_office.setdefault(OfficeId(name.removeprefix(self.answering(OfficeId(""))).partition("@")[0]), []).append(name)
        return {
            office: Generations(next((name for name in names if self.answering(office) in found[name]["aliases"]), None), tuple(names))
            for office, names in by_office.items()
        }
