"""The promise in a receipt: the log's word that the deposit has an entry, without saying where. Source: C2SP signed-note v1.0.0."""

from __future__ import annotations

from storage.audit.merkle import Digest
from storage.audit.note import NoteSigner, VerifierKey, decode_digest, encode_digest, open_note
from storage.errors import NoteDamaged

__all__ = ["open_promise", "sign_promise"]

_TITLE = "vankho audit promise"
"""First of two lines: a checkpoint has three or more and begins with the log's name, so that neither can be taken for the other."""


def sign_promise(promised: bytes, signer: NoteSigner) -> str:
    """The note for a receipt. promised: the salted leaf hash of `leaf.promise`, 32 bytes."""
    return signer.sign(f"{_TITLE}\n{encode_digest(Digest(promised))}\n").decode()


def open_promise(note: str, key: VerifierKey) -> bytes:
    """The salted leaf hash that a note promises, known to be signed by `key`. Raises NoteDamaged, NoteForeign, NoteForged."""
    title, _, rest = open_note(note.encode(), key).partition("\n")
    if title != _TITLE:
        raise NoteDamaged(rule=f"a promise begins with the line {_TITLE}")
    return decode_digest(rest.removesuffix("\n"))
