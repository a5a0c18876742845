"""A disk that is really full: what found no room leaves nothing, what was kept before stays, and room that returns is used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.servers

FULL = Path(__file__).with_name("store_full.py")
# A mount namespace of its own, so that no mount outlives the test; who is not root makes it inside a user namespace.
OWN_MOUNTS = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
ON_A_SMALL_DISK = 'mount -t tmpfs -o size=1m,nr_inodes=200 none "$0" && exec "$@"'


def test_a_full_disk_refuses_and_loses_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [*OWN_MOUNTS, "sh", "-c", ON_A_SMALL_DISK, tmp_path, sys.executable, FULL, tmp_path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not [*tmp_path.iterdir()], "it was another disk"
    pages, files = done.stdout.splitlines()[:4], done.stdout.splitlines()[4:]
    assert pages == ["store.2 write payload", "store.2 write payload", "store.3 write header", "kept"]
    # A hard link takes up an inode of tmpfs, so there the fifth is wanted for the payload's name.
    assert files == ["folder.1 make folder", "store.1 open payload", "folder.1 make folder", "store.3 open header", "store.6 link payload", "kept"]
