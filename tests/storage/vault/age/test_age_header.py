"""Headers: one encoding of everything, bounded, and nothing read beyond them."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import DamagedHeader, DamagedHeaderMac, InvalidInput, KeyNotRight
from storage.vault.age import MAX_HEADER, HybridIdentity, Stanza, new_file_key, open_header, read_header, seal_header

FILE_KEY = new_file_key()
OFFICE, RECOVERY, STRANGER = (HybridIdentity.generate() for _ in range(3))
SEALED = seal_header(FILE_KEY, [OFFICE.recipient(), RECOVERY.recipient()])


@pytest.mark.parametrize("identity", [OFFICE, RECOVERY])
def test_each_recipient_gets_the_file_key(identity: HybridIdentity) -> None:
    assert open_header(SEALED, [identity]) == FILE_KEY


def test_identities_are_tried_in_turn() -> None:
    assert open_header(SEALED, [STRANGER, RECOVERY]) == FILE_KEY


def test_a_stranger_gets_nothing() -> None:
    with pytest.raises(KeyNotRight):
        open_header(SEALED, [STRANGER])


def test_a_rewrapped_header_gives_the_same_key_to_the_new_holder_only() -> None:
    rewrapped = seal_header(open_header(SEALED, [OFFICE]), [STRANGER.recipient(), RECOVERY.recipient()])

    assert open_header(rewrapped, [STRANGER]) == open_header(rewrapped, [RECOVERY]) == FILE_KEY
    with pytest.raises(KeyNotRight):
        open_header(rewrapped, [OFFICE])


def test_only_post_quantum_stanzas_are_written() -> None:
    assert [stanza.type for stanza in read_header(io.BytesIO(SEALED)).stanzas] == ["mlkem768x25519"] * 2


def test_the_payload_begins_where_reading_stopped() -> None:
    source = io.BytesIO(SEALED + b"payload")

    read_header(source)

    assert source.read() == b"payload"


def test_a_header_file_with_anything_after_it_is_refused() -> None:
    with pytest.raises(DamagedHeader, match="stands alone"):
        open_header(SEALED + b"\n", [OFFICE])


def test_stanzas_taken_from_two_headers_are_refused() -> None:
    other = read_header(io.BytesIO(seal_header(new_file_key(), [STRANGER.recipient()])))
    header = read_header(io.BytesIO(SEALED))
    joined = type(header)((*header.stanzas, *other.stanzas), header.mac)

    for identity in (OFFICE, STRANGER):
        with pytest.raises(DamagedHeaderMac):
            open_header(joined, [identity])


def test_a_header_is_read_up_to_the_bound_and_refused_one_byte_beyond() -> None:
    start, end = b"age-encryption.org/v1\n-> ", b"\n\n--- " + b"A" * 43 + b"\n"
    longest = b"x" * (MAX_HEADER - len(start) - len(end))

    assert read_header(io.BytesIO(start + longest + end)).stanzas == (Stanza(longest.decode(), (), b""),)
    with pytest.raises(DamagedHeader, match="at most"):
        read_header(io.BytesIO(start + longest + b"x" + end))


def test_an_endless_line_is_refused_without_being_read_to_its_end() -> None:
    source = io.BytesIO(b"age-encryption.org/v1\n" + b"x" * MAX_HEADER * 2)

    with pytest.raises(DamagedHeader, match="at most"):
        read_header(source)
    assert source.tell() == MAX_HEADER + 1


def test_no_header_is_written_that_would_not_be_read() -> None:
    recipient = OFFICE.recipient()
    most = (MAX_HEADER - len(b"age-encryption.org/v1\n--- \n") - 43) // len(recipient.wrap(FILE_KEY).encode())

    assert open_header(seal_header(FILE_KEY, [recipient] * most), [OFFICE]) == FILE_KEY
    with pytest.raises(InvalidInput, match="too many"):
        seal_header(FILE_KEY, [recipient] * (most + 1))


@pytest.mark.parametrize("file_key, recipients", [(bytes(15), 1), (bytes(17), 1), (bytes(16), 0)])
def test_no_header_is_written_for_another_key_length_or_for_nobody(file_key: bytes, recipients: int) -> None:
    with pytest.raises(ValueError, match="16 bytes for one or more"):
        seal_header(file_key, [OFFICE.recipient()] * recipients)


def test_a_header_without_stanza_is_refused() -> None:
    with pytest.raises(DamagedHeader, match="one or more recipient stanzas"):
        read_header(io.BytesIO(b"age-encryption.org/v1\n--- " + b"A" * 43 + b"\n"))


VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)


@settings(deadline=None)
@given(st.builds(Stanza, VISIBLE, st.lists(VISIBLE).map(tuple), st.binary(max_size=200)))
def test_every_stanza_reads_back_as_it_was_written(stanza: Stanza) -> None:
    header = b"age-encryption.org/v1\n" + stanza.encode() + b"--- " + b"A" * 43 + b"\n"

    assert read_header(io.BytesIO(header)).stanzas == (stanza,)


EDITS: list[Callable[[bytes, int, bytes], bytes]] = [
    lambda header, at, new: header[:at] + new + header[at + len(new) :],
    lambda header, at, new: header[:at] + new + header[at:],
    lambda header, at, new: header[:at] + header[at + len(new) :],
    lambda header, at, new: header[:at],
]


MARKS = st.sampled_from([b"\n", b"=", b" ", b"\r\n", b"--- ", b"-> "])


@settings(deadline=None)
@given(st.sampled_from(EDITS), st.integers(0, len(SEALED) - 1), st.binary(max_size=4) | MARKS)
def test_an_edited_header_is_refused_or_is_the_same(edit: Callable[[bytes, int, bytes], bytes], at: int, new: bytes) -> None:
    edited = edit(SEALED, at, new)

    if edited == SEALED:
        assert open_header(edited, [OFFICE]) == FILE_KEY
    else:
        with pytest.raises((DamagedHeader, KeyNotRight)):
            open_header(edited, [OFFICE])


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_header_or_refused_as_damaged(data: bytes) -> None:
    source = io.BytesIO(b"age-encryption.org/v1\n-> " + data + b"\n--- " + b"A" * 43 + b"\n")
    try:
        header = read_header(source)
    except DamagedHeader:
        return
    assert header.encode() == source.getvalue()[: source.tell()]
