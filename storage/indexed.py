"""What the index shall hold of a record, and how it travels through the outbox of open partitions."""

from __future__ import annotations

import json
from datetime import date

from storage.access import tokens_of
from storage.catalog.record_facts import RecordFacts
from storage.description import Description
from storage.index.entry import IndexEntry

__all__ = ["entry_of", "from_content", "plain_text", "to_content"]


def entry_of(facts: RecordFacts, described: Description, text: str, page_count: int | None) -> IndexEntry:
    """The entry of a record as it stands. text: of all pages; empty where it could not be read, so that only its envelope is found."""
    return IndexEntry(
        record_id=facts.id,
        office=facts.office,
        level=facts.effective_level,
        ref_code=described.ref_code,
        doc_type=described.doc_type,
        issuer=described.issuer,
        date=None if described.date is None else date.fromisoformat(described.date),
        subject=described.subject or "",
        text=text,
        file_name=described.file_name,
        page_count=page_count,
        tags=frozenset(described.tags),
        tokens=tokens_of(facts),
    )


def to_content(entry: IndexEntry) -> str:
    """The outbox's content for an open record: description and text, in clear, as the record is open. The rest stands in its row."""
    values = {
        "ref_code": entry.ref_code,
        "doc_type": entry.doc_type,
        "issuer": entry.issuer,
        "date": None if entry.date is None else entry.date.isoformat(),
        "subject": entry.subject,
        "text": entry.text,
        "file_name": entry.file_name,
        "page_count": entry.page_count,
        "tags": sorted(entry.tags),
    }
    return json.dumps(values, ensure_ascii=False)


def from_content(facts: RecordFacts, content: str) -> IndexEntry:
    """The entry that an outbox row of an open partition asks for."""
    values = json.loads(content)
    return IndexEntry(
        record_id=facts.id,
        office=facts.office,
        level=facts.effective_level,
        ref_code=values["ref_code"],
        doc_type=values["doc_type"],
        issuer=values["issuer"],
        date=None if values["date"] is None else date.fromisoformat(values["date"]),
        subject=values["subject"],
        text=values["text"],
        file_name=values["file_name"],
        page_count=values["page_count"],
        tags=frozenset(values["tags"]),
        tokens=tokens_of(facts),
    )


def plain_text(content: bytes) -> str:
    """The words of all pages, from the content of a part `text`."""
    return "\n\f".join(str(page["text"]) for page in json.loads(content)["pages"])
