"""Words to a page, and plain text to pages."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from ingest.reading.pages import PageText, Source, Word

__all__ = ["NotText", "assemble", "decode", "pages_of_text"]

_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CONTROLS: Final = dict.fromkeys((*range(9), 11, *range(14, 32), *range(127, 160)))


class NotText(ValueError):
    """The bytes are not text in UTF-8, or in UTF-16 with a byte order mark."""


def assemble(number: int, words: Sequence[Word], source: Source, width: float, height: float) -> PageText:
    """The page of these words in their order. Its confidence is the mean over the characters that were read from a picture."""
    lines: list[list[str]] = []
    for word in words:
        if word.first or not lines:
            lines.append([])
        lines[-1].append(word.text)
    read = [word for word in words if not word.stamped] if source is Source.OCR else []
    weight = sum(len(word.text) for word in read)
    confidence = sum(len(word.text) * word.confidence for word in read) / weight if weight else None
    return PageText(number, "\n".join(map(" ".join, lines)), tuple(words), source, confidence, width, height)


def decode(content: bytes) -> str:
    """The text (NFC, line ends as \\n, no control characters). Raises NotText."""
    mark, encoding = next(((mark, name) for mark, name in _MARKS if content.startswith(mark)), (b"", "utf-8"))
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise NotText from error
    if "\0" in text:
        raise NotText
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS))


def pages_of_text(text: str, most: int) -> Iterator[str]:
    """The text in pages: at form feeds, and after at most `most` characters, at a line's end if there is one."""
    for part in text.split("\f"):
        start = 0
        while len(part) - start > most:
            line_end = part.rfind("\n", start + 1, start + most)
            end = line_end + 1 if line_end > 0 else start + most
            yield part[start:end]
            start = end
        yield part[start:]
