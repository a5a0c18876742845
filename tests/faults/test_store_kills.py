"""Killed at every step in turn, the folder store has all that it acknowledged, bit by bit, and nothing half visible."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from storage.failpoints import VARIABLE
from storage.vault.age import HybridIdentity, open_header
from storage.vault.blob import Found
from storage.vault.folder import FolderStore

pytestmark = pytest.mark.servers

IDENTITY = HybridIdentity.generate()
LIFE = Path(__file__).with_name("store_life.py")
KILLED = -9


def run(root: Path, documents: list[Path], failpoint: str) -> tuple[int, dict[str, list[str]]]:
    """The child's exit status, and what it said: for each verb the ids, of `putting` with the file."""
    command = [sys.executable, str(LIFE), str(root), IDENTITY.text(), *map(str, documents)]
    done = subprocess.run(command, env={**os.environ, VARIABLE: failpoint}, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    said = defaultdict(list)
    for line in done.stdout.splitlines():
        verb, words = line.split(" ", 1)
        said[verb].append(words)
    return done.returncode, said


def readings(store: FolderStore, found: Found) -> list[bytes]:
    """What each version of the header opens."""
    documents = []
    for version in found.header_versions:
        with store.open(found.id, open_header(store.read_header(found.id, version), [IDENTITY])) as reader:
            documents.append(b"".join(reader.read(0, reader.size)))
    return documents


def assert_whole(root: Path, said: dict[str, list[str]]) -> None:
    contents = {blob_id: Path(name).read_bytes() for blob_id, name in (words.split(" ", 1) for words in said["putting"])}
    store = FolderStore(root)
    found: dict[str, Found] = {one.id: one for one in store.walk()}
    assert all(one.payload_size is not None for one in found.values()), "a header without its payload"
    for blob_id in {*said["kept"]} - {*said["removing"]}:
        assert found[blob_id].is_complete
    for one in found.values():
        if one.is_complete:
            assert {*readings(store, one)} == {contents[one.id]}
    unfinished = {*found} - ({*said["kept"]} - {*said["removing"]})
    assert len(unfinished) <= 1
    for blob_id in said["rewrapped"]:
        assert found[blob_id].header_versions == ((2,) if blob_id in said["unwrapped"] else found[blob_id].header_versions)
        assert 2 in found[blob_id].header_versions
    names = [path.name for path in root.rglob("*") if path.is_file()]
    assert not [name for name in names for blob_id in said["removed"] if blob_id in name]
    store.sweep_temporaries(0)
    files = sum(path.is_file() for path in root.rglob("*"))
    assert files == sum(len(one.header_versions) + (one.payload_size is not None) for one in found.values())
    for blob_id in unfinished:
        store.remove(found[blob_id].id)
    assert {one.id for one in store.walk()} == {*said["kept"]} - {*said["removing"]}


def test_killed_at_every_step_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    documents = [tmp_path / "one", tmp_path / "two"]
    for document, size in zip(documents, (150_000, 10), strict=True):
        document.write_bytes(os.urandom(size))
    status, number, acknowledged = KILLED, 0, set()
    while status == KILLED:
        number += 1
        root = tmp_path / str(number)
        status, said = run(root, documents, f"kill@{number}")
        assert_whole(root, said)
        acknowledged.add(sum(map(len, said.values())))
    assert status == 0
    assert number > 40
    assert acknowledged == {0, 1, 3, 4, 5, 7, 8}, "killed in the midst of each act, and whole in the end"


@pytest.mark.parametrize(("fault", "error"), [("eio", "StoreFailed"), ("enospc", "StoreFull")])
def test_the_environment_reaches_the_store(tmp_path: Path, fault: str, error: str) -> None:
    document = tmp_path / "one"
    document.write_bytes(b"one")
    status, said = run(tmp_path / "store", [document], f"{fault}@store.7")
    assert (status, said["refused"], said["kept"]) == (3, [error], [])
    assert not [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
