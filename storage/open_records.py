"""Open records with all that their index is made of, many in one statement."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from storage.catalog.blobs import BlobRow, blob_in
from storage.catalog.holdings import IS_OPEN
from storage.catalog.record_facts import RecordFacts, facts_in
from storage.catalog.schema import blob, office, open_description, record
from storage.catalog.states import BlobPart
from storage.description import Description, description_in

__all__ = ["OpenRecord", "open_records"]


@dataclass(frozen=True, slots=True)
class OpenRecord:
    """A record as it is open now. text: its part `text`, None where it has none."""

    facts: RecordFacts
    described: Description
    text: BlobRow | None
    page_count: int | None


_IS_TEXT = sa.and_(blob.c.record_id == record.c.id, blob.c.part == BlobPart.TEXT, blob.c.retired_at.is_(None))
_FROM = record.join(office).join(open_description, open_description.c.record_id == record.c.id).outerjoin(blob, _IS_TEXT)
_ROWS = sa.select(record, office.c.highest_level, open_description, blob).select_from(_FROM).where(IS_OPEN).order_by(record.c.id)


def open_records(connection: sa.Connection, condition: sa.ColumnElement[bool], most: int) -> list[OpenRecord]:
    """The first of the open records that fit, in the order of their ids. condition: over `record`."""
    rows = connection.execute(_ROWS.where(condition).limit(most)).mappings()
    return [OpenRecord(facts_in(row), description_in(row), blob_in(row), row[record.c.page_count]) for row in rows]
