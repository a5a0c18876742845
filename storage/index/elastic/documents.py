"""What an index of Elasticsearch holds of a record: our own tokens to find and rank by, values to filter by, and what is shown.

In a closed partition also who needs to know of it, and counts of its terms, since there the engine does not rank.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Final, TypedDict

from classification.levels import Level
from storage.catalog.names import OfficeId
from storage.ids import RecordId
from storage.index.analysis import Form, analyse, written
from storage.index.elastic.cluster import Json, Query
from storage.index.elastic.names import Kind
from storage.index.entry import FacetField, IndexEntry
from storage.index.fields import cleaned, searched
from storage.index.frequency import STEPS, counted_forms, step_of
from storage.index.needs import Field
from storage.index.ranking import K1, B, Occurrence

__all__ = [
    "BITS", "BODY", "COUNT", "HEAD", "LENGTHS", "NEED", "SHOWN", "STARTS", "TEXT", "Shown", "alone", "counted_bit", "document", "emptied",
    "entry_of", "index_body", "occurrence", "read_shown", "shortened",
]  # fmt: skip

HEAD, TEXT = "head", Field.TEXT.value
"""What a record is ranked by: all its short fields as one, and its text. Both hold each token in its forms, as `analysis` spells terms."""

SHOWN, BODY = "shown", "body"
"""What is shown of a record, as one piece that can be read without the rest; and its text."""

NEED, COUNT = "need_to_know", "count"
"""Of closed records alone: the tokens of those who need to know, and how often each term occurs, as `counted_bit` spells it."""

LENGTHS: Final = ("subject_length", "text_length")
"""Of closed records alone, in syllables."""

BITS: Final = 8
"""Four for the step of a term's count in the subject, four for that in the text; 0 where it does not occur."""

STARTS: Final = "^"
"""A token that stands where a field begins, and is no word."""

_LONGEST: Final = 120
"""Characters of a token; the engine cuts where 255 UTF-16 units are full, and a cut token would be found by its pieces."""

_FACET_LENGTH: Final = 8_000
"""Characters of a value to filter and count by; the engine takes no more than 32,766 bytes, and a filter has at most 500 characters."""


_ENCODE: Final = json.JSONEncoder(ensure_ascii=False).encode


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


def index_body(aliases: Iterable[str], kind: Kind = Kind.OPEN) -> Query:
    """Settings and mappings of an index.

    Nothing is analysed but at spaces, nothing is refreshed but on demand, no query and no document is logged. Of what was deleted nothing is
    kept longer than ten minutes for a copy that may want to catch up, and a merge on demand takes out all of it.
    """
    fields = _fields() if kind is Kind.OPEN else _fields() | _closed_fields()
    return {"aliases": {name: {} for name in aliases}, "settings": _SETTINGS, "mappings": {"dynamic": "strict", "properties": fields}}


def document(entry: IndexEntry, kind: Kind = Kind.OPEN) -> Query:
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
    return made if kind is Kind.OPEN else made | _closed(entry)


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


def counted_bit(term: str, bit: int) -> str:
    """Says of a record that holds it that this bit is set in the count of the term."""
    return f"{bit}{term}"


def occurrence(code: int) -> Occurrence:
    """How often a term occurs whose count has the bits of this number set."""
    subject, text = divmod(code, 1 << BITS // 2)
    return Occurrence(STEPS[subject - 1] if subject else 0, STEPS[text - 1] if text else 0)


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
    return _ENCODE(shown)


def _forms(text: str) -> tuple[str, str]:
    """The words of a field as written, and then the whole codes among them; and the words folded."""
    pieces = text.split()  # no word and no code goes over a space
    told = [_known_piece(piece) if len(piece) <= _LONGEST else _piece(piece) for piece in pieces]
    exact, folded, codes = zip(("", "", ""), *told, strict=True)
    return " ".join(filter(None, exact + codes)), " ".join(filter(None, folded))


def _piece(text: str) -> tuple[str, str, str]:
    words = written(text)
    return _joined([f"={term}" for term in words.exact]), _joined(words.folded), _joined([f"={term}" for term in words.codes])


def _joined(terms: list[str]) -> str:
    return " ".join(map(shortened, terms))


_known_piece = lru_cache(maxsize=1 << 16)(_piece)
"""Most of a text is said again and again."""


def _closed(entry: IndexEntry) -> Query:
    """What a closed partition holds beside it. entry: cleaned."""
    subject, text = counted_forms({field: analyse(said) for field, said in searched(entry).items()})
    terms = dict.fromkeys([*subject.counts, *text.counts])
    counts: list[Json] = [counted_bit(term, bit) for term in terms for bit in _set(_code(subject, term) << BITS // 2 | _code(text, term))]
    return {NEED: sorted(entry.tokens), COUNT: counts, **dict(zip(LENGTHS, (subject.length, text.length), strict=True))}


def _code(form: Form, term: str) -> int:
    return step_of(form.counts[term]) + 1 if term in form.counts else 0


def _set(code: int) -> list[int]:
    return [bit for bit in range(BITS) if code >> bit & 1]


def _closed_fields() -> Query:
    known: Json = {"type": "keyword", "doc_values": False}
    return {NEED: known, COUNT: known, **{name: {"type": "integer", "index": False} for name in LENGTHS}}


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
