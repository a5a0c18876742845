"""What a folder holds is taken in whole and in order, and a file that is not what it was is not taken at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingest.reasons import Reason
from search_api.cli.inputs import Input, SourceFailed, inputs


def _failure(one: Input) -> Reason:
    with pytest.raises(SourceFailed) as failed, one.opened() as file:
        list(file.pieces())
    return failed.value.reason


def test_a_folder_is_walked_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b/2.txt", "b/1.txt", "a.txt", "c/d/3.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = [str(one.path.relative_to(tmp_path)) for one in inputs([str(tmp_path)])]
    assert found == ["a.txt", "b/1.txt", "b/2.txt", "c/d/3.txt"]


def test_nothing_is_left_out_in_silence(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "in" / "loop").symlink_to(tmp_path)
    (tmp_path / "in" / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "in" / "pipe")
    found = {one.path.name: one for one in inputs([str(tmp_path / "in"), str(tmp_path / "gone")])}
    assert found["loop"].failed is Reason.SOURCE_UNREADABLE
    assert _failure(found["dangling"]) is _failure(found["gone"]) is Reason.SOURCE_MISSING
    assert _failure(found["pipe"]) is Reason.SOURCE_UNREADABLE
    assert set(found) == {"loop", "dangling", "pipe", "gone"}


@pytest.mark.parametrize("change", ["grows", "shrinks", "is rewritten"])
def test_a_file_that_changes_while_it_is_read_is_not_taken(tmp_path: Path, change: str) -> None:
    paper = tmp_path / "paper"
    paper.write_bytes(b"x" * (1 << 20))
    with pytest.raises(SourceFailed) as failed, Input(paper).opened() as file:
        pieces = file.pieces()
        next(pieces)
        if change == "grows":
            with paper.open("ab") as more:
                more.write(b"y")
        elif change == "shrinks":
            os.truncate(paper, 1 << 19)
        else:
            paper.write_bytes(b"z" * (1 << 20))
            os.utime(paper, ns=(0, 0))
        list(pieces)
    assert failed.value.reason is Reason.SOURCE_CHANGED


def test_a_quiet_file_comes_whole(tmp_path: Path) -> None:
    (tmp_path / "paper").write_bytes(bytes(range(256)) * 5000)
    with Input(tmp_path / "paper").opened() as file:
        assert b"".join(file.pieces()) == bytes(range(256)) * 5000


def test_a_path_of_any_bytes_can_be_printed() -> None:
    assert Input(Path(os.fsdecode(b"/in/\xff.txt"))).shown == "/in/\ufffd.txt"
