"""Machines whose workers reach the keeper from elsewhere: known by their certificates, until they are shut out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from storage.catalog.schema import worker_host
from storage.errors import NameTaken, NotFound

__all__ = ["WorkerHost", "add_host", "all_hosts", "disable_host", "host_by_name"]


@dataclass(frozen=True, slots=True)
class WorkerHost:
    """certificate_sha256: hex, of its certificate. recipient: what is for its workers alone is sealed to it. valid_to: the certificate's end."""

    name: str
    certificate_sha256: str
    recipient: str
    made_at: datetime
    valid_to: datetime
    disabled_at: datetime | None = None


_HOSTS = sa.select(*worker_host.c).order_by(worker_host.c.name)


def add_host(connection: sa.Connection, new: WorkerHost) -> None:
    """Add a host. Raises NameTaken, also for the name of one that is shut out: rows of the log name it."""
    if host_by_name(connection, new.name) is not None:
        raise NameTaken(name=new.name)
    connection.execute(worker_host.insert().values(**asdict(new)))


def host_by_name(connection: sa.Connection, name: str) -> WorkerHost | None:
    """The host of this name, shut out or not."""
    row = connection.execute(_HOSTS.where(worker_host.c.name == name)).one_or_none()
    return None if row is None else WorkerHost(*row)


def all_hosts(connection: sa.Connection) -> tuple[WorkerHost, ...]:
    """Every host there is or was, by name."""
    return tuple(WorkerHost(*row) for row in connection.execute(_HOSTS))


def disable_host(connection: sa.Connection, name: str, at: datetime) -> None:
    """Shut a host out from `at` on, for good. Raises NotFound where there is none of this name that is not shut out already."""
    enabled = sa.and_(worker_host.c.name == name, worker_host.c.disabled_at.is_(None))
    if connection.execute(worker_host.update().where(enabled).values(disabled_at=at)).rowcount != 1:
        raise NotFound
