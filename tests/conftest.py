"""What tests of every room may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.instances import Instance
from tests.long_results import Result, note

if TYPE_CHECKING:  # what the servers need takes half a second to import: only where one is asked for
    from tests.servers.elasticsearch import ElasticsearchCluster
    from tests.servers.postgresql import PostgresServer
    from tests.servers.s3 import S3Server
    from tests.servers.trust import Trust


_LONGEST = ("tests/twins", "tests/proofs", "tests/ingest/way", "tests/search_api")
"""Where modules take longest, in this order."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that take longest come first, so that no process waits for another's at the end; else in the order of the seed."""
    items.sort(key=lambda item: next((place for place, folder in enumerate(_LONGEST) if item.nodeid.startswith(f"{folder}/")), len(_LONGEST)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Write down how a long test ended."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()  # type: ignore[attr-defined]
    if item.get_closest_marker("long") is not None and (report.when == "call" or report.failed):
        note([Result.of(item.nodeid, report.outcome, report.duration)])


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """A fresh instance."""
    made = Instance(tmp_path)
    made.run("init", "--recovery-out", made.recovery)
    return made


@pytest.fixture(scope="session")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    """The authority that vouches for the servers."""
    from tests.servers.trust import Trust

    return Trust(tmp_path_factory.mktemp("trust"))


@pytest.fixture(scope="session")
def elasticsearch(trust: Trust) -> Iterator[ElasticsearchCluster]:
    """Elasticsearch, one node, shared by the session: a test takes names of its own, and leaves the server running."""
    from tests.servers.elasticsearch import ElasticsearchCluster

    with ElasticsearchCluster(trust) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgresql(trust: Trust) -> Iterator[PostgresServer]:
    """PostgreSQL, shared by the session: a test takes a database of its own by `new_database`, and leaves the server running."""
    from tests.servers.postgresql import PostgresServer

    with PostgresServer(trust) as server:
        yield server


@pytest.fixture(scope="session")
def s3(trust: Trust) -> Iterator[S3Server]:
    """An S3 server, shared by the session: a test takes a bucket of its own by `new_bucket`, and leaves the server running."""
    from tests.servers.s3 import S3Server

    with S3Server(trust) as server:
        yield server
