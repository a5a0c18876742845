"""A file of profiles says which scanners there are; what it must not say is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from search_api.cli.watch.scanners import read_scanners
from storage.errors import FileUnusable, InvalidInput


def _profiles(tmp_path: Path, text: str) -> Path:
    (tmp_path / "etc").mkdir(exist_ok=True)
    (tmp_path / "etc" / "scanners.toml").write_text(text, "utf-8")
    return tmp_path / "etc" / "scanners.toml"


def test_without_profiles_the_folder_itself_is_the_scanners(tmp_path: Path) -> None:
    (scanner,) = read_scanners(tmp_path / "quét", None)
    assert (scanner.name, scanner.folder, scanner.key) == ("quét", None, None)


def test_each_table_is_a_scanner_with_its_folder_key_and_patience(tmp_path: Path) -> None:
    text = """
    [p1]
    key = "p1.key"
    [scan-2]
    folder = "Phòng 2"
    key = "/etc/vankho/p2.key"
    batch = "công văn đến"
    poll = 5.0
    polls = 3
    quiet = 60
    deadline = 3600
    done = "xong"
    failed = "lỗi"
    marker = ".ok"
    temporary = ["*.writing"]
    """
    first, second = read_scanners(tmp_path, _profiles(tmp_path, text))
    assert (first.name, first.folder, first.key, first.batch, first.poll) == ("p1", "p1", tmp_path / "etc" / "p1.key", None, 2.0)
    assert (first.names.done, first.names.failed, first.names.marker, first.patience.deadline) == ("done", "failed", ".done", 600)
    assert (second.folder, second.key, second.batch, second.poll) == ("Phòng 2", Path("/etc/vankho/p2.key"), "công văn đến", 5.0)
    assert (second.names.done, second.names.failed, second.names.marker, second.names.temporary) == ("xong", "lỗi", ".ok", ("*.writing",))
    assert (second.patience.polls, second.patience.quiet, second.patience.deadline) == (3, 60, 3600)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[a]\nkeys = 'x'", "a.keys"),
        ("[a]\nfolder = '../elsewhere'", "a.folder"),
        ("[a]\nfolder = '/etc'", "a.folder"),
        ("['..']\n", ".."),
        ("['a/b']\n", "a/b"),
        ("[a]\ndone = '.'", "a.done"),
        ("[a]\ndone = 'x'\nfailed = 'x'", "done"),
        ("[a]\npoll = 0", "a.poll"),
        ("[a]\npolls = 1.5", "a.polls"),
        ("[a]\nmarker = 'done'", "a.marker"),
        ("[a]\n[b]\nfolder = 'a'", "folder of its own"),
        ("", "one table a scanner"),
        ("a = 1", "a"),
        ("[a", "cannot be read"),
    ],
)
def test_what_a_profile_must_not_say_is_refused_by_its_name(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_scanners(tmp_path, _profiles(tmp_path, text))
    assert named in refused.value.detail("en")


def test_profiles_are_read_where_the_person_says_and_never_from_the_folder(tmp_path: Path) -> None:
    (tmp_path / "vankho-watch.toml").write_text("[a]\nkey = '/root/officer.key'")
    assert read_scanners(tmp_path, None)[0].key is None
    with pytest.raises(FileUnusable):
        read_scanners(tmp_path, tmp_path / "gone.toml")
