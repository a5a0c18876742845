"""Signed notes and checkpoints: read strictly, and trusted only when signed."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.audit.merkle import EMPTY_ROOT, TreeHead
from storage.audit.note import Checkpoint, NoteSigner, VerifierKey, decode_digest, open_checkpoint, open_note, sign_checkpoint
from storage.errors import NoteDamaged, NoteForeign, NoteForged

_SIGNER = NoteSigner("vankho.example/log", Ed25519PrivateKey.from_private_bytes(bytes(32)))
_OTHER = NoteSigner("vankho.example/other", Ed25519PrivateKey.from_private_bytes(bytes([1] * 32)))
_HEAD = TreeHead(7, EMPTY_ROOT)
_NOTE = sign_checkpoint(_HEAD, _SIGNER)

# The note and key that the package golang.org/x/mod/sumdb/note documents and tests itself with.
_GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
_GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
_GO_NOTE = (
    f"{_GO_TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()


def _signature_line(note: bytes) -> bytes:
    return note.rpartition(b"\n\n")[2]


def test_a_note_of_the_reference_implementation_opens() -> None:
    assert open_note(_GO_NOTE, VerifierKey.parse(_GO_KEY)) == _GO_TEXT


def test_a_signed_checkpoint_opens_as_it_was() -> None:
    assert open_checkpoint(_NOTE, _SIGNER.verifier) == Checkpoint("vankho.example/log", _HEAD)


def test_no_changed_byte_goes_unnoticed() -> None:
    for at in range(len(_NOTE)):
        for mask in (0x01, 0x20, 0x80):
            changed = bytearray(_NOTE)
            changed[at] ^= mask
            with pytest.raises((NoteDamaged, NoteForeign, NoteForged)):
                open_checkpoint(bytes(changed), _SIGNER.verifier)


def test_no_shortened_or_lengthened_note_opens() -> None:
    for note in (*(_NOTE[:end] for end in range(len(_NOTE))), _NOTE + b"x", _NOTE + b"\n", b"\n" + _NOTE):
        with pytest.raises((NoteDamaged, NoteForeign, NoteForged)):
            open_checkpoint(note, _SIGNER.verifier)


def test_signatures_of_others_are_passed_over() -> None:
    text = Checkpoint("vankho.example/log", _HEAD).text()
    cosigned = _OTHER.sign(text) + _signature_line(_NOTE)
    assert open_checkpoint(cosigned, _SIGNER.verifier).head == _HEAD


def test_a_note_that_another_key_signed_is_foreign() -> None:
    with pytest.raises(NoteForeign):
        open_checkpoint(sign_checkpoint(_HEAD, _OTHER), _SIGNER.verifier)


def test_a_key_of_the_same_name_is_foreign() -> None:
    namesake = NoteSigner(_SIGNER.verifier.name, Ed25519PrivateKey.generate())
    with pytest.raises(NoteForeign):
        open_checkpoint(sign_checkpoint(_HEAD, namesake), _SIGNER.verifier)


def test_a_checkpoint_of_another_log_is_foreign_though_this_key_signed_it() -> None:
    with pytest.raises(NoteForeign):
        open_checkpoint(_SIGNER.sign(Checkpoint("vankho.example/other", _HEAD).text()), _SIGNER.verifier)


def test_a_false_signature_spoils_a_true_one_beside_it() -> None:
    line = _signature_line(_NOTE)
    forged = line.replace(line.split()[2], base64.b64encode(_SIGNER.verifier.key_id + bytes(64)))
    with pytest.raises(NoteForged):
        open_note(_NOTE + forged, _SIGNER.verifier)


def test_extension_lines_are_kept() -> None:
    checkpoint = Checkpoint("vankho.example/log", _HEAD, ("an extension", "and another"))
    assert open_checkpoint(_SIGNER.sign(checkpoint.text()), _SIGNER.verifier) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log\n7\n",
        "log\n07\n" + "A" * 43 + "=\n",
        "log\n+7\n" + "A" * 43 + "=\n",
        "log\n-7\n" + "A" * 43 + "=\n",
        "log\n٧\n" + "A" * 43 + "=\n",
        "log\n7\n" + "A" * 42 + "B=\n",
        "log\n7\n" + "A" * 40 + "\n",
        "\n7\n" + "A" * 43 + "=\n",
        "log\n7\n" + "A" * 43 + "=\n\n",
        "log\n7\n" + "A" * 43 + "=",
    ],
)
def test_malformed_checkpoint_text_is_refused(text: str) -> None:
    with pytest.raises(NoteDamaged):
        Checkpoint.parse(text)


def test_a_verifier_key_reads_back_as_printed() -> None:
    assert VerifierKey.parse(str(_SIGNER.verifier)) == _SIGNER.verifier


def test_no_changed_letter_of_a_verifier_key_goes_unnoticed() -> None:
    printed = str(_SIGNER.verifier)
    for at, letter in enumerate(printed):
        with pytest.raises(NoteDamaged):
            VerifierKey.parse(printed[:at] + chr(ord(letter) ^ 1) + printed[at + 1 :])


@pytest.mark.parametrize("name", ["", "two words", "a+b", "không trống"])
def test_key_names_without_spaces_or_plus(name: str) -> None:
    with pytest.raises(NoteDamaged):
        VerifierKey(name, bytes(32))


@pytest.mark.parametrize("text", ["", "AAAA", "A" * 43, "A" * 43 + "=\n", "-" * 43 + "="])
def test_a_digest_has_one_spelling(text: str) -> None:
    with pytest.raises(NoteDamaged):
        decode_digest(text)
