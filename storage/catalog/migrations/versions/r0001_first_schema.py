"""The first schema.

Revision 0001. A revision never changes once it is released, so it says everything itself and takes nothing from the tables of today.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.catalog.dialect import close_with, refuse_change, refuse_delete

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table, and the triggers that keep facts and audit rows as they were written."""
    _audit_pending()
    _office()
    _person()
    _batch()
    _partition()
    _person_fact()
    _source()
    _partition_key()
    _record()
    _blob()
    _open_description()
    _outbox()
    _rebuild()
    _receipt()
    _record_fact()
    _work()
    _idempotency()
    dialect = op.get_bind().dialect.name
    for statement in _triggers(dialect):
        op.execute(statement)


def _triggers(dialect: str) -> list[str]:
    facts = ("id", "kind", "value", "valid_from", "valid_to", "reason", "supersedes", "act_id")
    in_clear = ("DELETE FROM open_description WHERE record_id = NEW.id", "DELETE FROM outbox WHERE record_id = NEW.id AND content IS NOT NULL")
    told = ("id", "time", "person", "source", "office", "action", "outcome", "right_used", "record_id", "session", "address", "leaf")
    return [
        *refuse_delete(dialect, "person_fact"),
        *refuse_change(dialect, "person_fact", (*facts, "person_id")),
        *refuse_delete(dialect, "record_fact"),
        *refuse_change(dialect, "record_fact", (*facts, "record_id")),
        *refuse_delete(dialect, "audit_pending"),
        *refuse_change(dialect, "audit_pending", told),
        # a place in the log is given once; details may be shredded and nothing else
        *refuse_change(dialect, "audit_pending", ("sequenced_seq",), "OLD.sequenced_seq IS NOT NULL"),
        *refuse_change(dialect, "audit_pending", ("details_sealed",), "NEW.details_sealed IS NOT NULL"),
        # what the catalog says in clear of an open record goes in the very transaction that closes it, whoever forgets to see to it
        *close_with(dialect, "record", ("state", "level", "compartments", "work_secret"), f"({_open('OLD')}) AND NOT ({_open('NEW')})", in_clear),
    ]


def _open(row: str) -> str:
    return f"{row}.state IN ('classified', 'kept') AND {row}.level = 0 AND {row}.compartments = '' AND NOT {row}.work_secret"


def _audit_pending() -> None:
    op.create_table(
        "audit_pending",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("time", sa.String(length=27), nullable=False),
        sa.Column("person", sa.String(length=200)),
        sa.Column("source", sa.String(length=200)),
        sa.Column("office", sa.String(length=63)),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("right_used", sa.String(length=40)),
        sa.Column("record_id", sa.String(length=200)),
        sa.Column("session", sa.String(length=26)),
        sa.Column("address", sa.String(length=64)),
        sa.Column("details_sealed", sa.LargeBinary()),
        sa.Column("leaf", sa.Text(), nullable=False),
        sa.Column("sequenced_seq", sa.BigInteger()),
        sa.CheckConstraint("outcome IN ('done', 'denied', 'failed')", name=op.f("ck_audit_pending_outcome_known")),
        sa.CheckConstraint("sequenced_seq >= 0", name=op.f("ck_audit_pending_seq_from_0")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_pending")),
        sa.UniqueConstraint("sequenced_seq", name=op.f("uq_audit_pending_sequenced_seq")),
    )
    op.create_index("ix_audit_pending_action", "audit_pending", ["action", "time"])
    op.create_index("ix_audit_pending_person", "audit_pending", ["person", "time"])
    op.create_index("ix_audit_pending_record", "audit_pending", ["record_id", "time"])
    op.create_index(
        "ix_audit_pending_waiting",
        "audit_pending",
        ["time", "id"],
        sqlite_where=sa.text("sequenced_seq IS NULL"),
        postgresql_where=sa.text("sequenced_seq IS NULL"),
    )


def _office() -> None:
    op.create_table(
        "office",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("parent_id", sa.String(length=63)),
        sa.Column("successor_id", sa.String(length=63)),
        sa.Column("highest_level", sa.SmallInteger(), nullable=False),
        sa.Column("valid_from", sa.String(length=27), nullable=False),
        sa.Column("valid_to", sa.String(length=27)),
        sa.CheckConstraint(
            "kind IN ('CENTRAL', 'PROVINCIAL_COMMITTEE_OFFICE', 'DISTRICT_COMMITTEE', 'COMMUNE_COMMITTEE', 'OTHER')",
            name=op.f("ck_office_kind_known"),
        ),
        sa.CheckConstraint("highest_level BETWEEN 0 AND 3", name=op.f("ck_office_highest_level_is_level")),
        sa.CheckConstraint("parent_id <> id AND successor_id <> id", name=op.f("ck_office_not_its_own")),
        sa.CheckConstraint("successor_id IS NULL OR valid_to IS NOT NULL", name=op.f("ck_office_succeeded_when_ended")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_office_ends_after_start")),
        sa.ForeignKeyConstraint(["parent_id"], ["office.id"], name=op.f("fk_office_parent_id")),
        sa.ForeignKeyConstraint(["successor_id"], ["office.id"], name=op.f("fk_office_successor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office")),
    )
    op.create_index("ix_office_parent_id", "office", ["parent_id"])
    op.create_index("ix_office_successor_id", "office", ["successor_id"])


def _person() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("made_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("name", name=op.f("uq_person_name")),
    )


def _batch() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("office_id", sa.String(length=63), nullable=False),
        sa.Column("depositor_kind", sa.String(length=40), nullable=False),
        sa.Column("depositor_id", sa.String(length=26), nullable=False),
        sa.Column("opened_at", sa.String(length=27), nullable=False),
        sa.CheckConstraint("depositor_kind IN ('person', 'source')", name=op.f("ck_batch_depositor_kind_known")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_batch_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
    )


def _partition() -> None:
    op.create_table(
        "partition",
        sa.Column("id", sa.String(length=300), nullable=False),
        sa.Column("office_id", sa.String(length=63), nullable=False),
        sa.Column("level", sa.SmallInteger()),
        sa.Column("compartments", sa.String(length=200), nullable=False),
        sa.CheckConstraint("(level IS NULL) = (id LIKE 'open/%')", name=op.f("ck_partition_open_is_named_so")),
        sa.CheckConstraint("level IS NOT NULL OR compartments = ''", name=op.f("ck_partition_open_has_no_compartments")),
        sa.CheckConstraint("level BETWEEN 0 AND 3", name=op.f("ck_partition_level_is_level")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_partition_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partition")),
    )


def _person_fact() -> None:
    op.create_table(
        "person_fact",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("person_id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.Column("valid_from", sa.String(length=27), nullable=False),
        sa.Column("valid_to", sa.String(length=27)),
        sa.Column("reason", sa.Text()),
        sa.Column("supersedes", sa.String(length=26)),
        sa.Column("act_id", sa.String(length=26), nullable=False),
        sa.CheckConstraint(
            "kind IN ('CREDENTIAL', 'PASSWORD', 'ROLE', 'CLEARANCE', 'COMPARTMENT', 'OFFICE', 'GRANT_RECORD', 'GRANT_CASE', 'CASE_MEMBER', "
            "'DISABLED')",
            name=op.f("ck_person_fact_kind_known"),
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_person_fact_ends_after_start")),
        sa.ForeignKeyConstraint(["act_id"], ["audit_pending.id"], name=op.f("fk_person_fact_act_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_fact_person_id")),
        sa.ForeignKeyConstraint(
            ["supersedes", "person_id", "kind", "value", "valid_from"],
            ["person_fact.id", "person_fact.person_id", "person_fact.kind", "person_fact.value", "person_fact.valid_from"],
            name=op.f("fk_person_fact_supersedes"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_fact")),
        sa.UniqueConstraint("id", "person_id", "kind", "value", "valid_from", name=op.f("uq_person_fact_same")),
        sa.UniqueConstraint("supersedes", name=op.f("uq_person_fact_supersedes")),
    )
    op.create_index("ix_person_fact_subject", "person_fact", ["person_id", "kind"])
    op.create_index("ix_person_fact_value", "person_fact", ["kind", "value"])


def _source() -> None:
    op.create_table(
        "source",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("office_id", sa.String(length=63), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.String(length=27), nullable=False),
        sa.Column("disabled_at", sa.String(length=27)),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_source_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("name", name=op.f("uq_source_name")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_source_token_hash")),
    )


def _partition_key() -> None:
    op.create_table(
        "partition_key",
        sa.Column("partition_id", sa.String(length=300), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("made_at", sa.String(length=27), nullable=False),
        sa.CheckConstraint("n >= 1", name=op.f("ck_partition_key_counted_from_1")),
        sa.ForeignKeyConstraint(["partition_id"], ["partition.id"], name=op.f("fk_partition_key_partition_id")),
        sa.PrimaryKeyConstraint("partition_id", "n", name=op.f("pk_partition_key")),
        sa.UniqueConstraint("recipient", name=op.f("uq_partition_key_recipient")),
    )


def _record() -> None:
    op.create_table(
        "record",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("office_id", sa.String(length=63), nullable=False),
        sa.Column("level", sa.SmallInteger()),
        sa.Column("compartments", sa.String(length=200), nullable=False),
        sa.Column("work_secret", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("case_id", sa.String(length=26)),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=40)),
        sa.Column("review", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("proposed_level", sa.SmallInteger()),
        sa.Column("wrapped_partition", sa.String(length=300)),
        sa.Column("wrapped_n", sa.Integer(), nullable=False),
        sa.Column("depositor_kind", sa.String(length=40), nullable=False),
        sa.Column("depositor_id", sa.String(length=26), nullable=False),
        sa.Column("batch_id", sa.String(length=26)),
        sa.Column("duplicate_tag", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=127)),
        sa.Column("size_shown", sa.BigInteger(), nullable=False),
        sa.Column("page_count", sa.Integer()),
        sa.Column("received_at", sa.String(length=27), nullable=False),
        sa.Column("kept_at", sa.String(length=27)),
        sa.Column("indexed_at", sa.String(length=27)),
        sa.CheckConstraint("depositor_kind IN ('person', 'source')", name=op.f("ck_record_depositor_kind_known")),
        sa.CheckConstraint(
            "reason IN ('EMPTY', 'DAMAGED', 'NEEDS_PASSWORD', 'UNKNOWN_TYPE', 'TYPE_MISMATCH', 'POLYGLOT', 'TOO_LARGE', "
            "'TOO_MANY_PAGES', 'LIMIT', 'TIMED_OUT', 'OUT_OF_MEMORY', 'CRASHED', 'SOURCE_MISSING', 'SOURCE_UNREADABLE', "
            "'SOURCE_CHANGED', 'STORE_FULL')",
            name=op.f("ck_record_reason_known"),
        ),
        sa.CheckConstraint("state <> 'kept' OR kept_at IS NOT NULL", name=op.f("ck_record_kept_at_a_time")),
        sa.CheckConstraint("state <> 'quarantined' OR reason IS NOT NULL", name=op.f("ck_record_quarantined_has_reason")),
        sa.CheckConstraint(
            "state IN ('received', 'identified', 'sanitised', 'read', 'described', 'classified', 'kept', 'quarantined', 'withdrawn', 'disposed')",
            name=op.f("ck_record_state_known"),
        ),
        sa.CheckConstraint("state NOT IN ('classified', 'kept') OR level IS NOT NULL", name=op.f("ck_record_classified_has_level")),
        sa.CheckConstraint(
            "state NOT IN ('kept', 'quarantined', 'withdrawn') OR wrapped_partition IS NOT NULL", name=op.f("ck_record_at_rest_in_partition")
        ),
        sa.CheckConstraint(
            "state NOT IN ('received', 'identified', 'sanitised', 'read', 'described', 'classified') OR wrapped_partition IS NULL",
            name=op.f("ck_record_on_its_way_in_transit"),
        ),
        sa.CheckConstraint("NOT review OR (level IS NOT NULL AND level >= 1)", name=op.f("ck_record_review_is_closed")),
        sa.CheckConstraint("level BETWEEN 0 AND 3", name=op.f("ck_record_level_is_level")),
        sa.CheckConstraint("proposed_level BETWEEN 0 AND 3", name=op.f("ck_record_proposed_level_is_level")),
        sa.CheckConstraint("wrapped_n >= 1 AND size_shown >= 0 AND page_count >= 0", name=op.f("ck_record_counts_are_counts")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_record_batch_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_record_office_id")),
        sa.ForeignKeyConstraint(
            ["wrapped_partition", "wrapped_n"], ["partition_key.partition_id", "partition_key.n"], name=op.f("fk_record_wrapped_partition")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record")),
    )
    op.create_index("ix_record_batch_id", "record", ["batch_id"])
    op.create_index("ix_record_case_id", "record", ["case_id"])
    op.create_index("ix_record_duplicate_tag", "record", ["office_id", "duplicate_tag"])
    op.create_index("ix_record_partition", "record", ["office_id", "level", "compartments"])
    op.create_index("ix_record_state", "record", ["state", "review"])
    op.create_index("ix_record_wrapped", "record", ["wrapped_partition", "wrapped_n"])
    op.create_index(
        "uq_record_one_copy",
        "record",
        ["office_id", "depositor_kind", "depositor_id", "duplicate_tag"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('withdrawn', 'disposed')"),
        postgresql_where=sa.text("state NOT IN ('withdrawn', 'disposed')"),
    )


def _blob() -> None:
    op.create_table(
        "blob",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("record_id", sa.String(length=26), nullable=False),
        sa.Column("part", sa.String(length=40), nullable=False),
        sa.Column("header_version", sa.Integer(), nullable=False),
        sa.Column("header_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("payload_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("payload_size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=127)),
        sa.Column("retired_at", sa.String(length=27)),
        sa.CheckConstraint("part IN ('original', 'access', 'text', 'description', 'envelope', 'pages')", name=op.f("ck_blob_part_known")),
        sa.CheckConstraint("header_version >= 1 AND payload_size > 0", name=op.f("ck_blob_counts_are_counts")),
        sa.CheckConstraint("length(header_sha256) = 32 AND length(payload_sha256) = 32", name=op.f("ck_blob_hashes_are_whole")),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_blob_record_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blob")),
    )
    op.create_index(
        "uq_blob_live_part",
        "blob",
        ["record_id", "part"],
        unique=True,
        sqlite_where=sa.text("retired_at IS NULL"),
        postgresql_where=sa.text("retired_at IS NULL"),
    )


def _open_description() -> None:
    op.create_table(
        "open_description",
        sa.Column("record_id", sa.String(length=26), nullable=False),
        sa.Column("ref_code", sa.Text()),
        sa.Column("ref_no", sa.BigInteger()),
        sa.Column("doc_type", sa.Text()),
        sa.Column("date", sa.Date()),
        sa.Column("issuer", sa.Text()),
        sa.Column("subject", sa.Text()),
        sa.Column("subject_as_printed", sa.Text()),
        sa.Column("signer", sa.Text()),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text()),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("plain_sha256", sa.String(length=64), nullable=False),
        sa.Column("skeleton", sa.Text(), nullable=False),
        sa.Column("history", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_open_description_record_id")),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_open_description")),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_id", sa.String(length=26), nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("partition_id", sa.String(length=300), nullable=False),
        sa.Column("content", sa.Text()),
        sa.Column("made_at", sa.String(length=27), nullable=False),
        sa.CheckConstraint("content IS NULL OR (partition_id LIKE 'open/%' AND operation = 'put')", name=op.f("ck_outbox_content_is_open")),
        sa.CheckConstraint("operation IN ('put', 'delete')", name=op.f("ck_outbox_operation_known")),
        sa.ForeignKeyConstraint(["partition_id"], ["partition.id"], name=op.f("fk_outbox_partition_id")),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_outbox_record_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_partition_id", "outbox", ["partition_id", "id"])
    op.create_index("ix_outbox_record_id", "outbox", ["record_id"])


def _rebuild() -> None:
    op.create_table(
        "rebuild",
        sa.Column("office_id", sa.String(length=63), nullable=False),
        sa.Column("asked_at", sa.String(length=27), nullable=False),
        sa.Column("total", sa.Integer()),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.String(length=40)),
        sa.CheckConstraint("done >= 0 AND total >= 0", name=op.f("ck_rebuild_counts_are_counts")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_rebuild_office_id")),
        sa.PrimaryKeyConstraint("office_id", name=op.f("pk_rebuild")),
    )


def _receipt() -> None:
    op.create_table(
        "receipt",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("office_id", sa.String(length=63), nullable=False),
        sa.Column("depositor_kind", sa.String(length=40), nullable=False),
        sa.Column("depositor_id", sa.String(length=26), nullable=False),
        sa.Column("batch_id", sa.String(length=26)),
        sa.Column("record_id", sa.String(length=26)),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=40)),
        sa.Column("size", sa.BigInteger()),
        sa.Column("made_at", sa.String(length=27), nullable=False),
        sa.Column("promise", sa.Text()),
        sa.CheckConstraint("(outcome = 'refused') = (record_id IS NULL)", name=op.f("ck_receipt_refused_keeps_nothing")),
        sa.CheckConstraint("depositor_kind IN ('person', 'source')", name=op.f("ck_receipt_depositor_kind_known")),
        sa.CheckConstraint("outcome IN ('accepted', 'stored', 'duplicate', 'quarantined', 'refused')", name=op.f("ck_receipt_outcome_known")),
        sa.CheckConstraint("outcome NOT IN ('refused', 'quarantined') OR reason IS NOT NULL", name=op.f("ck_receipt_says_why")),
        sa.CheckConstraint(
            "reason IN ('EMPTY', 'DAMAGED', 'NEEDS_PASSWORD', 'UNKNOWN_TYPE', 'TYPE_MISMATCH', 'POLYGLOT', 'TOO_LARGE', "
            "'TOO_MANY_PAGES', 'LIMIT', 'TIMED_OUT', 'OUT_OF_MEMORY', 'CRASHED', 'SOURCE_MISSING', 'SOURCE_UNREADABLE', "
            "'SOURCE_CHANGED', 'STORE_FULL')",
            name=op.f("ck_receipt_reason_known"),
        ),
        sa.CheckConstraint("size >= 0", name=op.f("ck_receipt_size_is_size")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_receipt_batch_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_receipt_office_id")),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_receipt_record_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
    )
    op.create_index("ix_receipt_batch_id", "receipt", ["batch_id"])
    op.create_index("ix_receipt_record_id", "receipt", ["record_id"])


def _record_fact() -> None:
    op.create_table(
        "record_fact",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("record_id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.Column("valid_from", sa.String(length=27), nullable=False),
        sa.Column("valid_to", sa.String(length=27)),
        sa.Column("reason", sa.Text()),
        sa.Column("supersedes", sa.String(length=26)),
        sa.Column("act_id", sa.String(length=26), nullable=False),
        sa.CheckConstraint("kind IN ('OFFICE', 'LEVEL', 'COMPARTMENTS', 'CASE')", name=op.f("ck_record_fact_kind_known")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_record_fact_ends_after_start")),
        sa.ForeignKeyConstraint(["act_id"], ["audit_pending.id"], name=op.f("fk_record_fact_act_id")),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_record_fact_record_id")),
        sa.ForeignKeyConstraint(
            ["supersedes", "record_id", "kind", "value", "valid_from"],
            ["record_fact.id", "record_fact.record_id", "record_fact.kind", "record_fact.value", "record_fact.valid_from"],
            name=op.f("fk_record_fact_supersedes"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_fact")),
        sa.UniqueConstraint("id", "record_id", "kind", "value", "valid_from", name=op.f("uq_record_fact_same")),
        sa.UniqueConstraint("supersedes", name=op.f("uq_record_fact_supersedes")),
    )
    op.create_index("ix_record_fact_subject", "record_fact", ["record_id", "kind"])
    op.create_index("ix_record_fact_value", "record_fact", ["kind", "value"])


def _work() -> None:
    op.create_table(
        "work",
        sa.Column("record_id", sa.String(length=26), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("owner", sa.String(length=64)),
        sa.Column("lease_until", sa.String(length=27)),
        sa.Column("ready_at", sa.String(length=27), nullable=False),
        sa.Column("last_error", sa.String(length=40)),
        sa.Column("sealed_input", sa.LargeBinary()),
        sa.Column("done", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint(
            "last_error IN ('EMPTY', 'DAMAGED', 'NEEDS_PASSWORD', 'UNKNOWN_TYPE', 'TYPE_MISMATCH', 'POLYGLOT', 'TOO_LARGE', "
            "'TOO_MANY_PAGES', 'LIMIT', 'TIMED_OUT', 'OUT_OF_MEMORY', 'CRASHED', 'SOURCE_MISSING', 'SOURCE_UNREADABLE', "
            "'SOURCE_CHANGED', 'STORE_FULL')",
            name=op.f("ck_work_last_error_known"),
        ),
        sa.CheckConstraint(
            "step IN ('received', 'identified', 'sanitised', 'read', 'described', 'classified', 'kept', 'quarantined', 'withdrawn', 'disposed')",
            name=op.f("ck_work_step_known"),
        ),
        sa.CheckConstraint("(owner IS NULL) = (lease_until IS NULL)", name=op.f("ck_work_lease_has_owner")),
        sa.CheckConstraint("NOT done OR (owner IS NULL AND sealed_input IS NULL)", name=op.f("ck_work_done_holds_nothing")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_work_attempts_are_counted")),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_work_record_id")),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_work")),
    )
    op.create_index("ix_work_open", "work", ["ready_at", "record_id"], sqlite_where=sa.text("NOT done"), postgresql_where=sa.text("NOT done"))


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("credential", sa.String(length=26), nullable=False),
        sa.Column("key_tag", sa.String(length=64), nullable=False),
        sa.Column("body_tag", sa.String(length=64), nullable=False),
        sa.Column("receipt_id", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"], name=op.f("fk_idempotency_receipt_id")),
        sa.PrimaryKeyConstraint("credential", "key_tag", name=op.f("pk_idempotency")),
    )
