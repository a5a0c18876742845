"""Records (the plain skeleton), their dated facts, their blobs, the descriptions of open ones, and the partitions."""

from __future__ import annotations

import sqlalchemy as sa

from storage.catalog.columns import Compartments, Instant, LevelNumber, Partition, Word, is_level, one_of
from storage.catalog.schema.base import ID, SHA256_HEX, fact_columns, metadata
from storage.catalog.schema.log import audit_pending
from storage.catalog.states import BlobPart, DepositorKind, Reason, RecordFactKind, State

__all__ = ["blob", "open_description", "partition", "partition_key", "record", "record_fact"]

partition = sa.Table(
    "partition",
    metadata,
    sa.Column("id", Partition, primary_key=True),
    sa.Column("office_id", sa.String(63), sa.ForeignKey("office.id"), nullable=False),
    sa.Column("level", LevelNumber),  # null: open
    sa.Column("compartments", Compartments, nullable=False),
    is_level("level"),
    sa.CheckConstraint("level IS NOT NULL OR compartments = ''", name="open_has_no_compartments"),
    sa.CheckConstraint("(level IS NULL) = (id LIKE 'open/%')", name="open_is_named_so"),
)

partition_key = sa.Table(
    "partition_key",
    metadata,
    sa.Column("partition_id", Partition, sa.ForeignKey("partition.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("recipient", sa.Text, nullable=False, unique=True),
    sa.Column("made_at", Instant, nullable=False),
    sa.CheckConstraint("n >= 1", name="counted_from_1"),
)

_LIVE = sa.text("state NOT IN ('withdrawn', 'disposed')")

record = sa.Table(
    "record",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("office_id", sa.String(63), sa.ForeignKey("office.id"), nullable=False),
    sa.Column("level", LevelNumber),  # null until first classified
    sa.Column("compartments", Compartments, nullable=False),
    sa.Column("work_secret", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("case_id", ID),
    sa.Column("state", Word(State), nullable=False),
    sa.Column("reason", Word(Reason)),
    sa.Column("review", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("proposed_level", LevelNumber),
    sa.Column("wrapped_partition", Partition),  # null: sealed to transit
    sa.Column("wrapped_n", sa.Integer, nullable=False),  # number of the transit or partition key
    sa.Column("depositor_kind", Word(DepositorKind), nullable=False),
    sa.Column("depositor_id", ID, nullable=False),
    sa.Column("batch_id", ID, sa.ForeignKey("batch.id")),
    sa.Column("duplicate_tag", SHA256_HEX, nullable=False),
    sa.Column("media_type", sa.String(127)),
    sa.Column("size_shown", sa.BigInteger, nullable=False),  # bytes; padded for the two top levels
    sa.Column("page_count", sa.Integer),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("kept_at", Instant),
    sa.Column("indexed_at", Instant),
    sa.ForeignKeyConstraint(("wrapped_partition", "wrapped_n"), ("partition_key.partition_id", "partition_key.n")),
    one_of("state", State),
    one_of("reason", Reason),
    one_of("depositor_kind", DepositorKind),
    is_level("level"),
    is_level("proposed_level"),
    sa.CheckConstraint("state NOT IN ('classified', 'kept') OR level IS NOT NULL", name="classified_has_level"),
    sa.CheckConstraint("state <> 'quarantined' OR reason IS NOT NULL", name="quarantined_has_reason"),
    sa.CheckConstraint("state NOT IN ('kept', 'quarantined', 'withdrawn') OR wrapped_partition IS NOT NULL", name="at_rest_in_partition"),
    sa.CheckConstraint(
        "state NOT IN ('received', 'identified', 'sanitised', 'read', 'described', 'classified') OR wrapped_partition IS NULL",
        name="on_its_way_in_transit",
    ),
    sa.CheckConstraint("state <> 'kept' OR kept_at IS NOT NULL", name="kept_at_a_time"),
    sa.CheckConstraint("NOT review OR (level IS NOT NULL AND level >= 1)", name="review_is_closed"),
    sa.CheckConstraint("wrapped_n >= 1 AND size_shown >= 0 AND page_count >= 0", name="counts_are_counts"),
    # a repeat by the same depositor joins her record; of what was withdrawn or disposed she may bring a new copy
    sa.Index(
        "uq_record_one_copy",
        "office_id",
        "depositor_kind",
        "depositor_id",
        "duplicate_tag",
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    ),
    sa.Index("ix_record_duplicate_tag", "office_id", "duplicate_tag"),
    sa.Index("ix_record_partition", "office_id", "level", "compartments"),
    sa.Index("ix_record_wrapped", "wrapped_partition", "wrapped_n"),
    sa.Index("ix_record_case_id", "case_id"),
    sa.Index("ix_record_batch_id", "batch_id"),
    sa.Index("ix_record_state", "state", "review"),
)

record_fact = sa.Table(
    "record_fact",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("record_id", ID, sa.ForeignKey("record.id"), nullable=False),
    sa.Column("kind", Word(RecordFactKind), nullable=False),
    one_of("kind", RecordFactKind),
    *fact_columns("record_fact", "record_id", audit_pending.c.id),
)

_NOT_RETIRED = sa.text("retired_at IS NULL")

blob = sa.Table(
    "blob",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("record_id", ID, sa.ForeignKey("record.id"), nullable=False),
    sa.Column("part", Word(BlobPart), nullable=False),
    sa.Column("header_version", sa.Integer, nullable=False),
    sa.Column("header_sha256", sa.LargeBinary(32), nullable=False),
    sa.Column("payload_sha256", sa.LargeBinary(32), nullable=False),
    sa.Column("payload_size", sa.BigInteger, nullable=False),  # bytes, sealed
    sa.Column("media_type", sa.String(127)),
    sa.Column("retired_at", Instant),  # replaced: no answer names it, its files are to be destroyed
    one_of("part", BlobPart),
    sa.CheckConstraint("header_version >= 1 AND payload_size > 0", name="counts_are_counts"),
    sa.CheckConstraint("length(header_sha256) = 32 AND length(payload_sha256) = 32", name="hashes_are_whole"),
    sa.Index("uq_blob_live_part", "record_id", "part", unique=True, sqlite_where=_NOT_RETIRED, postgresql_where=_NOT_RETIRED),
)

open_description = sa.Table(
    "open_description",
    metadata,
    sa.Column("record_id", ID, sa.ForeignKey("record.id"), primary_key=True),
    sa.Column("ref_code", sa.Text),
    sa.Column("ref_no", sa.BigInteger),
    sa.Column("doc_type", sa.Text),
    sa.Column("date", sa.Date),
    sa.Column("issuer", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("subject_as_printed", sa.Text),
    sa.Column("signer", sa.Text),
    sa.Column("tags", sa.Text, nullable=False),  # JSON array of words
    sa.Column("file_name", sa.Text),
    sa.Column("reasons", sa.Text, nullable=False),  # JSON, as `show` gives them
    sa.Column("plain_sha256", SHA256_HEX, nullable=False),
    sa.Column("skeleton", sa.Text, nullable=False),  # JSON, the rest of what `show` gives
    sa.Column("history", sa.Text, nullable=False),  # JSON array of edits
)
