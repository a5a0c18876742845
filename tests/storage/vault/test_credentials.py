"""What proves to servers who asks: sealed among the keys, to each role its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from storage.errors import KeyFileDamaged, TargetExists
from storage.servers import Credential
from storage.vault.credentials import given, of_role, read_credentials, taken, write_credentials

CREDENTIALS = {
    "catalog": {"keeper": Credential("k", "first hidden"), "api": Credential("a", "second hidden")},
    "store": {"api": Credential("KEY", "thìrd")},
}


@pytest.fixture
def key() -> memoryview:
    return memoryview(os.urandom(32))


def test_they_read_back_and_lie_there_in_no_clear_word(tmp_path: Path, key: memoryview) -> None:
    write_credentials(tmp_path, key, "one", CREDENTIALS)
    assert read_credentials(tmp_path, key, "one") == CREDENTIALS
    assert b"hidden" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    with pytest.raises(TargetExists):
        write_credentials(tmp_path, key, "one", {})


def test_where_all_is_embedded_there_are_none(tmp_path: Path, key: memoryview) -> None:
    assert read_credentials(tmp_path, key, "one") == {}


def test_changed_or_of_another_instance_they_do_not_open(tmp_path: Path, key: memoryview) -> None:
    write_credentials(tmp_path, key, "one", CREDENTIALS)
    for wrong_key, instance in ((memoryview(os.urandom(32)), "one"), (key, "other")):
        with pytest.raises(KeyFileDamaged):
            read_credentials(tmp_path, wrong_key, instance)
    (path,) = tmp_path.iterdir()
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(KeyFileDamaged):
        read_credentials(tmp_path, key, "one")


def test_a_role_is_handed_its_own_and_no_other() -> None:
    assert taken(given(of_role(CREDENTIALS, "api"))) == {"catalog": Credential("a", "second hidden"), "store": Credential("KEY", "thìrd")}
    assert of_role(CREDENTIALS, "worker") == {}
