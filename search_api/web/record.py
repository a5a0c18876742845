"""The page of a record: what is known of it, why it has its level, and its pages one by one, picture beside text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Query, Request, Response

from ingest.reading.pages import Source
from ingest.reasons import Reason
from search_api.callers import Caller, archive_of, policy
from search_api.picturing import has_pictures
from search_api.presenting import doc_type_fields, parts
from search_api.reading import Shown, open_part, shown
from search_api.web.showing import HEADERS, lang_of, page, visitor
from search_api.web.texts import Texts, texts_in
from search_api.web.written import day, moment, number
from storage.access import Action
from storage.archive import Archive
from storage.catalog.states import BlobPart
from storage.clock import instant
from storage.description import Description, Json
from storage.errors import NotFound
from storage.indexed import plain_text

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
Visitor = Annotated[Caller, Depends(visitor)]

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}")
_UNDESCRIBED: Final = Description(file_name="", plain_sha256="")
"""Stands for the description of a record that is still on its way."""


@dataclass(frozen=True, slots=True)
class PageShown:
    """One page's text. confidence: of what was read from its picture, in percent. why: the sentence that says why it could not be read."""

    text: str
    confidence: int | None
    why: str | None


@router.get("/records/{record_id}")
@policy(Action.SHOW)
def show(request: Request, record_id: str, caller: Visitor, asked: Annotated[str, Query(alias="page")] = "1") -> Response:
    """A record with one of its pages. Each look is logged as what it is: the record shown, its text read, and its picture when that is fetched."""
    archive, t = archive_of(request), texts_in(lang_of(request))
    if not _NUMBER.fullmatch(asked):
        raise NotFound
    at, found = int(asked), shown(archive, caller, record_id)
    has_text = any(row.part is BlobPart.TEXT for row in found.parts)
    pages: list[dict[str, Json]] = json.loads(_text(archive, caller, record_id, at))["pages"] if has_text else []
    count = max(len(pages), found.skeleton.page_count or 0)
    if at > max(count, 1):
        raise NotFound
    described = found.described or _UNDESCRIBED
    return page(
        request,
        "record.html",
        found=found,
        described=described,
        level=found.facts.effective_level,
        title=described.subject or described.ref_code or t("search.untitled"),
        fields=[(name, value) for name, value in _fields(found, described, t) if value],
        warnings=[_warning(code, t) for code in described.warnings],
        files=[part for part in parts(found) if part["name"] != BlobPart.PAGES],
        at=at,
        count=count,
        text=_page(pages, at, t.lang),
        has_picture=count > 0 and has_pictures(found.skeleton.media_type),
    )


@router.get("/records/{record_id}/text")
@policy(Action.READ)
def text_of(request: Request, record_id: str, caller: Visitor) -> Response:
    """The text of all pages as a file."""
    content = plain_text(_text(archive_of(request), caller, record_id, None))
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{record_id}.txt"'}
    return Response(content, 200, headers, "text/plain; charset=utf-8")


def _text(archive: Archive, caller: Caller, record: str, at: int | None) -> bytes:
    with open_part(archive, caller, record, BlobPart.TEXT, at) as opened:
        return b"".join(opened.reader.read(0, opened.reader.size))


def _page(pages: Sequence[Mapping[str, Json]], at: int, lang: str) -> PageShown | None:
    """The page as the part `text` has it; None where it holds none of this number."""
    if at > len(pages):
        return None
    values = pages[at - 1]
    sure = values["confidence"] if values["source"] == Source.OCR else None
    why = Reason[str(values["reason"])].text(lang) if "reason" in values else None
    return PageShown(str(values["text"]), round(100 * sure) if isinstance(sure, float) else None, why)


def _fields(found: Shown, described: Description, t: Texts) -> Iterator[tuple[str, str | None]]:
    """Names and values in the order of a registry's card."""
    bare = found.skeleton
    yield "ref_code", described.ref_code
    yield "doc_type", cast(str | None, doc_type_fields(described.doc_type, t.lang)["doc_type_label"])
    yield "date", described.date and day(described.date, t.lang)
    yield "issuer", described.issuer
    yield "signer", described.signer
    yield "place", described.place
    yield "urgency", described.urgency and t.label("urgency", described.urgency)
    yield "tags", ", ".join(described.tags)
    yield "marks", ", ".join(t.label("mark", mark) for mark in described.marks)
    yield "compartments", ", ".join(t.label("compartment", one) for one in sorted(bare.compartments))
    yield "office", bare.office_id
    yield "case", found.facts.case
    yield "state", t.label("state", bare.state)
    yield "received_at", moment(instant(bare.received_at), t.lang)
    yield "page_count", number(bare.page_count, t.lang) if bare.page_count else None
    yield "file_name", described.file_name
    yield "sha256", described.plain_sha256


def _warning(code: str, t: Texts) -> str:
    return Reason[code].text(t.lang) if code in Reason.__members__ else t.label("warning", code)
