"""Run a command while an Elasticsearch, a PostgreSQL and an S3 server run for it: `python -m tests.servers COMMAND...`.

VANKHO_CATALOG, VANKHO_INDEX and VANKHO_STORE name them, so that `vankho init` makes its instances there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.servers.addresses import variables
from tests.servers.elasticsearch import ElasticsearchCluster
from tests.servers.postgresql import PostgresServer
from tests.servers.s3 import S3Server
from tests.servers.trust import Trust


def main(command: list[str]) -> int:
    """The command's status."""
    with tempfile.TemporaryDirectory() as folder:
        trust = Trust(Path(folder))
        with ElasticsearchCluster(trust) as index, PostgresServer(trust) as catalog, S3Server(trust) as store:
            env = os.environ | variables(catalog.new_database(), index.server(), store.new_bucket())
            return subprocess.run(command, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
