"""`host`, `work` and `serve --worker-port` where worker hosts could do nothing: refused before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.instances import Instance

pytestmark = pytest.mark.servers


def test_an_embedded_instance_refuses_worker_hosts_and_says_what_to_do(served: Instance, tmp_path: Path) -> None:
    path = tmp_path / "a.join"
    refused = served.refusal("host", "add", "worker-1", "--gate", "main:8788", "--out", path, exit_code=2)
    assert refused["code"] == "VK-NOT-ON-SERVERS"
    assert "catalog, index, store" in str(refused["detail"]) and "vankho init --catalog" in str(refused["detail"])
    assert not path.exists() and served.json("host", "list") == []
    assert served.refusal("serve", "--worker-port", "0", exit_code=2)["code"] == "VK-NOT-ON-SERVERS"


@pytest.mark.parametrize("port", ["x", "70000", "127.0.0.1:", "127.0.0.1", "[::1]:-1"])
def test_a_port_for_worker_hosts_that_is_none_is_refused(served: Instance, port: str) -> None:
    assert served.refusal("serve", f"--worker-port={port}", exit_code=2)["code"] == "VK-INVALID"


def test_who_is_no_administrator_neither_adds_nor_lists_nor_shuts_out(served: Instance, tmp_path: Path) -> None:
    key = tmp_path / "lan.key"
    served.run("user", "add", "lan", "--office", "central", "--role", "archivist", "--role", "auditor", "--key-out", key)
    assert served.refusal("host", "list", exit_code=8, key=key)["code"] == "VK-NOT-ALLOWED"
    assert served.refusal("host", "disable", "worker-1", exit_code=4, key=key)["code"] == "VK-NOT-FOUND"


def test_a_joining_file_that_is_none_and_a_folder_that_is_an_instances_start_nothing(served: Instance, tmp_path: Path) -> None:
    path = tmp_path / "a.join"
    path.write_text("{}")
    path.chmod(0o600)
    for home in (served.home, tmp_path / "work"):
        assert served.refusal("--home", home, "work", "--join", path, exit_code=2)["code"] == "VK-INVALID"
    assert not (tmp_path / "work").exists()
    assert served.refusal("--home", tmp_path / "work", "work", "--join", tmp_path / "none", exit_code=2)["code"] == "VK-FILE"
