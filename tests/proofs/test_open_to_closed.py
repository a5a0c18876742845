"""A record that is closed: its words leave catalog, index, dump and files, also when the keeper is killed while it re-wraps."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from tests.instances import Instance
from tests.search_api.papers import notice

pytestmark = pytest.mark.servers

CANARIES = ("quạtchanhkhơi", "mựcthuyềnrồng")


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    made = Instance(tmp_path)
    made.run("init", "--test", "--recovery-out", made.recovery)
    return made


def _deposited(instance: Instance) -> str:
    paper = instance.base / "giay.txt"
    paper.write_text(notice(7, CANARIES[0], f"{CANARIES[1]} ." * 3), "utf-8")
    (row, _) = instance.json("ingest", paper)
    paper.unlink()
    assert row["confidential"] is False
    return str(row["record_id"])


def _places(instance: Instance, word: str) -> list[str]:
    forms = {word, word.upper(), unicodedata.normalize("NFD", word)}
    wanted = [form.encode(encoding) for form in forms for encoding in ("utf-8", "utf-16-le")]
    dump = instance.run("debug", "dump").stdout.encode()
    found = ["dump"] if any(form in dump for form in wanted) else []
    return found + [str(p) for p in instance.base.rglob("*") if p.is_file() and any(form in p.read_bytes() for form in wanted)]


def test_the_words_of_a_record_that_is_closed_are_in_no_dump_index_or_file(instance: Instance) -> None:
    record = _deposited(instance)
    assert all("dump" in _places(instance, word) for word in CANARIES), "the scanner finds what stands in clear"
    instance.run("reclassify", record, "--level", "TOI_MAT", "--reason", "thử")
    assert [_places(instance, word) for word in CANARIES] == [[], []]
    (found,) = instance.json("search", CANARIES[1])
    assert found["total"] == 1
    instance.run("check", "--read-data")


@pytest.mark.parametrize("step", ["rewrap.1", "rewrap.2", "rewrap.3"])
def test_a_re_wrap_that_is_cut_off_is_finished_by_the_next_start(instance: Instance, step: str) -> None:
    record = _deposited(instance)
    before = instance.run("get", record, "-o", instance.base / "before")
    assert before.returncode == 0
    instance.run("reclassify", record, "--level", "MAT", "--reason", "thử", exit_code=None, env={"VANKHO_FAILPOINT": f"kill@{step}"})
    instance.run("get", record, "-o", instance.base / "after")
    assert (instance.base / "after").read_bytes() == (instance.base / "before").read_bytes()
    (shown,) = instance.json("show", record)
    assert shown["level"] == "MAT"
    (checked,) = instance.json("check", "--read-data")
    assert checked["findings"] == [] and checked["notes"] == []
    headers = [path.name for path in (instance.home / "store" / "headers").rglob("*.*") if path.is_file()]
    assert len(headers) == len({name.split(".")[0] for name in headers}), "no header version is left over"
    instance.run("audit", "verify")
