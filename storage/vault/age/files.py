"""Whole age files: sealed from one stream to another, and opened again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from storage.vault.age.filekey import new_file_key
from storage.vault.age.header import Identity, Recipient, open_header, read_header, seal_header
from storage.vault.age.stream import CHUNK, Sealer, open_payload

__all__ = ["open_file", "seal"]


def seal(source: BinaryIO, target: BinaryIO, recipients: Sequence[Recipient]) -> None:
    """Write `source` to `target` as an age file that each of the recipients can open, in constant memory.

    Raises InvalidInput for more recipients than a header may hold, before anything is written.
    """
    file_key = new_file_key()
    target.write(seal_header(file_key, recipients))
    sealer = Sealer(file_key)
    while piece := source.read(CHUNK):
        target.write(sealer.update(piece))
    target.write(sealer.finish())


def open_file(source: BinaryIO, identities: Iterable[Identity]) -> Iterator[bytes]:
    """The plain bytes of an age file, in pieces of at most 64 KiB and in constant memory.

    The header is read and verified at the call, the payload as it is iterated: only the end of the iteration says that it is whole.
    Raises DamagedHeader, DamagedHeaderMac, KeyNotRight at the call, DamagedPayload while iterating.
    """
    return open_payload(source, open_header(read_header(source), identities))
