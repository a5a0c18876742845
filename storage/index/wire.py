"""Questions and answers of the index as JSON, for partitions that another process holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TypeAlias

from classification.levels import Level
from storage.catalog.names import OfficeId
from storage.ids import RecordId
from storage.index.entry import FacetField, FacetValue, Hit, PartitionAnswer, Snippet, SortKey
from storage.index.filters import parse_filters
from storage.index.query import parse_query
from storage.index.question import Question, Sort
from storage.index.relaxing import Partial

__all__ = ["Asked", "Json", "answer_from", "answer_json", "partial_from", "partial_json"]

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"


class Asked:
    """A question as it was asked, in texts: what travels between processes, each of which reads it by the same grammar.

    query: as typed. filters: field and value. sort: `rank` or `date`. type_names: what a document type may be called, to its identifier.
    """

    def __init__(
        self,
        query: str,
        filters: list[tuple[str, str]],
        sort: str,
        limit: int,
        facets: tuple[FacetField, ...],
        snippets: bool,
        type_names: Mapping[str, str],
    ) -> None:
        self._texts = (query, filters, sort, limit, facets, snippets, type_names)
        self.after: SortKey | None = None

    def question(self) -> Question:
        """The question. Raises InvalidInput for what cannot be read."""
        query, filters, sort, limit, facets, snippets, type_names = self._texts
        return Question(parse_query(query, type_names), parse_filters(filters), Sort(sort), limit, self.after, facets, snippets)

    def as_json(self) -> dict[str, Json]:
        """For the other process."""
        query, filters, sort, limit, facets, snippets, type_names = self._texts
        return {
            "query": query,
            "filters": [[*pair] for pair in filters],
            "sort": sort,
            "limit": limit,
            "facets": [*facets],
            "snippets": snippets,
            "type_names": {**type_names},
            "after": None if self.after is None else [*self.after],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Json]) -> Asked:
        """The inverse of `as_json`. Raises ValueError, TypeError or KeyError for anything else."""
        filters = [(str(_list(pair)[0]), str(_list(pair)[1])) for pair in _list(values["filters"])]
        names = {str(name): str(kind) for name, kind in _dict(values["type_names"]).items()}
        facets = tuple(FacetField(str(name)) for name in _list(values["facets"]))
        asked = cls(str(values["query"]), filters, str(values["sort"]), _int(values["limit"]), facets, bool(values["snippets"]), names)
        asked.after = None if values["after"] is None else _key(values["after"])
        return asked


def answer_json(answer: PartitionAnswer) -> dict[str, Json]:
    """An answer for the other process."""
    return {
        "total": answer.total,
        "hits": [_hit_json(hit) for hit in answer.hits],
        "facets": {field.value: [[one.value, one.count] for one in values] for field, values in answer.facets.items()},
        "more": answer.more,
    }


def answer_from(values: Mapping[str, Json]) -> PartitionAnswer:
    """The inverse of `answer_json`."""
    facets = {
        FacetField(field): tuple(FacetValue(str(_list(one)[0]), _int(_list(one)[1])) for one in _list(counts))
        for field, counts in _dict(values["facets"]).items()
    }
    hits = tuple(_hit(_dict(hit)) for hit in _list(values["hits"]))
    return PartitionAnswer(_int(values["total"]), hits, facets, bool(values["more"]))


def partial_json(partial: Partial) -> dict[str, Json]:
    """What is to be had of the words, for the other process; the weight as text, so that it stays what it was."""
    return {"present": [*sorted(partial.present)], "best": repr(partial.best)}


def partial_from(values: Mapping[str, Json]) -> Partial:
    """The inverse of `partial_json`."""
    return Partial(frozenset(_int(number) for number in _list(values["present"])), float(str(values["best"])))


def _hit_json(hit: Hit) -> dict[str, Json]:
    return {
        "key": [*hit.key],
        "office": hit.office,
        "level": hit.level.name,
        "ref_code": hit.ref_code,
        "doc_type": hit.doc_type,
        "issuer": hit.issuer,
        "date": None if hit.date is None else hit.date.isoformat(),
        "subject": hit.subject,
        "page_count": hit.page_count,
        "snippets": [[snippet.text, [[*match] for match in snippet.matches]] for snippet in hit.snippets],
    }


def _hit(values: dict[str, Json]) -> Hit:
    return Hit(
        key=_key(values["key"]),
        office=OfficeId(str(values["office"])),
        level=Level[str(values["level"])],
        ref_code=_text(values["ref_code"]),
        doc_type=_text(values["doc_type"]),
        issuer=_text(values["issuer"]),
        date=None if values["date"] is None else date.fromisoformat(str(values["date"])),
        subject=str(values["subject"]),
        page_count=None if values["page_count"] is None else _int(values["page_count"]),
        snippets=tuple(_snippet(snippet) for snippet in _list(values["snippets"])),
    )


def _snippet(values: Json) -> Snippet:
    text, matches = _list(values)
    return Snippet(str(text), tuple((_int(_list(match)[0]), _int(_list(match)[1])) for match in _list(matches)))


def _key(values: Json) -> SortKey:
    major, minor, record = _list(values)
    return SortKey(_int(major), _int(minor), RecordId(str(record)))


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _dict(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _int(value: Json) -> int:
    if not isinstance(value, int):
        raise TypeError("not a number")
    return value


def _text(value: Json) -> str | None:
    return None if value is None else str(value)
