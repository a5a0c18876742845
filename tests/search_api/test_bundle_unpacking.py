"""A bundle is unpacked whole or not at all, and nothing is written but the files of a bundle."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from search_api.cli.unpacking import unpack
from storage.errors import AnswerCut

_GOOD = ["tile/entries/000.p/3", "tile/0/000.p/3", "keys.pub", "checkpoint"]


def test_the_files_of_a_bundle_are_written(tmp_path: Path) -> None:
    unpack(_parts(_tar(_GOOD)), tmp_path)
    written = {path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {name: name for name in _GOOD}


@pytest.mark.parametrize("name", ["../tile/0/000", "/tmp/checkpoint", "tile/0/../../../x", "tile/0/000.p/3/x", "signer", "tile/x/000"])
def test_no_other_file_is_written(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    with pytest.raises(AnswerCut):
        unpack(_parts(_tar([name, *_GOOD])), folder)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_nothing_but_plain_files_is_written(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(AnswerCut):
        unpack(_parts(_tar(_GOOD, {"tile/0/000.p/3": kind})), tmp_path)
    assert not (tmp_path / "tile/0/000.p/3").exists()


def test_no_file_is_written_twice(tmp_path: Path) -> None:
    with pytest.raises(AnswerCut):
        unpack(_parts(_tar([*_GOOD, "tile/0/000.p/3", "checkpoint"])), tmp_path)


@pytest.mark.parametrize("kept", [0, 100, 512, 515, 1500, 2000, 3 * 1024])
def test_a_bundle_that_is_cut_short_is_none(tmp_path: Path, kept: int) -> None:
    with pytest.raises(AnswerCut):
        unpack(_parts(_tar(_GOOD)[:kept]), tmp_path)


def _tar(names: list[str], kinds: dict[str, bytes] | None = None) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.type = (kinds or {}).get(name, tarfile.REGTYPE)
            member.linkname = "" if member.isreg() else "/etc/passwd"
            member.size = len(name) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(name.encode()))
    return whole.getvalue()


def _parts(whole: bytes) -> Iterator[bytes]:
    return (whole[at : at + 700] for at in range(0, len(whole), 700))
