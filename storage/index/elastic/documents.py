"""What an index of Elasticsearch holds of a record: our own tokens to find and rank by, values to filter by, and what is shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from typing import Final, TypedDict

from classification.levels import Level
from storage.catalog.names import OfficeId
from storage.ids import RecordId
from storage.index.analysis import written
from storage.index.elastic.cluster import Json, Query
from storage.index.entry import FacetField, IndexEntry
from storage.index.fields import cleaned, searched
from storage.index.needs import Field
from storage.index.ranking import K1, B

__all__ = ["BODY", "HEAD", "SHOWN", "STARTS", "TEXT", "Shown", "alone", "document", "emptied", "entry_of", "index_body", "read_shown", "shortened"]

HEAD, TEXT = "head", Field.TEXT.value
"""What a record is ranked by: all its short fields as one, and its text. Both hold each token in its forms, as `analysis` spells terms."""

SHOWN, BODY = "shown", "body"
"""What is shown of a record, as one piece that can be read without the rest; and its text."""

STARTS: Final = "^"
"""A token that stands where a field begins, and is no word."""

_LONGEST: Final = 120
"""Characters of a token; the engine cuts where 255 UTF-16 units are full, and a cut token would be found by its pieces."""

_FACET_LENGTH: Final = 8_000
"""Characters of a value to filter and count by; the engine takes no more than 32,766 bytes, and a filter has at most 500 characters."""


class Shown(TypedDict):
    """What is shown of a record, and kept to give the entry back."""

    record_id: str
    office: str
    level: str
    ref_code: str | None
    doc_type: str | None
    issuer: str | None
    date: str | None
    subject: str
    file_name: str
    page_count: int | None
    tags: list[str]
    tokens: list[str]


def index_body(aliases: Iterable[str]) -> Query:
    """Settings and mappings of an index.

    Nothing is analysed but at spaces, nothing is refreshed but on demand, no query and no document is logged. Of what was deleted nothing is
    kept longer than ten minutes for a copy that may want to catch up, and a merge on demand takes out all of it.
    """
    return {"aliases": {name: {} for name in aliases}, "settings": _SETTINGS, "mappings": {"dynamic": "strict", "properties": _fields()}}


def document(entry: IndexEntry) -> Query:
    """A record as it is put into an index. The forms of a field stand apart, so that no phrase goes over from one to the next."""
    entry = cleaned(entry)
    fields = {field: _forms(text) for field, text in searched(entry).items()}
    made: Query = {
        "record_id": entry.record_id,
        "ordinal": 0 if entry.date is None else entry.date.toordinal(),
        FacetField.OFFICE: entry.office,
        FacetField.LEVEL: entry.level.name,
        FacetField.DOC_TYPE: entry.doc_type,
        FacetField.ISSUER: entry.issuer,
        FacetField.YEAR: None if entry.date is None else entry.date.isoformat()[:4],
        FacetField.TAGS: sorted(entry.tags),
        HEAD: [form for field, forms in fields.items() if field is not Field.TEXT for form in forms],
        TEXT: fields[Field.TEXT],
        SHOWN: _shown(entry),
        BODY: entry.text,
    }
    for field in _ALONE:
        made[alone(field)] = [f"{STARTS} {form}" for form in fields[field]]
    return made


def emptied(record: RecordId) -> Query:
    """What stays of a record that was given up: its id alone, under the version of the change, so that no older change brings it back.

    Elasticsearch forgets the version of a document that is not there after a minute, and when a node starts.
    """
    return {"record_id": record}


def read_shown(text: str) -> Shown:
    """What is shown, as a document holds it."""
    shown: Shown = json.loads(text)
    return shown


def entry_of(shown: Shown, text: str) -> IndexEntry:
    """The inverse of `document`, but for its texts having been cleaned."""
    return IndexEntry(
        RecordId(shown["record_id"]), OfficeId(shown["office"]), Level[shown["level"]], shown["ref_code"], shown["doc_type"], shown["issuer"],
        None if shown["date"] is None else date.fromisoformat(shown["date"]), shown["subject"], text, shown["file_name"], shown["page_count"],
        frozenset(shown["tags"]), frozenset(shown["tokens"]),
    )  # fmt: skip


def alone(field: Field) -> str:
    """Where the words of one field stand by themselves."""
    return TEXT if field is Field.TEXT else f"{field.value}_words"


def shortened(term: str) -> str:
    """A term that the engine does not cut."""
    return term if len(term) <= _LONGEST else term[:40] + hashlib.sha256(term.encode()).hexdigest()


def _shown(entry: IndexEntry) -> str:
    shown = Shown(
        record_id=entry.record_id,
        office=entry.office,
        level=entry.level.name,
        ref_code=entry.ref_code,
        doc_type=entry.doc_type,
        issuer=entry.issuer,
        date=None if entry.date is None else entry.date.isoformat(),
        subject=entry.subject,
        file_name=entry.file_name,
        page_count=entry.page_count,
        tags=sorted(entry.tags),
        tokens=sorted(entry.tokens),
    )
    return json.dumps(shown, ensure_ascii=False)


def _forms(text: str) -> tuple[str, str]:
    """The words of a field as written, and then the whole codes among them; and the words folded."""
    words = written(text)
    return _joined([f"={term}" for term in words.exact + words.codes]), _joined(words.folded)


def _joined(terms: list[str]) -> str:
    return " ".join(terms if max(map(len, terms), default=0) <= _LONGEST else map(shortened, terms))


def _fields() -> Query:
    words: Query = {"type": "text", "analyzer": "whitespace", "similarity": "bm25"}
    counted: Json = {"type": "keyword", "ignore_above": _FACET_LENGTH}
    return {
        "record_id": {"type": "keyword"},
        "ordinal": {"type": "integer"},
        **{field.value: counted for field in FacetField},
        HEAD: words,
        TEXT: words,
        **{alone(field): {**words, "norms": False} for field in _ALONE},
        SHOWN: {"type": "text", "index": False, "norms": False, "store": True},
        BODY: {"type": "text", "index": False, "norms": False},
    }


_ALONE = (Field.SUBJECT, Field.ISSUER, Field.CODE)
"""Fields that a query may name, beside the text."""

_SETTINGS: Query = {
    "number_of_shards": 1,
    "auto_expand_replicas": "0-1",
    "refresh_interval": "-1",
    "similarity": {"bm25": {"type": "BM25", "k1": K1, "b": B}},
    "translog": {"durability": "request"},
    "merge": {"policy": {"expunge_deletes_allowed": 0}},
    "soft_deletes": {"retention": {"operations": 0}, "retention_lease": {"period": "10m"}},
    "search": {"slowlog": {"threshold": {phase: dict.fromkeys(("warn", "info", "debug", "trace"), "-1") for phase in ("query", "fetch")}}},
    "indexing": {"slowlog": {"threshold": {"index": dict.fromkeys(("warn", "info", "debug", "trace"), "-1")}, "source": "false"}},
}
