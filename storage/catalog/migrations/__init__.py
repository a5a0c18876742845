"""Bringing a catalog's tables to this version: forward only, all steps in one transaction."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from storage.catalog.engine import Catalog

__all__ = ["migrate"]


def migrate(catalog: Catalog) -> None:
    """Give the catalog the tables of this version. After an error it is as it was."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with catalog.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
