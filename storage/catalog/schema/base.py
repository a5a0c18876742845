"""The collection of tables, the names of their constraints, and the columns that several tables have."""

from __future__ import annotations

import sqlalchemy as sa

from storage.catalog.columns import Instant

__all__ = ["ID", "SHA256_HEX", "fact_columns", "metadata"]

ID = sa.String(26)
"""A random id, as storage.ids gives it."""

SHA256_HEX = sa.String(64)
"""A SHA-256 or HMAC-SHA-256, lower-case hex."""

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def fact_columns(table: str, subject: str, act: sa.Column[str]) -> tuple[sa.schema.SchemaItem, ...]:
    """What every table of facts has beside its subject and kind.

    A fact is never changed. It ends, or is put right, by a row that supersedes it: same subject, kind, value and start, which
    the foreign key over all of them holds. A row that nothing supersedes holds from `valid_from` until just before `valid_to`.
    act: the column of audit rows; no fact without the act that made it.
    """
    same = ("id", subject, "kind", "value", "valid_from")
    return (
        sa.Column("value", sa.String(200), nullable=False),
        sa.Column("valid_from", Instant, nullable=False),
        sa.Column("valid_to", Instant),
        sa.Column("reason", sa.Text),
        sa.Column("supersedes", ID, unique=True),
        sa.Column("act_id", ID, sa.ForeignKey(act), nullable=False),
        sa.UniqueConstraint(*same, name=f"uq_{table}_same"),
        sa.ForeignKeyConstraint(("supersedes", *same[1:]), [f"{table}.{column}" for column in same], name=f"fk_{table}_supersedes"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ends_after_start"),
        sa.Index(f"ix_{table}_subject", subject, "kind"),
        sa.Index(f"ix_{table}_value", "kind", "value"),
    )
