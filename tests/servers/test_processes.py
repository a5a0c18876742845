"""Servers run without root's rights, say why they do not start, and end with the tests, however those end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.servers.postgresql import PostgresServer
from tests.servers.processes import Process, running
from tests.servers.s3 import S3Server
from tests.servers.trust import Trust

pytestmark = pytest.mark.servers

ROOT = Path(__file__).resolve().parents[2]

ALL_SERVERS = """
import sys
from contextlib import suppress
from pathlib import Path
from tests.servers.elasticsearch import ElasticsearchCluster
from tests.servers.postgresql import PostgresServer
from tests.servers.processes import Process, running
from tests.servers.s3 import S3Server
from tests.servers.trust import Trust

def is_up(node):  # its launcher has children that end at once, and then the one that is the server
    with suppress(FileNotFoundError):
        return any(b"bootstrap.Elasticsearch" in Path(f"/proc/{pid}/cmdline").read_bytes() for pid in running(node.pid))

trust = Trust(Path(sys.argv[1]))
every = [ElasticsearchCluster(trust).nodes[0], PostgresServer(trust), S3Server(trust)]
for server in every:
    server.start()
every[0].process.wait_until(lambda: is_up(every[0].process))
print(*(server.process.pid for server in every), *(server.folder for server in every), flush=True)
sys.stdin.read()
"""


def test_nothing_is_left_when_the_tests_were_killed(trust: Trust, tmp_path: Path) -> None:
    program = [sys.executable, "-c", ALL_SERVERS, str(tmp_path)]
    with subprocess.Popen(program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout is not None
        said = tests.stdout.readline().split()
        groups = [int(pid) for pid in said[:3]]
        assert [len(running(group)) > 0 for group in groups] == [True, True, True]
        tests.kill()
    end = time.monotonic() + 60
    try:
        while any(running(group) for group in groups):
            assert time.monotonic() < end, "a server goes on without the tests"
    finally:
        for pid in (pid for group in groups for pid in running(group)):
            os.kill(pid, signal.SIGKILL)
    S3Server(trust).remove()  # the next who start a server clear away what those who were killed could not
    assert [Path(folder).exists() for folder in said[3:]] == [False, False, False]


def test_nothing_of_a_server_is_left_when_its_tests_are_done(trust: Trust) -> None:
    for made in (PostgresServer(trust), S3Server(trust)):
        with made as server:
            assert server.process is not None
            group = server.process.pid
            assert running(group) != []
        assert running(group) == []
        assert not server.folder.exists()


def test_servers_have_no_rights_of_root(postgresql: PostgresServer, s3: S3Server) -> None:
    for server in (postgresql, s3):
        assert server.process is not None
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in running(server.process.pid)} == {server.folder.stat().st_uid} != {0}
        assert server.folder.stat().st_mode & 0o077 == 0


def test_one_that_does_not_start_says_why(trust: Trust) -> None:
    server = PostgresServer(trust)
    (server.data / "PG_VERSION").write_text("1\n")
    with pytest.raises(RuntimeError, match="data directory was initialized by PostgreSQL version 1"), server:
        pass
    assert not server.folder.exists()


def test_a_thread_that_may_end_before_the_tests_starts_nothing(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool, pytest.raises(RuntimeError, match="main thread"):
        pool.submit(Process, ["/bin/true"], tmp_path).result()
    assert list(tmp_path.iterdir()) == []
