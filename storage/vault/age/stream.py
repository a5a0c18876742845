"""The payload of an age file: chunks of 64 KiB that cannot be changed, moved, cut off or added to, and can be read from any place."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from storage.errors import DamagedHeader, DamagedPayload
from storage.vault.age.filekey import payload_key

__all__ = ["CHUNK", "PayloadReader", "Sealer", "open_payload", "payload_size", "plain_size"]

CHUNK = 64 * 1024
NONCE_SIZE = 16
TAG_SIZE = 16
SEALED_CHUNK = CHUNK + TAG_SIZE


def payload_size(plain_size: int) -> int:
    """Bytes of the payload that seals `plain_size` bytes."""
    return NONCE_SIZE + plain_size + TAG_SIZE * (_last_chunk(plain_size) + 1)


def plain_size(payload_size: int) -> int:
    """Bytes that a payload of `payload_size` bytes seals. Raises DamagedPayload if no payload has this size."""
    chunks = -(-(payload_size - NONCE_SIZE) // SEALED_CHUNK)
    size = payload_size - NONCE_SIZE - chunks * TAG_SIZE
    if chunks < 1 or size < 0 or _last_chunk(size) + 1 != chunks:
        raise DamagedPayload(rule="a payload is a nonce and one or more chunks, the last not empty unless the whole payload is")
    return size


class Sealer:
    """Seals what is fed to it, piece by piece; holds one chunk back, because the last is marked as such.

    nonce: 16 bytes, drawn when not given; one file key with one nonce seals one payload.
    Source: age v1, "Payload".
    """

    def __init__(self, file_key: bytes, nonce: bytes | None = None) -> None:
        nonce = secrets.token_bytes(NONCE_SIZE) if nonce is None else nonce
        if len(nonce) != NONCE_SIZE:
            raise ValueError("a payload begins with a nonce of 16 bytes")
        self._cipher = ChaCha20Poly1305(payload_key(file_key, nonce))
        self._unsent = nonce
        self._index = 0
        self._held = bytearray(CHUNK)
        self._filled = 0
        self._finished = False

    def update(self, data: bytes | memoryview) -> bytes:
        """The sealed bytes that `data` (any number of bytes) completes: the nonce at first, then whole chunks, often none."""
        if self._finished:
            raise ValueError("the payload is finished")
        sealed = [self._unsent] if self._unsent else []
        self._unsent = b""
        view, at = memoryview(data), 0
        while self._filled + len(view) - at > CHUNK:
            if self._filled:
                at += self._hold(view[at:])
                sealed.append(self._seal(self._held, last=False))
                self._filled = 0
            else:
                sealed.append(self._seal(view[at : at + CHUNK], last=False))
                at += CHUNK
        self._hold(view[at:])
        return b"".join(sealed)

    def finish(self) -> bytes:
        """The last sealed bytes; the payload is whole with them, and only with them."""
        sealed = self.update(b"") + self._seal(memoryview(self._held)[: self._filled], last=True)
        self._finished = True
        self._held = bytearray()
        return sealed

    def _hold(self, view: memoryview) -> int:
        taken = min(len(view), CHUNK - self._filled)
        self._held[self._filled : self._filled + taken] = view[:taken]
        self._filled += taken
        return taken

    def _seal(self, chunk: bytearray | memoryview, *, last: bool) -> bytes:
        sealed = self._cipher.encrypt(_chunk_nonce(self._index, last=last), chunk, None)
        self._index += 1
        return sealed


class PayloadReader:
    """Reads any range of a payload that lies in a seekable file, in constant memory. Not for several threads at once.

    offset, length: where the payload lies in the file, in bytes. size: plain bytes.
    Raises DamagedPayload unless the last chunk opens as such, so that a payload that was cut or added to gives out nothing.
    Source: age v1, "Payload".
    """

    def __init__(self, file: BinaryIO, offset: int, length: int, file_key: bytes) -> None:
        self.size: Final = plain_size(length)
        self._file = file
        self._begin = offset + NONCE_SIZE
        self._last = _last_chunk(self.size)
        file.seek(offset)
        self._cipher = ChaCha20Poly1305(payload_key(file_key, _read(file, NONCE_SIZE)))
        self._tail = self._open(self._last)

    def read(self, start: int, length: int) -> Iterator[bytes]:
        """The plain bytes from `start` on, at most `length` and never beyond the end, in pieces of at most 64 KiB.

        Raises DamagedPayload at the piece that does not open; those before it are sound.
        """
        if start < 0 or length < 0:
            raise ValueError("a range begins and extends at or after 0")
        return self._pieces(start, min(start + length, self.size))

    def _pieces(self, start: int, end: int) -> Iterator[bytes]:
        while start < end:
            index, skipped = divmod(start, CHUNK)
            chunk = self._tail if index == self._last else self._open(index)
            piece = chunk[skipped : skipped + end - start]
            start += len(piece)
            yield piece

    def _open(self, index: int) -> bytes:
        self._file.seek(self._begin + index * SEALED_CHUNK)
        size = min(CHUNK, self.size - index * CHUNK)
        return _opened(self._cipher, _read(self._file, size + TAG_SIZE), index, last=index == self._last)


def open_payload(source: BinaryIO, file_key: bytes) -> Iterator[bytes]:
    """The plain bytes of a payload that begins at the source's position and ends with it, in pieces of at most 64 KiB.

    Each piece is sound when it comes, but only the end of the iteration says that the payload is whole: what was given out before an
    error is to be thrown away by whoever needs all of it.
    Raises DamagedHeader if even the nonce is missing, DamagedPayload at the first chunk that does not open.
    Source: age v1, "Payload".
    """
    nonce = _read(source, NONCE_SIZE)
    if len(nonce) < NONCE_SIZE:
        raise DamagedHeader(rule="the payload starts immediately after the header, with a 16-byte nonce")
    return _chunks(source, ChaCha20Poly1305(payload_key(file_key, nonce)))


def _chunks(source: BinaryIO, cipher: ChaCha20Poly1305) -> Iterator[bytes]:
    index, last = 0, False
    while not last:
        sealed = _read(source, SEALED_CHUNK)
        if index and len(sealed) <= TAG_SIZE:
            raise DamagedPayload(rule="the end of file was reached without a final chunk, which must not be empty")
        plain, last = _opened_in_turn(cipher, sealed, index)
        yield plain
        index += 1
    if source.read(1):
        raise DamagedPayload(rule="nothing follows the final chunk")


def _opened_in_turn(cipher: ChaCha20Poly1305, sealed: bytes, index: int) -> tuple[bytes, bool]:
    """A chunk, and whether it is the final one: a short one must be, a full one tells by the nonce under which it opens."""
    if len(sealed) == SEALED_CHUNK:
        with suppress(DamagedPayload):
            return _opened(cipher, sealed, index, last=False), False
    return _opened(cipher, sealed, index, last=True), True


def _opened(cipher: ChaCha20Poly1305, sealed: bytes, index: int, *, last: bool) -> bytes:
    try:
        return cipher.decrypt(_chunk_nonce(index, last=last), sealed, None)
    except InvalidTag:
        raise DamagedPayload(rule=f"each chunk opens under the payload key and its own counter, the final one as final (chunk {index})") from None


def _chunk_nonce(index: int, *, last: bool) -> bytes:
    """11 bytes of counter, big endian, and one that says whether this is the final chunk."""
    return (index << 8 | last).to_bytes(12, "big")


def _last_chunk(plain_size: int) -> int:
    """The number of the last chunk, counted from 0: there is one even where there is nothing to seal."""
    return max(0, (plain_size - 1) // CHUNK)


def _read(source: BinaryIO, size: int) -> bytes:
    """`size` bytes, or fewer at the end of the source: pipes and sockets give less than they are asked for."""
    data = source.read(size)
    while len(data) < size and (more := source.read(size - len(data))):
        data += more
    return data
