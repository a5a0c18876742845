"""Closed indexes too may take nothing and be built anew: both tables go by the partition, where they went by the office of an open one.

Revision 0005. A revision never changes once it is released, so it says everything itself and takes nothing from the tables of today.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make both tables again, since SQLite changes no key of a table; what was met and what was asked for stays so."""
    connection = op.get_bind()
    faults = connection.execute(sa.text("SELECT 'open/' || office_id AS partition_id, code, since FROM index_fault")).mappings().all()
    op.drop_table("index_fault")
    index_fault = op.create_table(
        "index_fault",
        sa.Column("partition_id", sa.String(length=300), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("since", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["partition_id"], ["partition.id"], name=op.f("fk_index_fault_partition_id")),
        sa.PrimaryKeyConstraint("partition_id", name=op.f("pk_index_fault")),
    )
    columns = "'open/' || office_id AS partition_id, asked_at, total, done, failed, refused"
    asked = connection.execute(sa.text(f"SELECT {columns} FROM rebuild")).mappings().all()  # noqa: S608 (names of ours)
    op.drop_table("rebuild")
    rebuild = op.create_table(
        "rebuild",
        sa.Column("partition_id", sa.String(length=300), nullable=False),
        sa.Column("asked_at", sa.String(length=27), nullable=False),
        sa.Column("total", sa.Integer()),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.String(length=40)),
        sa.Column("refused", sa.Integer()),
        sa.Column("owner", sa.String(length=64)),
        sa.Column("lease_until", sa.String(length=27)),
        sa.CheckConstraint("(owner IS NULL) = (lease_until IS NULL)", name=op.f("ck_rebuild_lease_has_owner")),
        sa.CheckConstraint("done >= 0 AND total >= 0 AND refused > 0", name=op.f("ck_rebuild_counts_are_counts")),
        sa.PrimaryKeyConstraint("partition_id", name=op.f("pk_rebuild")),
    )
    for table, rows in ((index_fault, faults), (rebuild, asked)):
        if rows:
            op.bulk_insert(table, [dict(row) for row in rows])
