"""What the catalog notes of a kept record that is read again: what was lent for it, and how it ended. Until then it stays as it is."""

from __future__ import annotations

import sqlalchemy as sa

from storage.catalog.schema import record, work
from storage.catalog.states import Reason, State
from storage.ids import RecordId

__all__ = ["document_found", "is_lent", "is_over"]


def is_lent(connection: sa.Connection, record_id: RecordId) -> bool:
    """Whether a reading of a kept record waits or is under way, with what was lent for it."""
    open_row = sa.and_(work.c.record_id == record_id, sa.not_(work.c.done), work.c.sealed_input.is_not(None))
    return connection.execute(sa.select(work.c.record_id).where(open_row)).one_or_none() is not None


def is_over(connection: sa.Connection, record_id: RecordId) -> tuple[bool, Reason | None]:
    """Whether nothing more is to be done with a record, and the error with which its last step was given up."""
    done, error = connection.execute(sa.select(work.c.done, work.c.last_error).where(work.c.record_id == record_id)).one()
    return done, error


def document_found(connection: sa.Connection, record_id: RecordId, media_type: str, page_count: int) -> None:
    """Note what the reader of today finds the document of a kept record to be."""
    kept = sa.and_(record.c.id == record_id, record.c.state == State.KEPT)
    connection.execute(record.update().where(kept).values(media_type=media_type, page_count=page_count))
