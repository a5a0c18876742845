"""`debug dump`: all that the credentials of api and worker can read, as text, for tests that look for what must not be there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from storage.archive import Archive
from storage.catalog.partitions import all_partitions
from storage.catalog.privileges import readable

__all__ = ["dump"]


def dump(archive: Archive) -> Iterator[bytes]:
    """Every row of every table of the catalog, every header of the store in hex, and the open index with its vocabulary."""
    with archive.catalog.read() as connection:
        for table, everything in readable(connection):
            for row in connection.execute(everything):
                values = {name: value.hex() if isinstance(value, bytes) else str(value) for name, value in row._mapping.items()}
                yield _line({"table": table, **values})
    for found in archive.store.walk():
        for version in found.header_versions:
            yield _line({"blob": found.id, "header": archive.store.read_header(found.id, version).hex(), "version": version})
    yield from _open_index(archive)


def _line(values: dict[str, object]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _open_index(archive: Archive) -> Iterator[bytes]:
    with archive.catalog.read() as connection:
        offices = [name.office for name in all_partitions(connection) if name.is_open]
    index = archive.open_index
    for office in sorted(offices):
        for entry in index.entries(office):
            yield _line({"index": office, **{name: str(value) for name, value in asdict(entry).items()}})
        yield _line({"index": office, "vocabulary": sorted(index.vocabulary(office))})
