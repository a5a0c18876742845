"""Search: words, phrases, fields, filters, facets, snippets, pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from classification import Level
from search_api.callers import Caller, archive_of, caller_of, policy
from search_api.presenting import doc_type_fields
from search_api.problems import language
from search_api.refusals import INDEX, refuses
from search_api.searching import search, type_names
from storage.access import Action
from storage.description import Json
from storage.errors import ClosedIndexDamaged, InvalidInput
from storage.index.entry import Facet, FacetField, Hit
from storage.index.question import Sort
from storage.index.wire import Asked

__all__ = ["router"]

router = APIRouter()
Known = Annotated[Caller, Depends(caller_of)]


@router.get("/search")
@policy(Action.SEARCH)
@refuses(*INDEX, ClosedIndexDamaged)
def find(
    request: Request,
    caller: Known,
    q: Annotated[str, Query(max_length=2000, description="words, \"phrases\", field:value, -excluded; empty: browse, newest first")] = "",
    limit: Annotated[int, Query(ge=0, le=1000)] = 20,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
    sort: str = "rank",
    filter: Annotated[list[str] | None, Query(description="field=value; of one field alternatives, of several all")] = None,  # noqa: A002
    facets: bool = False,
    snippets: bool = False,
) -> JSONResponse:
    """Everything that the caller may read and that has all the words; where no record has them all, those with most of their weight (`relaxed`)."""
    if sort not in set(Sort):
        raise InvalidInput(what=f"One sorts by {', '.join(Sort)}.")
    filters = [_pair(text) for text in filter or []]
    asked = Asked(q, filters, sort, limit, tuple(FacetField) if facets else (), snippets, type_names())
    found = search(archive_of(request), caller, asked, cursor, {"query": q, "filters": [[*pair] for pair in filters]})
    lang, answer = language(request), found.answer.found
    content = {
        "total": answer.total,
        "hits": [_hit(hit, lang) for hit in answer.hits],
        "facets": {field.value: _facet(field, values, lang) for field, values in answer.facets.items()},
        "next": found.next,
        "relaxed": found.answer.relaxed,
    }
    return JSONResponse(content, headers={"Cache-Control": "no-store"})


def _pair(text: str) -> tuple[str, str]:
    field, sign, value = text.partition("=")
    if not sign:
        raise InvalidInput(what="A filter is written field=value.")
    return field.strip(), value


def _hit(hit: Hit, lang: str) -> dict[str, Json]:
    return {
        "record_id": hit.record_id,
        "ref_code": hit.ref_code,
        **doc_type_fields(hit.doc_type, lang),
        "issuer": hit.issuer,
        "date": None if hit.date is None else hit.date.isoformat(),
        "subject": hit.subject,
        "level": hit.level.name,
        "level_label": hit.level.label(lang),
        "confidential": hit.level.confidential,
        "office": hit.office,
        "page_count": hit.page_count,
        "snippets": [{"text": one.text, "matches": [[*match] for match in one.matches]} for one in hit.snippets],
    }


def _facet(field: FacetField, values: Facet, lang: str) -> list[Json]:
    return [{"value": one.value, "label": _label(field, one.value, lang), "count": one.count} for one in values]


def _label(field: FacetField, value: str, lang: str) -> str:
    if field is FacetField.LEVEL:
        return Level[value].label(lang)
    if field is FacetField.DOC_TYPE:
        return str(doc_type_fields(value, lang)["doc_type_label"])
    return value
