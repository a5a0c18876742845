"""Cursors: where a page ended, sealed for one person and one question, without nonce or time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from storage.errors import InvalidInput
from storage.ids import RecordId
from storage.index.entry import SortKey
from storage.index.question import Question

__all__ = ["CURSOR_KEY_BYTES", "open_cursor", "seal_cursor"]

CURSOR_KEY_BYTES = 64
_PLACE = struct.Struct(">Bq")
_MAX_TEXT = 400
_FOREIGN = "The cursor belongs to another search; begin again without it / Con trỏ thuộc lượt tìm khác; hãy tìm lại từ đầu"


def seal_cursor(key: bytes, person: str, question: Question, place: SortKey) -> str:
    """The cursor of the page after `place`. key: 64 bytes; person: who may use it.

    The same page of the same question gives the same cursor: two worlds that differ in what she may not read look alike.
    The place is a total order over all partitions, so that one serves for all. Source: RFC 5297 (AES-SIV), without nonce.
    """
    sealed = AESSIV(key).encrypt(_PLACE.pack(place.major, place.minor) + place.record_id.encode(), _bound_to(person, question))
    return base64.urlsafe_b64encode(sealed).decode("ascii").rstrip("=")


def open_cursor(key: bytes, person: str, question: Question, cursor: str) -> SortKey:
    """Where the page before ended. Raises InvalidInput for a cursor of another person, query, filter or order, and for what is none."""
    try:
        if len(cursor) > _MAX_TEXT:
            raise ValueError("too long for a cursor")
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        plain = AESSIV(key).decrypt(sealed, _bound_to(person, question))
    except (InvalidTag, binascii.Error, ValueError) as error:
        raise InvalidInput(what=_FOREIGN) from error
    major, minor = _PLACE.unpack_from(plain)
    return SortKey(major, minor, RecordId(plain[_PLACE.size :].decode()))


def _bound_to(person: str, question: Question) -> list[bytes]:
    """Page size, facets and snippets may change from page to page; whatever decides which hits come in which order may not."""
    asked = repr((question.query.canonical, question.sort.value, question.filters))
    return [person.encode("utf-8", "surrogatepass"), hashlib.sha256(asked.encode("utf-8", "surrogatepass")).digest()]
