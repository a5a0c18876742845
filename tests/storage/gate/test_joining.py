"""The joining file: read as it was written, and in no other way; what belongs to another, or to nobody, joins nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import FileUnusable, InvalidInput, NotOnServers
from storage.gate.certificates import HOST_LASTS, Authority, require_host_name
from storage.gate.joining import Joining, address_of, new_keys, read_joining, settings_for_hosts, write_settings
from storage.home import Home
from storage.servers import read_server
from storage.settings import NetworkClass, Settings, read_settings

SERVERS = {
    "catalog": read_server("catalog", "postgresql://db.example:5432/archive"),
    "index": read_server("index", "https://search.example:9200"),
    "store": read_server("store", "s3://bucket?endpoint=https://store.example"),
    "closed_index": read_server("closed_index", "https://keeper-only.example:9200"),
}
SETTINGS = Settings("i" * 26, "central", NetworkClass.INDEPENDENT_LAN, "age1pq1x", "log+key", False, SERVERS)


AUTHORITY = Authority(SETTINGS.instance, b"\1" * 32, datetime.now(UTC))


def joining(seed: int = 1, ago: timedelta = timedelta()) -> Joining:
    """A file as `host add` made it so long ago."""
    key, key_text, identity = new_keys()
    now, name = datetime.now(UTC) - ago, "worker-1"
    authority = Authority(SETTINGS.instance, bytes([seed]) * 32, now)
    certificate = authority.for_host(name, key.public_key(), now, name.encode()).public_bytes(Encoding.PEM).decode()
    settings, trust = settings_for_hosts(SETTINGS), {"index": AUTHORITY.pem}
    return Joining(name, "main.example:8788", authority.pem, certificate, key_text, identity.text(), settings, trust)


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "a.join"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def test_a_file_is_read_as_it_was_written_and_shows_nothing_when_printed(tmp_path: Path) -> None:
    made = joining()
    assert read_joining(written(tmp_path, made.text)) == made
    assert "PRIVATE" not in repr(made) and "AGE-SECRET" not in repr(made)


def test_settings_say_nothing_of_what_is_the_keepers_alone_and_are_laid_down_for_a_worker(tmp_path: Path) -> None:
    made = joining()
    assert "keeper-only" not in made.text and "closed_index" not in made.text
    home = Home(tmp_path)
    home.trust.mkdir()
    home.authority("store").write_text("of an earlier file")
    write_settings(made, home)
    settings = read_settings(home)
    assert {part: server.hosts for part, server in settings.servers.items()} == {
        part: server.hosts for part, server in SERVERS.items() if part != "closed_index"
    }
    assert (settings.servers["index"].ca, settings.servers["store"].ca) == (home.authority("index"), None)


def test_an_instance_with_a_part_in_its_own_folder_is_joined_by_nobody() -> None:
    for part in ("catalog", "index", "store"):
        fewer = replace(SETTINGS, servers={other: server for other, server in SERVERS.items() if other != part})
        with pytest.raises(NotOnServers, match=part):
            settings_for_hosts(fewer)


def test_a_file_whose_certificate_has_ended_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="ended on 20"):
        read_joining(written(tmp_path, joining(ago=HOST_LASTS + timedelta(days=1)).text))
    assert read_joining(written(tmp_path, joining(ago=HOST_LASTS - timedelta(days=1)).text)).host == "worker-1"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(FileUnusable, match="chmod 600"):
        read_joining(written(tmp_path, joining().text, mode))


def test_a_file_that_is_missing_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.join", tmp_path):
        with pytest.raises(FileUnusable):
            read_joining(path)


Content = dict[str, object]


def other(**values: object) -> Callable[[Content], object]:
    """The same file with these values."""
    return lambda content: content | values


NOT_FILES: dict[str, Callable[[Content], object]] = {
    "nothing": lambda _: None,
    "a list": lambda content: [content],
    "without anything": lambda _: {},
    "too large": other(settings="x" * (1 << 20)),
    "of another version": other(format=2),
    "of no version": other(format=True),
    "with more than is known": other(more="x"),
    "without an identity": lambda content: {name: value for name, value in content.items() if name != "identity"},
    "with no list of authorities": other(trust=[]),
    "with an authority that is a number": other(trust={"index": 7}),
    "with an authority that is none": other(trust={"index": "PEM"}),
    "with an authority of the closed index": other(trust={"closed_index": AUTHORITY.pem}),
    "with an authority of elsewhere": other(trust={"../../x": AUTHORITY.pem}),
    "of another host": other(host="worker-2"),
    "of no host": other(host="../worker"),
    "with another's authority": lambda content: content | {"authority": joining(seed=2).authority},
    "with another's certificate": lambda content: content | {"certificate": joining().certificate},
    "with another's key": lambda content: content | {"key": joining().key},
}
SECRET_OR_NOT = ("host", "gate", "authority", "certificate", "key", "identity")


@pytest.mark.parametrize("what", NOT_FILES)
def test_a_file_in_which_anything_is_missing_too_much_or_anothers_is_refused_and_not_quoted(tmp_path: Path, what: str) -> None:
    require_refused(written(tmp_path, json.dumps(NOT_FILES[what](json.loads(joining().text)))))


@pytest.mark.parametrize("name", SECRET_OR_NOT)
@pytest.mark.parametrize("value", ["", None, 7, "x", ["x"]], ids=repr)
def test_a_value_that_is_not_what_it_should_be_is_refused_and_not_quoted(tmp_path: Path, name: str, value: object) -> None:
    require_refused(written(tmp_path, json.dumps(json.loads(joining().text) | {name: value})))


def require_refused(path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_joining(path)
    assert "PRIVATE" not in str(refused.value) and "AGE-SECRET" not in str(refused.value)


@given(st.binary(max_size=400))
def test_what_is_no_joining_file_is_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("joining") / "a.join"
    os.close(os.open(path, os.O_CREAT, 0o600))
    path.write_bytes(raw)
    with pytest.raises(InvalidInput):
        read_joining(path)


def test_a_file_whose_settings_are_none_is_refused_when_they_are_laid_down(tmp_path: Path) -> None:
    made = json.loads(joining().text)
    for settings in ("x = ", 'instance = "x"\n', made["settings"] + "more = 1\n"):
        read = read_joining(written(tmp_path, json.dumps(made | {"settings": settings})))
        with pytest.raises(InvalidInput):
            write_settings(read, Home(tmp_path / "home"))
        assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(("text", "read"), [("main:1", ("main", 1)), ("10.0.0.5:65535", ("10.0.0.5", 65535)), ("[fd00::5]:88", ("fd00::5", 88))])
def test_an_address_is_a_name_and_a_port(text: str, read: tuple[str, int]) -> None:
    assert address_of(text) == read


@pytest.mark.parametrize("text", ["", "main", "main:", ":88", "main:0", "main:65536", "main:-1", "main:x", "main:８８", "main:000088"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        address_of(text)


@pytest.mark.parametrize("name", ["", "A", "-a", "a/b", "a_b", "a.b", "a" * 33, "máy", "a\n", "%"])
def test_a_name_that_could_be_taken_for_anything_else_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        require_host_name(name)
