"""The search page: all that is asked stands in its address, so that it can be kept and sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from classification import Level
from search_api.callers import Caller, archive_of, policy
from search_api.presenting import doc_type_fields
from search_api.searching import search, type_names
from search_api.web.showing import lang_of, page, visitor
from search_api.web.written import day
from storage.access import Action
from storage.errors import InvalidInput
from storage.index.entry import Facet, FacetField, Snippet
from storage.index.question import Sort
from storage.index.wire import Asked

__all__ = ["Piece", "pieces", "router"]

router = APIRouter(include_in_schema=False)
Visitor = Annotated[Caller, Depends(visitor)]

_PAGE: Final = 20
_FACETS: Final = (FacetField.DOC_TYPE, FacetField.LEVEL, FacetField.YEAR, FacetField.ISSUER, FacetField.OFFICE, FacetField.TAGS)
_AT_FIRST: Final = 6
"""Values of a facet that are shown without asking for more."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a snippet's text, which matches or does not."""

    text: str
    matches: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A link that changes what is asked. id: of its element, the same in every answer, so that the focus stays. count: of records, if any are."""

    id: str
    label: str
    address: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class _Address:
    """What stands in the page's address."""

    query: str
    filters: tuple[tuple[str, str], ...]
    sort: Sort

    def with_filters(self, *filters: tuple[str, str]) -> str:
        return self._written(filters, self.sort)

    def sorted_by(self, sort: Sort) -> str:
        return self._written(self.filters, sort)

    def after(self, cursor: str) -> str:
        return f"{self._written(self.filters, self.sort)}&{urlencode({'cursor': cursor})}"

    @property
    def first(self) -> str:
        return self._written(self.filters, self.sort)

    def _written(self, filters: Sequence[tuple[str, str]], sort: Sort) -> str:
        pairs = [("q", self.query), *(("filter", "=".join(pair)) for pair in filters)]
        return "/search?" + urlencode(pairs + ([("sort", sort.value)] if sort is not Sort.RANK else []))


@router.get("/search")
@policy(Action.SEARCH)
def find(
    request: Request,
    caller: Visitor,
    q: Annotated[str, Query(max_length=2000)] = "",
    filter: Annotated[list[str] | None, Query()] = None,  # noqa: A002
    sort: str = Sort.RANK,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> Response:
    """The search box, and what is found: hits with snippets, facets with counts. The same act, and the same row, as the interface's search."""
    if sort not in set(Sort):
        raise InvalidInput(what=f"One sorts by {', '.join(Sort)} / Chỉ sắp xếp được theo {', '.join(Sort)}")
    here = _Address(q.strip(), tuple(_pair(text) for text in dict.fromkeys(filter or ())), Sort(sort))
    asked = Asked(here.query, [*here.filters], here.sort, _PAGE, _FACETS, True, type_names())
    details = {"query": here.query, "filters": [[*pair] for pair in here.filters]}
    found = search(archive_of(request), caller, asked, cursor or None, {**details})
    lang, answer = lang_of(request), found.answer.found
    return page(
        request,
        "search.html",
        here=here,
        sorts=list(Sort),
        total=answer.total,
        relaxed=found.answer.relaxed,
        hits=answer.hits,
        type_label=lambda kind: doc_type_fields(kind, lang)["doc_type_label"],
        pieces=pieces,
        active=list(_active(here, lang)),
        facets=[(field, *_values(here, field, facet, lang)) for field in _FACETS if _narrows(facet := answer.facets.get(field, ()), answer.total)],
        next=None if found.next is None else here.after(found.next),
        is_first=not cursor,
    )


def pieces(snippet: Snippet) -> Iterator[Piece]:
    """A snippet as runs that match and that do not; each is escaped by itself, so that no text of a record is ever markup."""
    end = 0
    for start, stop in snippet.matches:
        yield from (Piece(snippet.text[end:start], False), Piece(snippet.text[start:stop], True))
        end = stop
    yield Piece(snippet.text[end:], False)


def _pair(text: str) -> tuple[str, str]:
    field, sign, value = text.partition("=")
    if not sign:
        raise InvalidInput(what="A filter is written field=value / Điều kiện lọc được viết dạng trường=giá_trị")
    return field.strip(), value


def _active(here: _Address, lang: str) -> Iterator[tuple[str, Choice]]:
    """The filters that are set, by their field, each with the link that takes it away."""
    for number, pair in enumerate(here.filters):
        others = (other for other in here.filters if other != pair)
        yield pair[0], Choice(f"without-{number}", _label(*pair, lang), here.with_filters(*others))


def _narrows(facet: Facet, total: int) -> bool:
    """Whether any of the values stands for fewer records than there are."""
    return any(one.count < total for one in facet)


def _values(here: _Address, field: FacetField, facet: Facet, lang: str) -> tuple[list[Choice], list[Choice]]:
    """Values of a facet that are not asked for yet: those shown at first, and the rest."""
    ordered = sorted(facet, key=lambda one: one.value, reverse=True) if field is FacetField.YEAR else facet
    choices = [
        Choice(f"{field}-{number}", _label(field, one.value, lang), here.with_filters(*here.filters, (field.value, one.value)), one.count)
        for number, one in enumerate(ordered)
        if (field.value, one.value) not in here.filters
    ]
    return choices[:_AT_FIRST], choices[_AT_FIRST:]


def _label(field: str, value: str, lang: str) -> str:
    if field == FacetField.LEVEL and value in Level.__members__:
        return Level[value].label(lang)
    if field == FacetField.DOC_TYPE:
        return str(doc_type_fields(value, lang)["doc_type_label"])
    return day(value, lang) if field == "date" else value
