"""`init`, `doctor`, `key list`: an instance is whole or not there, and its keys do not lie in it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.instances import VANKHO, Instance
from tests.search_api.papers import secret

pytestmark = pytest.mark.servers


def test_keys_lie_outside_and_are_nowhere_in_clear(instance: Instance) -> None:
    outside = list(instance.config.rglob("*.kek"))
    assert len(outside) == 1 and len(outside[0].read_bytes()) == 32
    for path in instance.home.rglob("*"):
        if path.is_file():
            assert outside[0].read_bytes() not in path.read_bytes()
            assert b"AGE-SECRET-KEY" not in path.read_bytes()
            assert path.stat().st_mode & 0o077 == 0
    assert instance.home.stat().st_mode & 0o777 == 0o700
    assert outside[0].stat().st_mode & 0o777 == instance.recovery.stat().st_mode & 0o777 == 0o600
    assert instance.recovery.read_text().count("AGE-SECRET-KEY-PQ-1") == 1


def test_key_list_shows_public_halves_only(instance: Instance) -> None:
    keys = instance.json("key", "list")
    assert {key["kind"] for key in keys} == {"transit", "auditors", "signing", "hosts", "catalog", "credentials", "open-index", "duplicates"}
    assert all(key["sound"] for key in keys)
    assert all(str(key["public"]).startswith("age1pq1") for key in keys if key["kind"] in ("transit", "auditors"))
    assert all(set(key) == {"id", "kind", "name", "public", "created", "sound"} for key in keys)


def test_without_its_kek_an_instance_opens_nothing_and_loses_nothing(instance: Instance) -> None:
    away = instance.base / "away"
    instance.config.rename(away)
    problem = instance.refusal("key", "list", exit_code=7)
    assert problem["code"] == "VK-KEK-MISSING" and ".kek" in str(problem["detail"])
    away.rename(instance.config)
    assert all(key["sound"] for key in instance.json("key", "list"))


def test_a_kek_of_another_instance_opens_no_key(instance: Instance, tmp_path: Path) -> None:
    other = Instance(tmp_path / "other")
    other.base.mkdir()
    other.run("init", "--recovery-out", other.recovery)
    (kek,), (foreign,) = instance.config.rglob("*.kek"), other.config.rglob("*.kek")
    kek.write_bytes(foreign.read_bytes())
    assert instance.refusal("key", "list", exit_code=7)["code"] == "VK-KEY-DAMAGED"


def test_a_key_file_that_was_changed_or_exchanged_is_named(instance: Instance) -> None:
    for file in sorted((instance.home / "keys").iterdir()):
        content = file.read_bytes()
        file.write_bytes(content.replace(b'"created": "20', b'"created": "19'))
        assert f"{json.loads(content)['kind']}/1" in str(instance.refusal("key", "list", exit_code=7)["detail"])
        file.write_bytes(content)
    assert all(key["sound"] for key in instance.json("key", "list"))


def test_a_partition_s_key_that_does_not_open_leaves_the_others_usable_and_is_listed(instance: Instance) -> None:
    first = set((instance.home / "keys").iterdir())
    paper = instance.base / "a.txt"
    paper.write_text(secret(77, "công tác bảo vệ"), "utf-8")
    instance.run("ingest", paper)
    (file,) = set((instance.home / "keys").iterdir()) - first
    file.write_bytes(file.read_bytes().replace(b'"created": "20', b'"created": "19'))
    assert [key["kind"] for key in instance.json("key", "list", exit_code=6) if not key["sound"]] == ["partition"]


def test_init_refuses_what_is_there_and_leaves_it_alone(instance: Instance) -> None:
    before = {path: path.read_bytes() for path in instance.base.rglob("*") if path.is_file()}
    problem = instance.refusal("init", "--recovery-out", instance.base / "second", exit_code=2)
    assert problem["code"] == "VK-EXISTS"
    assert {path: path.read_bytes() for path in instance.base.rglob("*") if path.is_file()} == before


def test_init_that_cannot_finish_leaves_nothing(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    instance.recovery.write_text("kept")
    instance.run("init", "--recovery-out", instance.recovery, exit_code=2)
    instance.run("init", "--recovery-out", tmp_path / "no" / "such" / "folder", exit_code=2)
    instance.run("init", "--office", "../up", "--recovery-out", tmp_path / "r", exit_code=2)
    assert instance.recovery.read_text() == "kept"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [instance.recovery]


def test_two_commands_at_once_one_is_told_that_the_instance_is_busy(instance: Instance) -> None:
    with (instance.home / "lock").open() as held:
        subprocess.run(["flock", "-n", "-x", str(held.fileno())], pass_fds=[held.fileno()], check=True)
        assert instance.refusal("key", "list", exit_code=7)["code"] == "VK-BUSY"
    instance.run("key", "list")


def test_doctor_says_what_is_claimed_and_what_is_broken(instance: Instance) -> None:
    found = {str(finding["check"]): finding for finding in instance.json("doctor")}
    assert found["landlock"]["message"] and found["kek"]["state"] == "ok"
    shutil.rmtree(instance.config)
    broken = {str(finding["check"]): finding for finding in instance.json("doctor", exit_code=7)}
    assert broken["kek"]["state"] == "broken"


def test_no_instance_is_said_plainly(tmp_path: Path) -> None:
    assert Instance(tmp_path).refusal("key", "list", exit_code=7)["code"] == "VK-NO-INSTANCE"


def test_usage_errors_exit_with_2_and_help_loads_nothing_heavy(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    assert instance.refusal("nonsense", exit_code=2)["code"] == "VK-USAGE"
    probe = "import sys\nfrom search_api.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    probe += "heavy = {'fastapi', 'pydantic', 'sqlalchemy', 'alembic', 'cryptography', 'sqlcipher3', 'structlog'} & set(sys.modules)\n"
    probe += "sys.exit(f'loaded {heavy}' if heavy else 0)"
    subprocess.run([VANKHO.parent / "python", "-c", probe], check=True, stdout=subprocess.DEVNULL)
