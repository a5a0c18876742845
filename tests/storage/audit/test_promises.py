"""The promise in a receipt: what docs/format.md says of it, and that it is never taken for a checkpoint."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from storage.audit.leaf import Leaf, promise
from storage.audit.merkle import Tree
from storage.audit.note import Checkpoint, NoteSigner, open_checkpoint, open_note, sign_checkpoint
from storage.audit.promises import open_promise, sign_promise
from storage.audit.tiles import layout, parse_name
from storage.errors import NoteDamaged, NoteForeign, NoteForged

_SALT = bytes(range(32))


def test_a_promise_is_what_the_page_says(leaf: Leaf, signer: NoteSigner) -> None:
    leaf_hash = hashlib.sha256(b"\0" + leaf.encode()).digest()
    promised = base64.b64encode(hmac.digest(_SALT, b"vankho audit promise\n" + leaf_hash, "sha256")).decode()
    note = sign_promise(promise(leaf, _SALT), signer)
    assert open_note(note.encode(), signer.verifier) == f"vankho audit promise\n{promised}\n"
    assert open_promise(note, signer.verifier) == base64.b64decode(promised)


def test_a_promise_is_no_checkpoint_and_a_checkpoint_no_promise(leaf: Leaf, signer: NoteSigner) -> None:
    note = sign_promise(promise(leaf, _SALT), signer)
    with pytest.raises(NoteDamaged):
        open_checkpoint(note.encode(), signer.verifier)
    with pytest.raises(NoteDamaged):
        Checkpoint.parse(open_note(note.encode(), signer.verifier))
    with pytest.raises(NoteDamaged):
        open_promise(sign_checkpoint(Tree().head(), signer).decode(), signer.verifier)


def test_no_changed_promise_opens(leaf: Leaf, signer: NoteSigner) -> None:
    note = sign_promise(promise(leaf, _SALT), signer)
    for at in range(len(note)):
        changed = note[:at] + chr(ord(note[at]) ^ 1) + note[at + 1 :]
        with pytest.raises((NoteDamaged, NoteForeign, NoteForged)):
            open_promise(changed, signer.verifier)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_536, 70_000])
def test_the_names_of_a_log_are_those_of_its_layout(size: int) -> None:
    names = set(layout(size))
    assert all(parse_name(name, size) is not None for name in names)
    others = (set(layout(size + 1)) | set(layout(size - 1)) | set(layout(size + 256))) - names
    assert all(parse_name(name, size) is None for name in others)
