"""A multipart body read as it streams: the one field `file` goes piece by piece to whoever takes it, nothing touches a disk.

A framework's own form parser would spool the document, unsealed, into a temporary file.
"""

from __future__ import annotations

from collections.abc import Callable

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from storage.errors import InvalidInput

__all__ = ["FileField"]

_MOST_HEADER = 16 << 10
_MOST_PARTS = 20


class FileField:
    """Finds the field `file` in a multipart body. begin: called with its file name (bytes) before the first byte; take: with each piece.

    Raises InvalidInput for a body that is not multipart, that has no such field, two of them, or headers beyond a bound.
    Source: RFC 7578.
    """

    def __init__(self, content_type: str, begin: Callable[[bytes], None], take: Callable[[bytes], None]) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise InvalidInput(what="The document is sent as multipart/form-data, in the field `file`.")
        self._begin, self._take = begin, take
        self._name, self._value = b"", b""
        self._headers: dict[bytes, bytes] = {}
        self._read, self._parts, self._is_file, self._found, self._ended = 0, 0, False, False, False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_part_data": self._data,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_ends,
                "on_headers_finished": self._headers_end,
                "on_end": self._all_ended,
            },
        )

    def feed(self, piece: bytes) -> None:
        """The next bytes of the body."""
        try:
            self._parser.write(piece)
        except MultipartParseError:
            raise InvalidInput(what="The body is not well-formed multipart/form-data.") from None

    def finish(self) -> None:
        """The body has ended."""
        if not self._ended:
            raise InvalidInput(what="The body ended before its closing boundary. Send the document again, whole.")
        if not self._found:
            raise InvalidInput(what="The body has no field `file` with a file name.")

    def _part_begins(self) -> None:
        self._parts += 1
        self._headers, self._name, self._value, self._read, self._is_file = {}, b"", b"", 0, False
        if self._parts > _MOST_PARTS:
            raise InvalidInput(what=f"A body has at most {_MOST_PARTS} fields.")

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += self._counted(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += self._counted(data[start:end])

    def _header_ends(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        if options.get(b"name") != b"file":
            return
        if self._found:
            raise InvalidInput(what="One document a request: send the second one in a request of its own.")
        self._is_file = self._found = True
        self._begin(options.get(b"filename", b""))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._take(data[start:end])

    def _all_ended(self) -> None:
        self._ended = True

    def _counted(self, piece: bytes) -> bytes:
        self._read += len(piece)
        if self._read > _MOST_HEADER:
            raise InvalidInput(what="The headers of a field are too long.")
        return piece
