"""The header of an age file: the file key, wrapped once for each recipient in a stanza, under a MAC made with that same key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from storage.errors import DamagedHeader, DamagedHeaderMac, InvalidInput, KeyNotRight
from storage.vault.age.filekey import FILE_KEY_SIZE, WRAPPED_KEY_SIZE, header_key

__all__ = ["MAX_HEADER", "Header", "Identity", "Recipient", "Stanza", "encode_base64", "open_header", "read_header", "seal_header"]

MAX_HEADER = 256 * 1024
"""Bytes of header that are read at most: room for 160 post-quantum recipients, and a bound for hostile files."""

VERSION_LINE = b"age-encryption.org/v1"
COLUMNS = 64
ARGUMENT_LINE = re.compile(rb"->(?: [!-~]+)+")
MAC_LINE = re.compile(rb"--- ([A-Za-z0-9+/]{43})")


@dataclass(frozen=True, slots=True)
class Stanza:
    """One wrapping of the file key. type: the first argument; args: the others; body: decoded."""

    type: str
    args: tuple[str, ...]
    body: bytes

    def encode(self) -> bytes:
        """As it stands in the header: the argument line, then the body in lines of 64 columns of which the last is shorter."""
        body = encode_base64(self.body)
        lines = [" ".join(["->", self.type, *self.args]), *(body[at : at + COLUMNS] for at in range(0, len(body) + 1, COLUMNS))]
        return "".join(f"{line}\n" for line in lines).encode("ascii")

    def decoded(self, argument: int, size: int) -> bytes:
        """The bytes of an argument (counted after the type). Raises DamagedHeader unless it is canonical base64 of `size` bytes."""
        value = _decode_base64(self.args[argument])
        if len(value) != size:
            raise DamagedHeader(rule=f"the {self.type} stanza carries the canonical base64 encoding of a {size}-byte value")
        return value

    def wrapped_key(self, arguments: int) -> bytes:
        """The body, to be decrypted by the identity that this stanza is addressed to.

        arguments: how many there must be after the type. Raises DamagedHeader on any other number, and unless the body is exactly
        32 bytes: that is checked before decrypting, against partitioning oracles.
        Source: age v1, "Native recipient types".
        """
        if len(self.args) != arguments:
            raise DamagedHeader(rule=f"the {self.type} stanza has {arguments + 1} arguments, no more and no less")
        if len(self.body) != WRAPPED_KEY_SIZE:
            raise DamagedHeader(rule="the body length is exactly 32 bytes")
        return self.body


class Recipient(Protocol):
    """Someone a file can be sealed to."""

    def wrap(self, file_key: bytes) -> Stanza:
        """A stanza that only this recipient's identity opens."""


class Identity(Protocol):
    """What opens the stanzas of one recipient."""

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """The file key, or None if no stanza is addressed to this identity. Raises DamagedHeader on a malformed stanza of its type."""


@dataclass(frozen=True, slots=True)
class Header:
    """A whole header. mac: 32 bytes, not yet verified."""

    stanzas: tuple[Stanza, ...]
    mac: bytes

    def encode(self) -> bytes:
        """The header's bytes: exactly those that were read, since the format has one encoding of everything."""
        return _authenticated(self.stanzas) + f" {encode_base64(self.mac)}\n".encode("ascii")


def read_header(source: BinaryIO) -> Header:
    """The header at the source's position, which then stands at the first byte of the payload: nothing beyond is read.

    Raises DamagedHeader on every departure from the format, and beyond MAX_HEADER bytes.
    Source: age v1, "ABNF definition of file header".
    """
    lines = _lines(source)
    if next(lines) != VERSION_LINE:
        raise DamagedHeader(rule="the version line is age-encryption.org/v1")
    stanzas: list[Stanza] = []
    while not (line := next(lines)).startswith(b"---"):
        stanzas.append(_read_stanza(line, lines))
    mac = MAC_LINE.fullmatch(line)
    if mac is None:
        raise DamagedHeader(rule="the header ends with --- and, after a space, the base64-encoded MAC of 32 bytes")
    if not stanzas:
        raise DamagedHeader(rule="the version line is followed by one or more recipient stanzas")
    if len(stanzas) > 1 and any(stanza.type == "scrypt" for stanza in stanzas):
        raise DamagedHeader(rule="an scrypt stanza, if present, is the only stanza in the header")
    return Header(tuple(stanzas), _decode_base64(mac[1].decode("ascii")))


def seal_header(file_key: bytes, recipients: Sequence[Recipient]) -> bytes:
    """A header that gives `file_key` (16 bytes) to each of the recipients (one or more).

    Raises InvalidInput for more recipients than a header may hold.
    """
    if len(file_key) != FILE_KEY_SIZE or not recipients:
        raise ValueError("a header wraps a file key of 16 bytes for one or more recipients")
    stanzas = tuple(recipient.wrap(file_key) for recipient in recipients)
    header = Header(stanzas, _mac(file_key, stanzas)).encode()
    if len(header) > MAX_HEADER:
        raise InvalidInput(what=f"{len(recipients)} recipients are too many for one file: its header would exceed {MAX_HEADER} bytes.")
    return header


def open_header(header: Header | bytes, identities: Iterable[Identity]) -> bytes:
    """The file key (16 bytes), from the first identity that opens a stanza, after the MAC has been verified.

    header: as read, or the bytes of a header alone.
    Raises DamagedHeader on a malformed header or stanza, DamagedHeaderMac if the MAC is another, KeyNotRight if no identity opens it.
    Source: age v1, "Recipient stanza", "Header MAC".
    """
    if isinstance(header, bytes):
        header = _only_header(header)
    for identity in identities:
        file_key = identity.unwrap(header.stanzas)
        if file_key is None:
            continue
        if not hmac.compare_digest(header.mac, _mac(file_key, header.stanzas)):
            raise DamagedHeaderMac
        return file_key
    raise KeyNotRight


def encode_base64(data: bytes) -> str:
    """Standard base64 without padding. Source: age v1, "Conventions used in this document"."""
    return base64.b64encode(data).rstrip(b"=").decode("ascii")


def _decode_base64(text: str) -> bytes:
    """Raises DamagedHeader unless `text` is what encode_base64 makes."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        data = None
    if data is None or encode_base64(data) != text:
        raise DamagedHeader(rule="base64 is canonical, of the standard alphabet and without = padding")
    return data


def _lines(source: BinaryIO) -> Iterator[bytes]:
    """Line after line, without the line feed. Raises DamagedHeader at the end of the source and beyond MAX_HEADER bytes."""
    left = MAX_HEADER
    while True:
        line = source.readline(left + 1)
        left -= len(line)
        if left < 0:
            raise DamagedHeader(rule=f"a header of at most {MAX_HEADER} bytes is accepted")
        if not line.endswith(b"\n"):
            raise DamagedHeader(rule="each line of the header ends with a line feed, and the last is its MAC")
        yield line[:-1]


def _read_stanza(opening: bytes, lines: Iterator[bytes]) -> Stanza:
    if not ARGUMENT_LINE.fullmatch(opening):
        raise DamagedHeader(rule="a recipient stanza starts with -> and one or more arguments of visible characters, each after one space")
    kind, *args = opening.decode("ascii").split(" ")[1:]
    body = bytearray()
    for line in lines:
        if len(line) > COLUMNS or line.startswith(b"-"):
            raise DamagedHeader(rule="the body is wrapped at 64 columns and ends with a line shorter than 64 characters, which may be empty")
        body += _decode_base64(line.decode("latin-1"))
        if len(line) < COLUMNS:
            break
    return Stanza(kind, tuple(args), bytes(body))


def _only_header(data: bytes) -> Header:
    source = io.BytesIO(data)
    header = read_header(source)
    if source.read(1):
        raise DamagedHeader(rule="a header that stands alone ends with its MAC line")
    return header


def _authenticated(stanzas: Sequence[Stanza]) -> bytes:
    """What the MAC covers: the whole header up to and including the --- mark."""
    return b"".join([VERSION_LINE, b"\n", *(stanza.encode() for stanza in stanzas), b"---"])


def _mac(file_key: bytes, stanzas: Sequence[Stanza]) -> bytes:
    return hmac.digest(header_key(file_key), _authenticated(stanzas), hashlib.sha256)
