"""Addresses of servers: what they say, what is refused, and that a password never shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.errors import InvalidInput
from storage.servers import Credential, Server, read_server


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    path.write_text("a certificate")
    return path


def test_each_part_is_read_with_its_credential(ca: Path) -> None:
    catalog = read_server("catalog", f"postgresql://vankho:p%40ss@db.example/archive?ca={ca}")
    assert catalog == Server("postgresql", (("db.example", 5432),), "archive", ca, credential=Credential("vankho", "p@ss"))
    index = read_server("index", f"https://w:x@a:9200,b,[::1]:9300?ca={ca}")
    assert index.urls == ("https://a:9200", "https://b:9200", "https://[::1]:9300") and index.ports == {9200, 9300}
    store = read_server("store", f"s3://KEY:SECRET@blobs/office?endpoint=https://s3.example:7070&ca={ca}")
    assert (store.path, store.endpoint, store.region, store.ports) == ("blobs/office", "https://s3.example:7070", "us-east-1", {7070})


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("catalog", "postgresql://u:p@h:5433/d"),
        ("index", "https://u:p@h1:9200,h2:9201"),
        ("index", "http://127.0.0.1:9200"),
        ("store", "s3://k:s@b?endpoint=https://h:9000&region=vn"),
    ],
)
def test_what_the_configuration_holds_has_no_credential_and_reads_back(part: str, text: str) -> None:
    server = read_server(part, text)
    assert "u:p" not in server.text and "k:s" not in server.text
    again = read_server(part, server.text)
    assert again.credential is None and again.text == server.text and again.hosts == server.hosts and again.path == server.path


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("catalog", "mysql://u:hidden@h/d"),
        ("catalog", "postgresql://u:hidden@h"),
        ("catalog", "postgresql://u:hidden@h,i/d"),
        ("catalog", "postgresql://u:hidden@h:port/d"),
        ("catalog", "postgresql://u:hidden@/d"),
        ("catalog", "postgresql://u:hidden@h/d?sslmode=disable"),
        ("catalog", "postgresql://u:hidden@h/d?ca=/nowhere/ca.pem"),
        ("index", "http://u:hidden@other.example:9200"),
        ("index", "https://u:hidden@h:9200/path"),
        ("store", "s3://k:hidden@b"),
        ("store", "s3://k:hidden@?endpoint=https://h"),
        ("store", "s3://k:hidden@b?endpoint=http://other.example"),
        ("store", "https://k:hidden@b"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(part: str, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_server(part, text)
    assert "hidden" not in str(refused.value) and part in str(refused.value)


def test_a_password_is_in_no_representation() -> None:
    assert "hidden" not in repr(read_server("index", "https://u:hidden@h:9200"))
