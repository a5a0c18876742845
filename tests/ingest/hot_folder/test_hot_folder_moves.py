"""What lies in a hot folder is listed without following a link, and moved without replacing anything."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from ingest.hot_folder.folder import Found, HotFolder, Left, Names, Why
from ingest.hot_folder.readiness import Sighting
from ingest.hot_folder.renaming import rename_after_look, rename_new

NOTE = "Lý do (DAMAGED): hỏng\n"


@pytest.fixture
def folder(tmp_path: Path) -> HotFolder:
    return HotFolder(tmp_path, Names())


def _found(folder: HotFolder, name: str = "") -> Found:
    return next(one for one in folder.look() if isinstance(one, Found) and one.path.name.startswith(name))


def _all(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_what_is_no_document_is_named_with_its_reason_or_passed_over(folder: HotFolder, tmp_path: Path) -> None:
    for name in ("a.pdf", "b.tmp", ".DS_Store", "Thumbs.db", "done/old.pdf", "failed/x.pdf", "sub/done/c.pdf", "c.tif", "c.tif.done"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "a.pdf")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(tmp_path / "socket"))
        listed = folder.look()
    assert {str(one.path): one.marker for one in listed if isinstance(one, Found)} == {"a.pdf": None, "c.tif": "c.tif.done", "sub/done/c.pdf": None}
    assert {str(one.path): one.why for one in listed if isinstance(one, Left)} == {
        "b.tmp": Why.TEMPORARY, "link": Why.LINK, "loop": Why.LINK, "pipe": Why.NO_FILE, "socket": Why.NO_FILE,
    }  # fmt: skip


def test_a_marker_may_stand_for_the_name_without_its_suffix(folder: HotFolder, tmp_path: Path) -> None:
    for name in ("c.tif", "c.done"):
        (tmp_path / name).write_bytes(b"x")
    assert folder.put_away(_found(folder), None) == PurePosixPath("done/c.tif")
    assert set(_all(tmp_path)) == {"done/c.tif", "done/c.done"}


def test_a_file_goes_where_its_subfolders_like_lies(folder: HotFolder, tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "x.pdf").write_bytes(b"1")
    assert folder.put_away(_found(folder), None) == PurePosixPath("done/a/b/x.pdf")
    (tmp_path / "a" / "b" / "y.pdf").write_bytes(b"2")
    assert folder.put_away(_found(folder), NOTE) == PurePosixPath("failed/a/b/y.pdf")
    assert _all(tmp_path) == {"done/a/b/x.pdf": b"1", "failed/a/b/y.pdf": b"2", "failed/a/b/y.pdf.txt": NOTE.encode()}


def test_nothing_that_has_a_name_loses_it(folder: HotFolder, tmp_path: Path) -> None:
    for content in (b"1", b"2", b"3"):
        (tmp_path / "x.pdf").write_bytes(content)
        folder.put_away(_found(folder), None)
    assert _all(tmp_path) == {"done/x.pdf": b"1", "done/x (2).pdf": b"2", "done/x (3).pdf": b"3"}
    (tmp_path / "sub").write_bytes(b"4")
    folder.put_away(_found(folder), None)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.pdf").write_bytes(b"5")
    folder.put_away(_found(folder), None)
    assert _all(tmp_path)["done/sub"] == b"4" and _all(tmp_path)["done/sub (2)/x.pdf"] == b"5"


@pytest.mark.parametrize("order", [("x", "x.txt"), ("x.txt", "x")])
def test_a_note_never_takes_the_place_of_a_document_and_no_document_that_of_a_note(folder: HotFolder, tmp_path: Path, order: tuple[str, str]) -> None:
    for name in order:
        (tmp_path / name).write_bytes(name.encode())
        folder.put_away(_found(folder), f"{NOTE}{name}")
    assert sorted(_all(tmp_path / "failed").values()) == sorted([b"x", b"x.txt", f"{NOTE}x".encode(), f"{NOTE}x.txt".encode()])


def test_the_note_of_an_attempt_that_was_cut_off_is_used_again(folder: HotFolder, tmp_path: Path) -> None:
    (tmp_path / "failed").mkdir()
    (tmp_path / "failed" / "x.pdf.txt").write_text(NOTE)
    (tmp_path / "failed" / ".note.part").write_text(NOTE[:4])
    (tmp_path / "x.pdf").write_bytes(b"1")
    folder.put_away(_found(folder), NOTE)
    (tmp_path / "y.pdf").write_bytes(b"2")
    folder.put_away(_found(folder), NOTE)
    assert _all(tmp_path) == {"failed/x.pdf": b"1", "failed/x.pdf.txt": NOTE.encode(), "failed/y.pdf": b"2", "failed/y.pdf.txt": NOTE.encode()}


@pytest.mark.parametrize("name", [b"\xff\xfe.pdf", "ế".encode() * 85, b"x" * 255, "e\u0302\u0301.pdf".encode(), b"a\nb\x1b[2J.pdf", b" .pdf", b"-rf"])
def test_names_of_any_bytes_are_moved_as_they_are(folder: HotFolder, tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    for content in (b"1", b"2"):
        path.write_bytes(content)
        folder.put_away(_found(folder), f"{NOTE}{content!r}")
    moved = {os.fsencode(one.name) for one in (tmp_path / "failed").iterdir()}
    second = next(os.fsencode(one.name) for one in (tmp_path / "failed").iterdir() if one.read_bytes() == b"2")
    assert {name, second, second + b".txt"} < moved and len(moved) == 4
    assert sorted(_all(tmp_path).values()) == [b"1", b"2", f"{NOTE}b'1'".encode(), f"{NOTE}b'2'".encode()]


def _rewritten(path: Path) -> None:
    path.write_bytes(b"new")


def _replaced(path: Path) -> None:
    path.with_name("other.tmp").write_bytes(b"old")
    os.utime(path.with_name("other.tmp"), ns=(0, path.stat().st_mtime_ns))
    path.with_name("other.tmp").rename(path)


@pytest.mark.parametrize("change", [_rewritten, _replaced, Path.unlink])
def test_a_file_that_is_not_what_was_found_stays(folder: HotFolder, tmp_path: Path, change: Callable[[Path], None]) -> None:
    (tmp_path / "x.pdf").write_bytes(b"old")
    found = _found(folder)
    change(tmp_path / "x.pdf")
    before = _all(tmp_path)
    assert folder.put_away(found, None) is None and _all(tmp_path) == before


def test_a_file_that_comes_in_anothers_place_while_that_is_moved_is_put_back(folder: HotFolder, tmp_path: Path) -> None:
    """What was found is compared once more after the move: here the time of change alone was right."""
    (tmp_path / "x.pdf").write_bytes(b"new")
    seen = _found(folder).sighting

    class Blind(Sighting):
        def __eq__(self, other: object) -> bool:
            return True

    found = Found(PurePosixPath("x.pdf"), Blind(seen.size + 1, seen.modified, seen.changed), None)
    assert folder.put_away(found, None) is None
    assert _all(tmp_path) == {"x.pdf": b"new"}


def test_no_link_leads_out_of_the_folder(folder: HotFolder, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.pdf").write_bytes(b"s")
    (tmp_path / "x.pdf").write_bytes(b"1")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "secret.pdf").write_bytes(b"2")
    found = {one.path.name: one for one in folder.look() if isinstance(one, Found)}
    (tmp_path / "sub").rename(tmp_path / ".moved")
    (tmp_path / "sub").symlink_to(outside)
    with pytest.raises(OSError), folder.opened(PurePosixPath("sub/secret.pdf")):
        pass
    with pytest.raises(OSError):
        folder.put_away(found["secret.pdf"], None)
    (tmp_path / "done").symlink_to(outside)
    with pytest.raises(OSError):
        folder.put_away(found["x.pdf"], None)
    (tmp_path / "y").symlink_to(tmp_path / "x.pdf")
    with pytest.raises(OSError), folder.opened(PurePosixPath("y")):
        pass
    assert [one.name for one in outside.iterdir()] == ["secret.pdf"] and (tmp_path / "x.pdf").read_bytes() == b"1"


@pytest.mark.parametrize("rename", [rename_new, rename_after_look])
def test_a_name_that_is_taken_is_not_taken_over(tmp_path: Path, rename: Callable[[int, str, int, str], None]) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    folder = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(FileExistsError):
        rename(folder, "a", folder, "b")
    with pytest.raises(FileNotFoundError):
        rename(folder, "gone", folder, "c")
    rename(folder, "a", folder, "c")
    os.close(folder)
    assert _all(tmp_path) == {"b": b"b", "c": b"a"}


def test_a_pipe_is_not_waited_for(folder: HotFolder, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError), folder.opened(PurePosixPath("pipe")):
        pass


def test_folders_beyond_a_depth_are_named_and_left(folder: HotFolder, tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 40)
    deep.mkdir(parents=True)
    (deep / "x.pdf").write_bytes(b"1")
    assert [one.why for one in folder.look() if isinstance(one, Left)] == [Why.TOO_DEEP]


def test_a_folder_that_is_gone_is_an_error_and_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        HotFolder(tmp_path / "gone", Names()).look()


def test_no_descriptor_stays_open(folder: HotFolder, tmp_path: Path) -> None:
    gc.collect()  # what earlier tests dropped may be closed at any time
    before = len([*Path("/proc/self/fd").iterdir()])
    for number in range(20):
        (tmp_path / "sub").mkdir(exist_ok=True)
        (tmp_path / "sub" / "x.pdf").write_bytes(b"%d" % number)
        folder.put_away(_found(folder), NOTE if number % 2 else None)
    with pytest.raises(OSError):
        folder.put_away(Found(PurePosixPath("gone/x"), Sighting(0, 0, 0), None), None)
    assert len([*Path("/proc/self/fd").iterdir()]) == before
