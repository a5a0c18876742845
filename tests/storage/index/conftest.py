"""Every engine, and the small archive in it as an open and as a closed partition."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing as shutting
from pathlib import Path

import pytest

from storage.index.question import Source
from tests.servers.elasticsearch import ElasticsearchCluster
from tests.storage.index.index_world import Closing, Elastic, ElasticClosed, Embedded, Engine, Partition


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each engine keeps open partitions, and closed ones as well."""
    if "kind" in metafunc.fixturenames:
        elastic = [pytest.param(f"elastic{name}", kind, marks=pytest.mark.servers) for name, kind in (("", "open"), ("_closed", "closed"))]
        metafunc.parametrize(("engine", "kind"), [("embedded", "open"), ("embedded", "closed"), *elastic], indirect=["engine"])
    elif "closing" in metafunc.fixturenames:
        metafunc.parametrize("closing", ["embedded", pytest.param("elastic_closed", marks=pytest.mark.servers)], indirect=True)
    elif "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", ["embedded", pytest.param("elastic", marks=pytest.mark.servers)], indirect=True)


@pytest.fixture(scope="session")
def elastic(elasticsearch: ElasticsearchCluster) -> Iterator[Elastic]:
    """One instance on Elasticsearch; each test makes offices of its own."""
    made = Elastic(elasticsearch.server())
    yield made
    made.remove()


@pytest.fixture(scope="session")
def elastic_closed(elasticsearch: ElasticsearchCluster) -> Iterator[ElasticClosed]:
    """One instance whose closed partitions lie on Elasticsearch."""
    made = ElasticClosed(elasticsearch.server())
    yield made
    made.remove()


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """One engine after the other."""
    if request.param == "embedded":
        return Embedded(tmp_path)
    shared: Elastic = request.getfixturevalue(request.param)
    return shared


@pytest.fixture
def closing(request: pytest.FixtureRequest, tmp_path: Path) -> Closing:
    """One engine of closed partitions after the other."""
    if request.param == "embedded":
        return Embedded(tmp_path)
    shared: ElasticClosed = request.getfixturevalue(request.param)
    return shared


@pytest.fixture
def partition(engine: Engine) -> Iterator[Partition]:
    """An empty partition."""
    with shutting(engine.make("partition")) as made:
        yield made


@pytest.fixture
def asked(kind: str, engine: Engine, partition: Partition) -> list[Source]:
    """The empty partition, asked as an open one, or as a closed one by someone who knows the office's records."""
    return _asked(kind, engine, partition)


@pytest.fixture
def archive(kind: str, engine: Engine) -> Iterator[list[Source]]:
    """The small archive, asked so; it is not written to."""
    with shutting(engine.archive()) as made:
        yield _asked(kind, engine, made)


def _asked(kind: str, engine: Engine, partition: Partition) -> list[Source]:
    if kind == "open":
        return engine.asked(partition)
    assert isinstance(engine, Embedded | ElasticClosed)
    return [engine.closed_source(partition)]
