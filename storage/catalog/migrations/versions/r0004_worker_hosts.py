"""The machines whose workers reach the keeper from elsewhere.

Revision 0004. A revision never changes once it is released, so it says everything itself and takes nothing from the tables of today.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table of worker hosts."""
    op.create_table(
        "worker_host",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("certificate_sha256", sa.String(length=64), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("made_at", sa.String(length=27), nullable=False),
        sa.Column("valid_to", sa.String(length=27), nullable=False),
        sa.Column("disabled_at", sa.String(length=27)),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker_host")),
        sa.UniqueConstraint("certificate_sha256", name=op.f("uq_worker_host_certificate_sha256")),
        sa.UniqueConstraint("recipient", name=op.f("uq_worker_host_recipient")),
    )
