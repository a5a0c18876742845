"""What a depositor gets back: batches, receipts, and the keys that make a repeated request the same request."""

from __future__ import annotations

import sqlalchemy as sa

from storage.catalog.columns import Instant, Word, one_of
from storage.catalog.schema.base import ID, SHA256_HEX, metadata
from storage.catalog.states import DepositorKind, Outcome, Reason

__all__ = ["batch", "idempotency", "receipt"]

batch = sa.Table(
    "batch",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("office_id", sa.String(63), sa.ForeignKey("office.id"), nullable=False),
    sa.Column("depositor_kind", Word(DepositorKind), nullable=False),
    sa.Column("depositor_id", ID, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    one_of("depositor_kind", DepositorKind),
)

receipt = sa.Table(
    "receipt",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("office_id", sa.String(63), sa.ForeignKey("office.id"), nullable=False),
    sa.Column("depositor_kind", Word(DepositorKind), nullable=False),
    sa.Column("depositor_id", ID, nullable=False),
    sa.Column("batch_id", ID, sa.ForeignKey("batch.id")),
    sa.Column("record_id", ID, sa.ForeignKey("record.id")),
    sa.Column("outcome", Word(Outcome), nullable=False),
    sa.Column("reason", Word(Reason)),
    sa.Column("size", sa.BigInteger),  # bytes received; null where nothing could be read
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("promise", sa.Text),  # null until sequenced
    one_of("depositor_kind", DepositorKind),
    one_of("outcome", Outcome),
    one_of("reason", Reason),
    sa.CheckConstraint("(outcome = 'refused') = (record_id IS NULL)", name="refused_keeps_nothing"),
    sa.CheckConstraint("outcome NOT IN ('refused', 'quarantined') OR reason IS NOT NULL", name="says_why"),
    sa.CheckConstraint("size >= 0", name="size_is_size"),
    sa.Index("ix_receipt_record_id", "record_id"),
    sa.Index("ix_receipt_batch_id", "batch_id"),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("credential", ID, primary_key=True),  # the fact or source whose token was used
    sa.Column("key_tag", SHA256_HEX, primary_key=True),  # a tag of the key: clients put file names into keys
    sa.Column("body_tag", SHA256_HEX, nullable=False),
    sa.Column("receipt_id", ID, sa.ForeignKey("receipt.id"), nullable=False),
)
