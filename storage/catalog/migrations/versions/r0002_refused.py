"""What the open index refuses is remembered with the row that asks for it.

Revision 0002. A revision never changes once it is released, so it says everything itself and takes nothing from the tables of today.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add why and when a row was refused, and when it is tried again; column by column, which both databases do without copying the table."""
    op.add_column("outbox", sa.Column("refused", sa.String(length=80)))
    op.add_column("outbox", sa.Column("refused_at", sa.String(length=27)))
    whole = sa.CheckConstraint(
        "(refused IS NULL) = (refused_at IS NULL) AND (refused IS NULL) = (again_at IS NULL)", name=op.f("ck_outbox_refusal_is_whole")
    )
    op.add_column("outbox", sa.Column("again_at", sa.String(length=27), whole))
