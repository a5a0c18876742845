"""A crash between any two steps of an append loses no checkpoint and forks nothing: what was signed stands, the rest is repeated."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from storage.audit.log import TileLog
from storage.audit.merkle import Tree, leaf_hash
from storage.audit.note import NoteSigner
from storage.audit.tiles import layout
from storage.audit.verify import verify_log
from storage.failpoints import arm, disarm
from tests.storage.audit.conftest import EntryMaker

_BEFORE, _AFTER, _LATER = 250, 520, 800  # the batch fills two tiles, replaces a partial one, and begins a third


@pytest.fixture
def base(log: TileLog, entries: EntryMaker) -> TileLog:
    log.append(entries(0, _BEFORE - 1))
    log.append(entries(_BEFORE - 1, _BEFORE))
    return log


def _points(base: TileLog, signer: NoteSigner, entries: EntryMaker, scratch: Path) -> int:
    """How many failpoints the append passes."""
    shutil.copytree(base.folder, scratch)
    log = TileLog(scratch, signer)
    arm("count")
    log.append(entries(_BEFORE, _AFTER))
    return len(disarm())


def _goes_on(folder: Path, signer: NoteSigner, entries: EntryMaker) -> int:
    """Take the log up after a crash as a sequencer does: see what stands, append the rest in other batches, and judge; returns what stood."""
    log = TileLog(folder, signer)
    stood = log.checkpoint.head.size
    assert log.checkpoint.head == Tree.of(map(leaf_hash, entries(0, stood))).head()
    middle = stood + 7
    log.append(entries(stood, middle))
    log.append(entries(middle, _LATER))
    assert log.checkpoint.head == Tree.of(map(leaf_hash, entries(0, _LATER))).head()
    assert verify_log(folder, signer.verifier).ok
    assert not [path for path in folder.glob("tile/**/*.p") if path.with_suffix("").exists()]
    assert all((folder / name).exists() for name in layout(_LATER))
    return stood


def test_an_error_of_the_disk_at_any_step_forks_nothing(base: TileLog, signer: NoteSigner, entries: EntryMaker, tmp_path: Path) -> None:
    stood = []
    for point in range(1, _points(base, signer, entries, tmp_path / "counted") + 1):
        folder = tmp_path / str(point)
        shutil.copytree(base.folder, folder)
        log = TileLog(folder, signer)
        arm(f"eio@{point}")
        with pytest.raises(OSError, match="Input/output"):
            log.append(entries(_BEFORE, _AFTER))
        disarm()
        with pytest.raises(RuntimeError, match="anew"):
            log.append(entries(_BEFORE, _AFTER))
        stood.append(_goes_on(folder, signer, entries))
    # Before the checkpoint is renamed nothing of the batch stands, afterwards all of it.
    assert stood == sorted(stood)
    assert set(stood) == {_BEFORE, _AFTER}


@pytest.mark.servers
def test_a_kill_at_any_step_forks_nothing(base: TileLog, signer: NoteSigner, entries: EntryMaker, tmp_path: Path) -> None:
    stood = set()
    for point in range(1, _points(base, signer, entries, tmp_path / "counted") + 1):
        folder = tmp_path / str(point)
        shutil.copytree(base.folder, folder)
        child = os.fork()
        if child == 0:
            log = TileLog(folder, signer)
            arm(f"kill@{point}")
            log.append(entries(_BEFORE, _AFTER))
            os._exit(0)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
        stood.add(_goes_on(folder, signer, entries))
    assert stood == {_BEFORE, _AFTER}


@pytest.mark.parametrize("step", ["audit.5", "audit.4"])
def test_a_log_that_was_not_begun_to_the_end_is_begun_anew(tmp_path: Path, signer: NoteSigner, entries: EntryMaker, step: str) -> None:
    arm(f"eio@{step}")
    with pytest.raises(OSError, match="Input/output"):
        TileLog.create(tmp_path, signer)
    disarm()
    assert TileLog.create(tmp_path, signer).append(entries(0, 3)).head.size == 3
