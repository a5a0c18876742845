"""The stores that every promise is tried on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from blobs import Kept

from storage.vault.folder import FolderStore

if TYPE_CHECKING:
    from tests.servers.s3 import S3Server


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


@pytest.fixture
def in_bucket(s3: S3Server, spool: Path) -> Kept:
    """A store in a bucket of its own."""
    from storage.vault.s3 import S3Store

    server = s3.new_bucket()
    return Kept(S3Store(server, spool), s3.data / server.path, lambda: S3Store(server, spool))


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.servers)])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """A store, of each kind in turn."""
    if request.param == "s3":
        made: Kept = request.getfixturevalue("in_bucket")
        return made
    root = tmp_path / "store"
    return Kept(FolderStore(root), root, lambda: FolderStore(root))
