"""`seal` and `open`: whole files or none, and nothing written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.instances import Instance

pytestmark = pytest.mark.servers


def test_what_is_sealed_to_the_instance_is_opened_by_the_recovery_identity(instance: Instance) -> None:
    paper, sealed, back = (instance.base / name for name in ("paper", "paper.age", "back"))
    paper.write_bytes("văn bản ".encode() * 100_000)
    instance.run("seal", paper, "-o", sealed)
    assert "văn bản".encode() not in sealed.read_bytes()
    instance.run("open", sealed, "--identity", instance.recovery, "-o", back)
    assert back.read_bytes() == paper.read_bytes()
    assert back.stat().st_mode & 0o777 == 0o600


def test_a_damaged_file_gives_no_file_at_all(instance: Instance) -> None:
    paper, sealed, back = (instance.base / name for name in ("paper", "paper.age", "back"))
    paper.write_bytes(b"x" * 200_000)
    instance.run("seal", paper, "-o", sealed)
    whole = sealed.read_bytes()
    sealed.write_bytes(whole[:-1])
    assert instance.refusal("open", sealed, "--identity", instance.recovery, "-o", back, exit_code=2)["code"] == "VK-AGE-PAYLOAD"
    sealed.write_bytes(whole.replace(b"age-encryption.org/v1", b"age-encryption.org/v2"))
    assert instance.refusal("open", sealed, "--identity", instance.recovery, "-o", back, exit_code=2)["code"] == "VK-AGE-HEADER"
    assert [path.name for path in instance.base.iterdir() if "back" in path.name] == []


def test_another_identity_opens_nothing(instance: Instance, tmp_path: Path) -> None:
    other = Instance(tmp_path / "other")
    other.base.mkdir()
    other.run("init", "--recovery-out", other.recovery)
    paper, sealed = instance.base / "paper", instance.base / "paper.age"
    paper.write_bytes(b"x")
    instance.run("seal", paper, "-o", sealed)
    assert instance.refusal("open", sealed, "--identity", other.recovery, "-o", instance.base / "back", exit_code=8)["code"] == "VK-NO-MATCH"
    recipient = next(line.split()[-1] for line in other.recovery.read_text().splitlines() if "public key" in line)
    instance.run("seal", paper, "-o", instance.base / "both.age", "--to", recipient)
    instance.run("open", instance.base / "both.age", "--identity", other.recovery, "-o", instance.base / "back")


def test_nothing_is_written_over(instance: Instance) -> None:
    paper, kept = instance.base / "paper", instance.base / "kept"
    paper.write_bytes(b"x")
    kept.write_bytes(b"kept")
    assert instance.refusal("seal", paper, "-o", kept, exit_code=2)["code"] == "VK-EXISTS"
    assert kept.read_bytes() == b"kept"
    assert instance.refusal("seal", instance.base / "absent", "-o", instance.base / "new", exit_code=2)["code"] == "VK-FILE"
    assert not (instance.base / "new").exists()
    assert instance.refusal("seal", paper, "-o", instance.base / "new", "--to", "age1pq1nonsense", exit_code=2)
    assert not (instance.base / "new").exists()
