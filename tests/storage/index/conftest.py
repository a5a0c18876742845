"""Every engine, and the small archive in it as an open and as a closed partition."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage.index.question import Source
from tests.storage.index.index_world import ARCHIVE, Embedded, Engine, Partition


@pytest.fixture(params=[Embedded], ids=["embedded"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """One engine after the other."""
    made: Engine = request.param(tmp_path)
    return made


@pytest.fixture
def partition(engine: Engine) -> Iterator[Partition]:
    """An empty partition."""
    with closing(engine.make("partition")) as made:
        yield made


@pytest.fixture(params=["open", "closed"])
def asked(request: pytest.FixtureRequest, engine: Engine, partition: Partition) -> list[Source]:
    """The empty partition, asked as an open one and as a closed one by someone who knows the office's records."""
    return [engine.open_source(partition) if request.param == "open" else engine.closed_source(partition)]


@pytest.fixture
def archive(asked: list[Source], partition: Partition) -> list[Source]:
    """The same, with the small archive in it."""
    for entry in ARCHIVE:
        partition.put(entry)
    return asked
