"""Whether a catalog has the tables of this version, told without loading what would change them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from storage.errors import CatalogNewer

__all__ = ["NEWEST", "is_outdated"]

NEWEST: Final = "0006"
"""The last of `storage/catalog/migrations/versions`."""

_VERSION: Final = sa.table("alembic_version", sa.column("version_num", sa.String))


def is_outdated(connection: sa.Connection) -> bool:
    """Whether an earlier version made the tables: `migrations.migrate` brings them to this one. Raises CatalogNewer where a later one did."""
    revision: str = connection.execute(sa.select(_VERSION.c.version_num)).scalar_one()
    if revision > NEWEST:
        raise CatalogNewer(revision=revision, newest=NEWEST)
    return revision < NEWEST
