"""What the folder store asks of the kernel, in which order, and what it does when the kernel refuses: seen and injected by strace."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from storage.vault.age import HybridIdentity

pytestmark = pytest.mark.servers

IDENTITY = HybridIdentity.generate()
LIFE = Path(__file__).with_name("store_life.py")
CALLS = "mkdir,openat,write,pwrite64,pread64,fadvise64,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat"


def traced(home: Path, *options: str, documents: int = 1) -> tuple[int, str, list[str]]:
    """The life of a store in `home` with so many documents, under strace with these options: exit status, what was said, and the calls."""
    strace = shutil.which("strace")
    assert strace, "these tests need strace: apt-get install strace"
    home.mkdir()
    (home / "document").write_bytes(os.urandom(150_000))
    options = ("-f", "-y", "-qq", "-s", "40", "-o", str(home / "trace"), *options)
    command = [sys.executable, str(LIFE), str(home / "store"), IDENTITY.text(), *[str(home / "document")] * documents]
    done = subprocess.run([strace, *options, *command], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, (home / "trace").read_text().splitlines()


def places(calls: list[str], pattern: str) -> list[int]:
    """Where in `calls` those lie that match; at least one does."""
    found = [number for number, call in enumerate(calls) if re.search(pattern, call)]
    assert found, pattern
    return found


def place(calls: list[str], pattern: str) -> int:
    """Where in `calls` the one lies that matches."""
    (found,) = places(calls, pattern)
    return found


def test_the_disk_has_it_before_anyone_is_told(tmp_path: Path) -> None:
    status, said, calls = traced(tmp_path / "home", "-e", f"trace={CALLS}")
    assert status == 0, said
    told = place(calls, r'write\(1<.*"kept ')
    for tree in ("payloads", "headers"):
        temporary = rf"<[^>]*/{tree}/../\.[^>]*\.part>"
        made = place(calls, rf"mkdir\(.*/{tree}/..\"")
        parent_synced = place(calls, rf"fsync\(\d+<[^>]*/{tree}>\)")
        written = places(calls, rf" write\(\d+{temporary}")[-1]
        synced = place(calls, rf"fsync\(\d+{temporary}\)")
        dropped = places(calls, rf"fadvise64\(\d+{temporary}.*POSIX_FADV_DONTNEED")[-1]
        read_back = places(calls, rf"pread64\(\d+{temporary}")[0]
        named = place(calls, rf"link\(.*/{tree}/../\..*\.part\", .*/{tree}/../")
        folder_synced = place(calls, rf"fsync\(\d+<[^>]*/{tree}/..>\)")
        assert made < parent_synced < told
        assert written < synced < dropped < read_back < named < folder_synced < told
    assert place(calls, r"fsync\(\d+<[^>]*/payloads/..>\)") < place(calls, r" link\(.*/headers/")
    assert not [call for call in calls if " rename" in call]


def test_what_is_removed_is_gone_before_anyone_is_told(tmp_path: Path) -> None:
    status, said, calls = traced(tmp_path / "home", "-e", f"trace={CALLS}", documents=2)
    assert status == 0, said
    rewrapped, removed = (line.split(" ")[1] for line in said.splitlines() if line.startswith(("rewrapped", "removed")))

    def synced(folder: str, after: int) -> int:
        return next(number for number in places(calls, rf"fsync\(\d+<[^>]*/{folder}>\)") if number > after)

    added = place(calls, rf" link\(.*/{rewrapped}\.2\"\) = 0")
    header_gone = place(calls, rf"unlink\(.*/{rewrapped}\.1\"")
    again = place(calls, rf" link\(.*/{rewrapped}\.2\"\) = -1 EEXIST")
    assert added < synced(f"headers/{rewrapped[:2]}", added) < again
    assert again < synced(f"headers/{rewrapped[:2]}", again) < place(calls, r'write\(1<.*"rewrapped ') < header_gone
    assert header_gone < synced(f"headers/{rewrapped[:2]}", header_gone) < place(calls, r'write\(1<.*"unwrapped ')
    header_gone = place(calls, rf"unlink\(.*/headers/../{removed}\.1\"")
    payload_gone = place(calls, rf"unlink\(.*/payloads/../{removed}\"")
    assert header_gone < synced(f"headers/{removed[:2]}", header_gone) < payload_gone
    assert payload_gone < synced(f"payloads/{removed[:2]}", payload_gone) < place(calls, r'write\(1<.*"removed ')


# Nine: root's parent; root for each tree; for payload and header the tree, the file, its folder. Four: two files, read until there is no more.
@pytest.mark.parametrize(
    ("call", "error", "asked", "refused"),
    [
        ("fsync", "ESTALE", 9, "StoreFailed"),
        ("fsync", "EDQUOT", 9, "StoreFull"),
        ("pread64", "EIO", 4, "StoreFailed"),
        ("link", "EROFS", 2, "StoreFailed"),
    ],
)
def test_a_disk_that_refuses_ends_the_document_and_is_never_asked_again(tmp_path: Path, call: str, error: str, asked: int, refused: str) -> None:
    _, _, calls = traced(tmp_path / "sound", "-e", f"trace={call}")
    numbers = places(calls, str(tmp_path))
    assert len(numbers) == asked
    for number in numbers:
        home = tmp_path / str(number)
        status, said, calls = traced(home, "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number + 1}")
        assert (status, said.splitlines()[-1]) == (3, f"refused {refused}")
        assert "kept" not in said
        assert "INJECTED" in [line for line in calls if str(home) in line][-1], "nothing was asked of the disk after it had refused"
        assert not [*home.glob("store/*/*/*")]
