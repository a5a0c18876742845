"""The published vectors: every file opens or is refused as its authors say, for the reason for which they made it."""

from __future__ import annotations

import hashlib
import io

import pytest

from storage.errors import DamagedHeader, DamagedHeaderMac, DamagedPayload, KeyNotRight, VankhoError
from storage.vault.age import Identity, ScryptIdentity, open_file, parse_identities, read_header
from tests.vectors.age import Vector, vectors

BINARY = [vector for vector in vectors() if not vector.armored]
FAILURES = {"header failure": DamagedHeader, "HMAC failure": DamagedHeaderMac, "no match": KeyNotRight, "payload failure": DamagedPayload}

RULES = {
    "hmac_not_canonical": "canonical",
    "hmac_": "base64-encoded MAC of 32 bytes",
    "_low_order": "low-order",
    "_identity": "low-order",
    "_long_file_key": "exactly 32 bytes",
    "_extra_argument": "no more and no less",
    "_not_canonical": "canonical",
    "_long_share": "-byte value",
    "_short_share": "-byte value",
    "_x25519_arg": "32-byte value",
    "_salt_missing": "no more and no less",
    "_salt_": "16-byte value",
    "_and_x25519": "only stanza in the header",
    "_double": "only stanza in the header",
    "_work_factor_23": "at most 20",
    "_work_factor_overflow": "at most 20",
    "_work_factor_missing": "no more and no less",
    "_work_factor_": "no leading zeroes",
    "stanza_base64_padding": "without = padding",
    "stanza_spurious_cr": "standard alphabet",
    "stanza_long_line": "wrapped at 64 columns",
    "stanza_missing_": "shorter than 64",
    "stanza_": "starts with ->",
    "_nonce": "16-byte nonce",
    "header_crlf": "version line",
    "version_unsupported": "version line",
    "empty": "line feed",
}
"""What the refusal of a header must name, by a part of the vector's name; the first that fits."""


def test_all_vectors_are_here_and_only_the_armored_ones_are_out_of_scope() -> None:
    assert len(vectors()) == 143
    assert len(BINARY) == 110
    assert all(vector.name.startswith("armor_") for vector in vectors() if vector.armored)


@pytest.mark.parametrize("vector", BINARY, ids=lambda vector: vector.name)
def test_a_vector_ends_as_declared_and_gives_out_exactly_what_it_may(vector: Vector) -> None:
    released, ended = _open(vector)

    assert type(ended) is FAILURES.get(vector.expect, type(None))
    assert hashlib.sha256(released).hexdigest() == (vector.payload or hashlib.sha256().hexdigest())
    if vector.expect == "header failure":
        assert isinstance(ended, DamagedHeader)
        assert next(rule for part, rule in RULES.items() if part in vector.name) in str(ended.facts["rule"])


@pytest.mark.parametrize("vector", [vector for vector in BINARY if vector.expect != "header failure"], ids=lambda vector: vector.name)
def test_a_sound_header_is_written_as_it_was_read(vector: Vector) -> None:
    source = io.BytesIO(vector.file)

    header = read_header(source)

    assert header.encode() == vector.file[: source.tell()]


def _open(vector: Vector) -> tuple[bytes, VankhoError | None]:
    released = bytearray()
    try:
        for piece in open_file(io.BytesIO(vector.file), _identities(vector)):
            released += piece
    except VankhoError as error:
        return bytes(released), error
    return bytes(released), None


def _identities(vector: Vector) -> list[Identity]:
    passphrases: list[Identity] = [ScryptIdentity(passphrase) for passphrase in vector.passphrases]
    return passphrases + [identity for text in vector.identities for identity in parse_identities(text)]
