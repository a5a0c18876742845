"""Which open indexes take nothing is remembered, and of one that is built anew who builds it, and how many records it refused.

Revision 0003. A revision never changes once it is released, so it says everything itself and takes nothing from the tables of today.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table of faults, and make that of rebuildings again, since SQLite changes no check of a table; what was asked for stays asked."""
    op.create_table(
        "index_fault",
        sa.Column("office_id", sa.String(length=63), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("since", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_index_fault_office_id")),
        sa.PrimaryKeyConstraint("office_id", name=op.f("pk_index_fault")),
    )
    asked = op.get_bind().execute(sa.text("SELECT office_id, asked_at, total, done, failed FROM rebuild")).mappings().all()
    op.drop_table("rebuild")
    rebuild = op.create_table(
        "rebuild",
        sa.Column("office_id", sa.String(length=63), nullable=False),
        sa.Column("asked_at", sa.String(length=27), nullable=False),
        sa.Column("total", sa.Integer()),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.String(length=40)),
        sa.Column("refused", sa.Integer()),
        sa.Column("owner", sa.String(length=64)),
        sa.Column("lease_until", sa.String(length=27)),
        sa.CheckConstraint("(owner IS NULL) = (lease_until IS NULL)", name=op.f("ck_rebuild_lease_has_owner")),
        sa.CheckConstraint("done >= 0 AND total >= 0 AND refused > 0", name=op.f("ck_rebuild_counts_are_counts")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_rebuild_office_id")),
        sa.PrimaryKeyConstraint("office_id", name=op.f("pk_rebuild")),
    )
    if asked:
        op.bulk_insert(rebuild, [dict(row) for row in asked])
