"""Bringing a catalog's tables to this version: forward only, all steps in one transaction."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from storage.catalog.engine import Catalog
from storage.catalog.privileges import grant

__all__ = ["migrate", "migrate_in"]


def migrate(catalog: Catalog) -> None:
    """Give the catalog the tables of this version. After an error it is as it was.

    On a server the keeper alone may, whose account owns the tables; api and worker get with them what they may do there.
    """
    with catalog.write() as connection:
        migrate_in(connection)


def migrate_in(connection: sa.Connection) -> None:
    """The same in a transaction that does more."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.dialect.name == "postgresql":
        grant(connection)
