"""Killed at every step in turn, a store has all that it acknowledged, bit by bit, and nothing half visible."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.failpoints import VARIABLE
from storage.ids import BlobId, RandomIds
from storage.vault.age import HybridIdentity, open_header
from storage.vault.blob import Found
from storage.vault.folder import FolderStore
from storage.vault.s3 import S3Store
from storage.vault.store import BlobStore
from tests.servers.s3 import S3Server

pytestmark = pytest.mark.servers

IDENTITY = HybridIdentity.generate()
LIFE = Path(__file__).with_name("store_life.py")
KILLED = -9


@dataclass(frozen=True)
class Place:
    """Where a store lies. text: for the process that lives with it. root: the folder in which its files are in the end."""

    text: str
    root: Path
    store: BlobStore


def in_folder(root: Path) -> Place:
    return Place(str(root), root, FolderStore(root))


def in_bucket(s3: S3Server, spool: Path) -> Place:
    server = s3.new_bucket()
    assert server.credential is not None
    text = server.text.replace("s3://", f"s3://{server.credential.user}:{server.credential.password}@")
    return Place(text, s3.data / server.path, S3Store(server, spool))


def run(place: str, documents: list[Path], failpoint: str) -> tuple[int, dict[str, list[str]]]:
    """The child's exit status, and what it said: for each verb the ids, of `putting` with the file."""
    command = [sys.executable, str(LIFE), place, IDENTITY.text(), *map(str, documents)]
    done = subprocess.run(command, env={**os.environ, VARIABLE: failpoint}, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    said = defaultdict(list)
    for line in done.stdout.splitlines():
        verb, words = line.split(" ", 1)
        said[verb].append(words)
    return done.returncode, said


def readings(store: BlobStore, found: Found) -> list[bytes]:
    """What each version of the header opens."""
    documents = []
    for version in found.header_versions:
        with store.open(found.id, open_header(store.read_header(found.id, version), [IDENTITY])) as reader:
            documents.append(b"".join(reader.read(0, reader.size)))
    return documents


def assert_whole(place: Place, said: dict[str, list[str]]) -> None:
    contents = {blob_id: Path(name).read_bytes() for blob_id, name in (words.split(" ", 1) for words in said["putting"])}
    store = place.store
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
    names = files_of(place.root)
    assert not [name for name in names for blob_id in said["removed"] if blob_id in name]
    store.sweep_temporaries(0)
    assert len(files_of(place.root)) == sum(len(one.header_versions) + (one.payload_size is not None) for one in found.values())
    for blob_id in unfinished:
        store.remove(found[blob_id].id)
    assert {one.id for one in store.walk()} == {*said["kept"]} - {*said["removing"]}
    again = store.put(io.BytesIO(b"another attempt"), BlobId(RandomIds().new("blob")), [IDENTITY.recipient()])
    assert again.id in {one.id for one in store.walk() if one.is_complete}


def files_of(root: Path) -> list[str]:
    """The names of all files; without what an S3 server keeps for itself."""
    return [path.name for path in root.rglob("*") if path.is_file() and ".sgwtmp" not in path.parts]


def live_until_it_survives(new_place: Callable[[int], Place], documents: list[Path]) -> tuple[int, set[int]]:
    """Kill one life after another, each a step later; how many there were, and how much was said before the deaths."""
    status, number, acknowledged = KILLED, 0, set()
    while status == KILLED:
        number += 1
        place = new_place(number)
        status, said = run(place.text, documents, f"kill@{number}")
        assert_whole(place, said)
        acknowledged.add(sum(map(len, said.values())))
    assert status == 0
    return number, acknowledged


def documents_of(folder: Path, *sizes: int) -> list[Path]:
    documents = [folder / f"document-{number}" for number in range(len(sizes))]
    for document, size in zip(documents, sizes, strict=True):
        document.write_bytes(os.urandom(size))
    return documents


def test_killed_at_every_step_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    number, acknowledged = live_until_it_survives(lambda number: in_folder(tmp_path / str(number)), documents_of(tmp_path, 150_000, 10))
    assert number > 40
    assert acknowledged == {0, 1, 3, 4, 5, 7, 8}, "killed in the midst of each act, and whole in the end"


def test_killed_at_every_step_a_server_has_all_that_was_acknowledged(s3: S3Server, tmp_path: Path) -> None:
    number, acknowledged = live_until_it_survives(lambda _: in_bucket(s3, tmp_path), documents_of(tmp_path, 1_500_000, 10))
    assert number > 25
    assert acknowledged == {1, 3, 4, 5, 7, 8}, "killed in the midst of each act, and whole in the end"
    assert [path.name for path in tmp_path.iterdir()] == ["document-0", "document-1"], "nothing is left of what was spooled"


@pytest.mark.parametrize(("fault", "error"), [("eio", "StoreFailed"), ("enospc", "StoreFull")])
def test_the_environment_reaches_the_store(tmp_path: Path, fault: str, error: str) -> None:
    document = tmp_path / "one"
    document.write_bytes(b"one")
    status, said = run(str(tmp_path / "store"), [document], f"{fault}@store.7")
    assert (status, said["refused"], said["kept"]) == (3, [error], [])
    assert not [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
