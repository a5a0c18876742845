"""Payloads: whole or refused, streamed or read from any place, whatever the sizes."""

from __future__ import annotations

import io
import os
import secrets
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import DamagedHeader, DamagedPayload, KeyNotRight
from storage.vault.age import (
    CHUNK,
    HybridIdentity,
    PayloadReader,
    Sealer,
    new_file_key,
    open_file,
    open_header,
    open_payload,
    payload_size,
    plain_size,
    read_header,
    seal,
)

SIZES = [0, 1, 15, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17]
SEALED_CHUNK = CHUNK + 16
FILE_KEY = new_file_key()
PLAIN = os.urandom(3 * CHUNK + 17)


def _payload(plain: bytes) -> bytes:
    sealer = Sealer(FILE_KEY)
    return sealer.update(plain) + sealer.finish()


def _reader(payload: bytes) -> PayloadReader:
    return PayloadReader(io.BytesIO(payload), 0, len(payload), FILE_KEY)


WHOLE = _payload(PLAIN)
FULL = _payload(PLAIN[: 3 * CHUNK])


class Dripping(io.RawIOBase):
    """A source that gives at most `most` bytes at once, as pipes and sockets do."""

    def __init__(self, data: bytes, most: int) -> None:
        self._data = io.BytesIO(data)
        self._most = most

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(self._most if size < 0 else min(size, self._most))


class Zeros(io.RawIOBase):
    """A source of `length` zero bytes that take no room."""

    def __init__(self, length: int) -> None:
        self._left = length

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        given = self._left if size < 0 else min(size, self._left)
        self._left -= given
        return bytes(given)


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_comes_out_streamed_and_by_ranges(size: int) -> None:
    payload = _payload(PLAIN[:size])

    assert b"".join(open_payload(io.BytesIO(payload), FILE_KEY)) == PLAIN[:size]
    assert b"".join(_reader(payload).read(0, size)) == PLAIN[:size]
    assert _reader(payload).size == size


@pytest.mark.parametrize("size", SIZES)
def test_sizes_are_known_before_and_after_sealing(size: int) -> None:
    assert payload_size(size) == len(_payload(PLAIN[:size]))
    assert plain_size(payload_size(size)) == size


@settings(deadline=None)
@given(st.integers(0, 1 << 50))
def test_the_two_sizes_are_each_others_inverse(size: int) -> None:
    assert plain_size(payload_size(size)) == size


@pytest.mark.parametrize("size", [-1, 0, 16, 31, 16 + SEALED_CHUNK + 1, 16 + SEALED_CHUNK + 16, 16 + 2 * SEALED_CHUNK + 3])
def test_a_size_that_no_payload_has_is_refused(size: int) -> None:
    with pytest.raises(DamagedPayload):
        plain_size(size)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2 * CHUNK + 2), max_size=6))
def test_the_payload_does_not_depend_on_the_pieces_it_was_fed(pieces: list[int]) -> None:
    nonce, plain, at = bytes(16), PLAIN[: sum(pieces)], 0
    whole, fed, sealed = Sealer(FILE_KEY, nonce), Sealer(FILE_KEY, nonce), b""
    for size in pieces:
        sealed += fed.update(memoryview(plain)[at : at + size])
        at += size

    assert sealed + fed.finish() == whole.update(plain) + whole.finish()


def test_a_buffer_may_be_used_again_once_it_was_fed() -> None:
    buffer, sealer = bytearray(b"a" * 1000), Sealer(FILE_KEY)
    sealed = sealer.update(memoryview(buffer))
    buffer[:] = b"b" * 1000

    assert b"".join(open_payload(io.BytesIO(sealed + sealer.finish()), FILE_KEY)) == b"a" * 1000


def test_a_finished_payload_takes_no_more() -> None:
    sealer = Sealer(FILE_KEY)
    sealer.finish()

    with pytest.raises(ValueError, match="finished"):
        sealer.update(b"more")
    with pytest.raises(ValueError, match="finished"):
        sealer.finish()


@pytest.mark.parametrize("length", [0, 15, 17])
def test_a_nonce_has_16_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Sealer(FILE_KEY, bytes(length))


@settings(deadline=None)
@given(st.sampled_from(SIZES), st.integers(0, 4 * CHUNK), st.integers(0, 4 * CHUNK))
def test_reading_a_range_is_slicing(size: int, start: int, length: int) -> None:
    plain = PLAIN[:size]

    assert b"".join(_reader(_payload(plain)).read(start, length)) == plain[start : start + length]


@pytest.mark.parametrize("start, length", [(-1, 1), (0, -1)])
def test_a_range_before_the_beginning_is_refused_at_once(start: int, length: int) -> None:
    with pytest.raises(ValueError, match="range"):
        _reader(WHOLE).read(start, length)


def test_a_payload_is_read_where_it_lies_in_a_larger_file() -> None:
    reader = PayloadReader(io.BytesIO(b"header" + WHOLE + b"more"), len(b"header"), len(WHOLE), FILE_KEY)

    assert b"".join(reader.read(CHUNK - 1, 2)) == PLAIN[CHUNK - 1 : CHUNK + 1]


def test_two_ranges_can_be_read_by_turns() -> None:
    reader = _reader(WHOLE)

    by_turns = list(zip(reader.read(0, 2 * CHUNK), reader.read(CHUNK, 2 * CHUNK), strict=True))

    assert b"".join(first for first, _ in by_turns) == PLAIN[: 2 * CHUNK]
    assert b"".join(second for _, second in by_turns) == PLAIN[CHUNK : 3 * CHUNK]


def _chunks(payload: bytes) -> tuple[bytes, list[bytes]]:
    return payload[:16], [payload[at : at + SEALED_CHUNK] for at in range(16, len(payload), SEALED_CHUNK)]


def _damaged() -> Iterator[tuple[str, bytes]]:
    for name, payload in (("whole", WHOLE), ("full", FULL)):
        nonce, chunks = _chunks(payload)
        yield f"{name}: two chunks swapped", b"".join([nonce, chunks[1], chunks[0], *chunks[2:]])
        yield f"{name}: the last chunk moved to the front", b"".join([nonce, chunks[-1], *chunks[:-1]])
        yield f"{name}: a chunk twice", b"".join([nonce, chunks[0], *chunks])
        yield f"{name}: the first chunk gone", b"".join([nonce, *chunks[1:]])
        yield f"{name}: the last chunk gone", b"".join([nonce, *chunks[:-1]])
        yield f"{name}: the last chunk twice", b"".join([nonce, *chunks, chunks[-1]])
        yield f"{name}: one byte more", payload + b"\0"
        yield f"{name}: one byte less", payload[:-1]
        yield f"{name}: the last chunk of another payload", b"".join([nonce, *chunks[:-1], _chunks(_payload(PLAIN[: len(PLAIN) - 1]))[1][-1]])
        yield f"{name}: the nonce of another payload", b"".join([bytes(16), *chunks])


@pytest.mark.parametrize("payload", [pytest.param(payload, id=name) for name, payload in _damaged()])
def test_cut_moved_repeated_and_appended_chunks_are_refused(payload: bytes) -> None:
    released = b""
    with pytest.raises(DamagedPayload):
        for piece in open_payload(io.BytesIO(payload), FILE_KEY):
            released += piece
    assert PLAIN.startswith(released)

    with pytest.raises(DamagedPayload):
        list(_reader(payload).read(0, len(PLAIN)))


@pytest.mark.parametrize("lost", [1, 16, 17, 33, SEALED_CHUNK, SEALED_CHUNK + 33, len(WHOLE) - 32, len(WHOLE) - 15, len(WHOLE)])
def test_a_cut_payload_gives_out_nothing_to_a_reader_of_ranges(lost: int) -> None:
    with pytest.raises(DamagedPayload):
        _reader(WHOLE[: len(WHOLE) - lost])


def test_a_file_shorter_than_its_row_says_gives_out_nothing() -> None:
    for kept in (0, 15, 16, len(WHOLE) - SEALED_CHUNK, len(WHOLE) - 1):
        with pytest.raises(DamagedPayload):
            PayloadReader(io.BytesIO(WHOLE[:kept]), 0, len(WHOLE), FILE_KEY)


@pytest.mark.parametrize("kept", [0, 1, 15])
def test_a_stream_cut_in_its_nonce_counts_as_a_damaged_header(kept: int) -> None:
    with pytest.raises(DamagedHeader, match="nonce"):
        open_payload(io.BytesIO(WHOLE[:kept]), FILE_KEY)


def test_another_file_key_opens_nothing() -> None:
    other = new_file_key()
    with pytest.raises(DamagedPayload):
        list(open_payload(io.BytesIO(WHOLE), other))
    with pytest.raises(DamagedPayload):
        PayloadReader(io.BytesIO(WHOLE), 0, len(WHOLE), other)


@pytest.mark.parametrize("most", [1 << 10, CHUNK, SEALED_CHUNK + 1])
def test_a_source_that_gives_little_at_once_is_read_whole(most: int) -> None:
    source = cast(BinaryIO, Dripping(WHOLE, most))

    assert b"".join(open_payload(source, FILE_KEY)) == PLAIN


@pytest.mark.parametrize("size", SIZES)
def test_a_whole_file_survives_being_sealed_and_opened(size: int) -> None:
    identity, target = HybridIdentity.generate(), io.BytesIO()

    seal(cast(BinaryIO, Dripping(PLAIN[:size], 40_000)), target, [identity.recipient()])

    target.seek(0)
    assert b"".join(open_file(target, [identity])) == PLAIN[:size]


def test_long_files_are_sealed_and_opened_in_constant_memory(tmp_path: Path) -> None:
    identity, path, length = HybridIdentity.generate(), tmp_path / "long.age", 32 << 20

    tracemalloc.start()
    try:
        with path.open("wb") as target:
            seal(cast(BinaryIO, Zeros(length)), target, [identity.recipient()])
        with path.open("rb") as source:
            assert sum(len(piece) for piece in open_file(source, [identity])) == length
        with path.open("rb") as source:
            file_key = open_header(read_header(source), [identity])
            reader = PayloadReader(source, source.tell(), payload_size(length), file_key)
            assert sum(len(piece) for piece in reader.read(0, length)) == length
        assert tracemalloc.get_traced_memory()[1] < 16 * CHUNK
    finally:
        tracemalloc.stop()


def test_a_wrong_key_is_told_before_anything_is_read_of_the_payload() -> None:
    target = io.BytesIO()
    seal(io.BytesIO(PLAIN), target, [HybridIdentity.generate().recipient()])
    target.seek(0)

    with pytest.raises(KeyNotRight):
        open_file(target, [HybridIdentity.generate()])


IDENTITY = HybridIdentity(secrets.token_bytes(32))


def _sealed_file() -> bytes:
    target = io.BytesIO()
    seal(io.BytesIO(PLAIN[: CHUNK + 100]), target, [HybridIdentity.generate().recipient(), IDENTITY.recipient()])
    return target.getvalue()


FILE = _sealed_file()
HEADER_LENGTH = len(read_header(io.BytesIO(FILE)).encode())
FLIPS = st.tuples(st.integers(0, HEADER_LENGTH + 16) | st.integers(HEADER_LENGTH, len(FILE) - 1), st.integers(1, 255))


@settings(deadline=None)
@given(FLIPS)
def test_a_flipped_byte_never_gives_wrong_bytes(flip: tuple[int, int]) -> None:
    _refused_after_true_bytes(*flip)


@pytest.mark.long
@settings(max_examples=10_000, deadline=None)
@given(FLIPS)
def test_ten_thousand_flipped_bytes_never_give_wrong_bytes(flip: tuple[int, int]) -> None:
    _refused_after_true_bytes(*flip)


def _refused_after_true_bytes(place: int, mask: int) -> None:
    flipped = bytearray(FILE)
    flipped[place] ^= mask
    released = b""
    with pytest.raises((DamagedHeader, DamagedPayload, KeyNotRight)):
        for piece in open_file(io.BytesIO(flipped), [IDENTITY]):
            released += piece
    assert PLAIN.startswith(released)
