"""An entry's texts in one spelling, and its searchable fields: the same for every engine."""

from __future__ import annotations

from storage.index.analysis import clean
from storage.index.entry import IndexEntry
from storage.index.needs import Field

__all__ = ["cleaned", "searched"]


def cleaned(entry: IndexEntry) -> IndexEntry:
    """The entry with its texts in one spelling, all of them writable."""

    def known(text: str | None) -> str | None:
        return None if text is None else clean(text)

    return IndexEntry(
        entry.record_id, entry.office, entry.level, known(entry.ref_code), known(entry.doc_type), known(entry.issuer), entry.date,
        clean(entry.subject), clean(entry.text), clean(entry.file_name), entry.page_count, frozenset(map(clean, entry.tags)), entry.tokens,
    )  # fmt: skip


def searched(entry: IndexEntry) -> dict[Field, str]:
    """The text of each searchable field of a cleaned entry."""
    return {
        Field.SUBJECT: entry.subject,
        Field.TEXT: entry.text,
        Field.ISSUER: entry.issuer or "",
        Field.NAME: "\n".join([entry.file_name, *sorted(entry.tags)]),
        Field.CODE: entry.ref_code or "",
    }
