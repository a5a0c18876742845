"""Offices, people, sources (scanners and other machines that deposit), worker hosts, and the dated facts about people."""

from __future__ import annotations

import sqlalchemy as sa

from storage.catalog.columns import Instant, LevelNumber, Word, is_level, one_of
from storage.catalog.schema.base import ID, SHA256_HEX, fact_columns, metadata
from storage.catalog.schema.log import audit_pending
from storage.catalog.states import FactKind, OfficeKind

__all__ = ["office", "person", "person_fact", "source", "worker_host"]

office = sa.Table(
    "office",
    metadata,
    sa.Column("id", sa.String(63), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", Word(OfficeKind), nullable=False),
    sa.Column("parent_id", sa.String(63), sa.ForeignKey("office.id")),
    sa.Column("successor_id", sa.String(63), sa.ForeignKey("office.id")),
    sa.Column("highest_level", LevelNumber, nullable=False),
    sa.Column("valid_from", Instant, nullable=False),
    sa.Column("valid_to", Instant),
    one_of("kind", OfficeKind),
    is_level("highest_level"),
    sa.CheckConstraint("parent_id <> id AND successor_id <> id", name="not_its_own"),
    sa.CheckConstraint("successor_id IS NULL OR valid_to IS NOT NULL", name="succeeded_when_ended"),
    sa.CheckConstraint("valid_to > valid_from", name="ends_after_start"),
    sa.Index("ix_office_parent_id", "parent_id"),
    sa.Index("ix_office_successor_id", "successor_id"),
)

person = sa.Table(
    "person",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("made_at", Instant, nullable=False),
)

source = sa.Table(
    "source",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("office_id", sa.String(63), sa.ForeignKey("office.id"), nullable=False),
    sa.Column("token_hash", SHA256_HEX, nullable=False, unique=True),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("disabled_at", Instant),
)

worker_host = sa.Table(
    "worker_host",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("certificate_sha256", SHA256_HEX, nullable=False, unique=True),  # of its DER form
    sa.Column("recipient", sa.Text, nullable=False, unique=True),  # what the keeper hands to its workers is sealed to it
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("valid_to", Instant, nullable=False),
    sa.Column("disabled_at", Instant),
)

person_fact = sa.Table(
    "person_fact",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("person_id", ID, sa.ForeignKey("person.id"), nullable=False),
    sa.Column("kind", Word(FactKind), nullable=False),
    one_of("kind", FactKind),
    *fact_columns("person_fact", "person_id", audit_pending.c.id),
)
