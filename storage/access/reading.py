"""Whether a person may read anything of a partition: who may read nothing of it is not told that there is something."""

from __future__ import annotations

import sqlalchemy as sa

from storage.access.actions import Action
from storage.access.decision import clause_for
from storage.access.subject import Subject
from storage.catalog.holdings import held_in
from storage.catalog.names import PartitionName
from storage.catalog.schema import record

__all__ = ["reads_any"]


def reads_any(connection: sa.Connection, subject: Subject, partition: PartitionName) -> bool:
    """Whether one of its records is hers to read."""
    return connection.execute(sa.select(sa.exists().where(held_in(partition), clause_for(subject, Action.READ, record)))).scalar_one()
