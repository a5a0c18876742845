"""Audit rows: each commits with the act that it tells of, and waits here for its place in the log."""

from __future__ import annotations

import sqlalchemy as sa

from storage.catalog.columns import Instant, Word, one_of
from storage.catalog.schema.base import ID, metadata
from storage.catalog.states import AuditOutcome

__all__ = ["audit_pending"]

_WAITING = sa.text("sequenced_seq IS NULL")

audit_pending = sa.Table(
    "audit_pending",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("time", Instant, nullable=False),
    sa.Column("person", sa.String(200)),
    sa.Column("source", sa.String(200)),
    sa.Column("office", sa.String(63)),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("outcome", Word(AuditOutcome), nullable=False),
    sa.Column("right_used", sa.String(40)),
    sa.Column("record_id", sa.String(200)),  # as asked for: denials on ids that never were are rows too
    sa.Column("session", sa.String(26)),
    sa.Column("address", sa.String(64)),
    sa.Column("details_sealed", sa.LargeBinary),
    sa.Column("leaf", sa.Text, nullable=False),
    sa.Column("sequenced_seq", sa.BigInteger, unique=True),
    one_of("outcome", AuditOutcome),
    sa.CheckConstraint("sequenced_seq >= 0", name="seq_from_0"),
    sa.Index("ix_audit_pending_waiting", "time", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    sa.Index("ix_audit_pending_record", "record_id", "time"),
    sa.Index("ix_audit_pending_person", "person", "time"),
    sa.Index("ix_audit_pending_action", "action", "time"),
)
