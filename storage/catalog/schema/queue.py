"""Work to do on records, what the indexes are yet to learn, which of them take nothing, and which are to be built anew."""

from __future__ import annotations

import sqlalchemy as sa

from storage.catalog.columns import Instant, Partition, Word, one_of
from storage.catalog.schema.base import ID, metadata
from storage.catalog.states import Operation, Reason, State

__all__ = ["index_fault", "outbox", "rebuild", "work"]

_OPEN = sa.text("NOT done")
_REFUSAL_IS_WHOLE = sa.CheckConstraint(  # with the column, as SQLite adds no constraint to a table that is there
    "(refused IS NULL) = (refused_at IS NULL) AND (refused IS NULL) = (again_at IS NULL)", name="refusal_is_whole"
)

work = sa.Table(
    "work",
    metadata,
    sa.Column("record_id", ID, sa.ForeignKey("record.id"), primary_key=True),
    sa.Column("step", Word(State), nullable=False),  # the state that the next step leads to
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),  # of this step
    sa.Column("owner", sa.String(64)),
    sa.Column("lease_until", Instant),
    sa.Column("ready_at", Instant, nullable=False),
    sa.Column("last_error", Word(Reason)),
    sa.Column("sealed_input", sa.LargeBinary),  # a password sealed to transit; erased with the step
    sa.Column("done", sa.Boolean, nullable=False, server_default=sa.false()),
    one_of("step", State),
    one_of("last_error", Reason),
    sa.CheckConstraint("attempts >= 0", name="attempts_are_counted"),
    sa.CheckConstraint("(owner IS NULL) = (lease_until IS NULL)", name="lease_has_owner"),
    sa.CheckConstraint("NOT done OR (owner IS NULL AND sealed_input IS NULL)", name="done_holds_nothing"),
    sa.Index("ix_work_open", "ready_at", "record_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),  # SQLite counts INTEGER keys alone
    sa.Column("record_id", ID, sa.ForeignKey("record.id"), nullable=False),
    sa.Column("operation", Word(Operation), nullable=False),
    sa.Column("partition_id", Partition, sa.ForeignKey("partition.id"), nullable=False),
    sa.Column("content", sa.Text),  # JSON, what the open index shall hold
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("refused", sa.String(80)),  # why the index did not take it, in the engine's word for it; never a word of the record
    sa.Column("refused_at", Instant),
    sa.Column("again_at", Instant, _REFUSAL_IS_WHOLE),  # when it is given to the index once more
    one_of("operation", Operation),
    # the content of a closed record stands nowhere in the catalog
    sa.CheckConstraint("content IS NULL OR (partition_id LIKE 'open/%' AND operation = 'put')", name="content_is_open"),
    sa.Index("ix_outbox_record_id", "record_id"),
    sa.Index("ix_outbox_partition_id", "partition_id", "id"),
)

index_fault = sa.Table(
    "index_fault",
    metadata,
    sa.Column("partition_id", Partition, sa.ForeignKey("partition.id"), primary_key=True),
    sa.Column("code", sa.String(40), nullable=False),  # of the error with which its index takes no changes
    sa.Column("since", Instant, nullable=False),
)

rebuild = sa.Table(
    "rebuild",
    metadata,
    sa.Column("partition_id", Partition, primary_key=True),  # an open one may never have been named: its office has no open record yet
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("total", sa.Integer),  # records that the new index is to hold, as counted when it was begun
    sa.Column("done", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failed", sa.String(40)),  # the code of the error that ended it
    sa.Column("refused", sa.Integer),  # records that the new index, which answers by now, did not take
    sa.Column("owner", sa.String(64)),
    sa.Column("lease_until", Instant),
    sa.CheckConstraint("(owner IS NULL) = (lease_until IS NULL)", name="lease_has_owner"),
    sa.CheckConstraint("done >= 0 AND total >= 0 AND refused > 0", name="counts_are_counts"),
)
