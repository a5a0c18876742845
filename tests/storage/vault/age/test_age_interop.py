"""The stock `age` program opens what Vankho seals, and Vankho what it seals, with the keys of either side."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage.vault.age import CHUNK, HybridIdentity, open_file, open_header, parse_identities, read_header, seal, seal_header

pytestmark = pytest.mark.servers

SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 5_000_000]
BIN = Path(sys.executable).parent


def _run(program: str, *arguments: str | Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    path = BIN / program
    assert path.exists(), f"{path} is missing: run `make setup-tests`"
    return subprocess.run([path, *arguments], input=given, capture_output=True, timeout=60, check=False)


def _output(program: str, *arguments: str | Path, given: bytes = b"") -> bytes:
    done = _run(program, *arguments, given=given)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture(params=["ours", "theirs"])
def key_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An identity file, written by us or by age-keygen."""
    path = tmp_path / "key.txt"
    text = HybridIdentity.generate().text().encode() + b"\n" if request.param == "ours" else _output("age-keygen", "-pq")
    path.write_bytes(text)
    return path


def _identity(key_file: Path) -> HybridIdentity:
    [identity] = parse_identities(key_file.read_text("ascii"))
    assert isinstance(identity, HybridIdentity)
    return identity


def _sealed(plain: bytes, *identities: HybridIdentity) -> bytes:
    target = io.BytesIO()
    seal(io.BytesIO(plain), target, [identity.recipient() for identity in identities])
    return target.getvalue()


def test_both_sides_make_the_same_recipient_of_an_identity(key_file: Path) -> None:
    assert _output("age-keygen", "-y", key_file).decode().strip() == _identity(key_file).recipient().text()


@pytest.mark.parametrize("size", SIZES)
def test_age_opens_what_we_seal(key_file: Path, size: int) -> None:
    plain = os.urandom(size)

    assert _output("age", "-d", "-i", key_file, given=_sealed(plain, HybridIdentity.generate(), _identity(key_file))) == plain


@pytest.mark.parametrize("size", SIZES)
def test_we_open_what_age_seals(key_file: Path, size: int) -> None:
    plain, identity = os.urandom(size), _identity(key_file)
    other = HybridIdentity.generate().recipient().text()

    sealed = _output("age", "-r", other, "-r", identity.recipient().text(), given=plain)

    assert b"".join(open_file(io.BytesIO(sealed), [identity])) == plain


def test_age_opens_a_rewrapped_header_before_the_old_payload_with_the_new_key_alone(tmp_path: Path) -> None:
    old, new, plain = HybridIdentity.generate(), HybridIdentity.generate(), os.urandom(2 * CHUNK)
    file = io.BytesIO(_sealed(plain, old))
    header = seal_header(open_header(read_header(file), [old]), [new.recipient()])
    exported = header + file.read()
    for name, identity in (("old", old), ("new", new)):
        (tmp_path / name).write_text(identity.text() + "\n", "ascii")

    assert _output("age", "-d", "-i", tmp_path / "new", given=exported) == plain
    refused = _run("age", "-d", "-i", tmp_path / "old", given=exported)
    assert refused.returncode != 0
    assert b"no identity matched" in refused.stderr


def test_age_refuses_our_file_cut_at_a_chunk_border(key_file: Path) -> None:
    sealed = _sealed(bytes(3 * CHUNK), _identity(key_file))

    assert _run("age", "-d", "-i", key_file, given=sealed[: -CHUNK - 16]).returncode != 0


def test_age_calls_our_files_post_quantum(tmp_path: Path) -> None:
    path = tmp_path / "file.age"
    path.write_bytes(_sealed(b"plain", HybridIdentity.generate(), HybridIdentity.generate()))

    assert b'"postquantum": "yes"' in _output("age-inspect", "--json", path)
