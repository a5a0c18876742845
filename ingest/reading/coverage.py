"""Whether a page's own text says what the page shows, so that it need not be read as a picture.

The trap: an issued scan carries a signature stamp of 70 to 240 characters, which is text, and none of the document's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ingest.reading.pages import Box
from ingest.reading.pdfium import Picture, Placed, Raster
from ingest.reading.syllables import is_plausible, plausibility

__all__ = ["GLANCE_DPI", "is_legible", "needs_glance", "plausible_count", "text_covers"]

GLANCE_DPI: Final = 12.0
"""Resolution at which a page is looked over for ink: a line of text is about two pixels high."""
_LEGIBLE: Final = 0.6
_MINOR_PICTURES: Final = 0.15
"""Share of the page that seals, logos and signatures take at most."""
_INK: Final = 24
"""Shades of grey darker than the paper."""
_COVERED: Final = 0.5


def is_legible(words: Sequence[Placed]) -> bool:
    """Whether the words are words, and not what a font of its own coding leaves behind. Nothing to judge (numbers only) counts as legible."""
    texts = [word.text for word in words]
    return plausibility(texts) >= _LEGIBLE or not any(map(str.isalpha, "".join(texts)))


def plausible_count(texts: Sequence[str]) -> int:
    """How many of the texts are plausible words."""
    return sum(map(is_plausible, texts))


def needs_glance(pictures: Sequence[Picture], width: float, height: float) -> bool:
    """Whether pictures take so much of the page (points) that they may hold its text."""
    shown = sum(_area(_within(picture.box, width, height)) for picture in pictures)
    return shown > _MINOR_PICTURES * width * height


def text_covers(words: Sequence[Placed], glance: Raster) -> bool:
    """Whether at least half of the ink on the page lies where its words are. glance: the page without annotations, at GLANCE_DPI."""
    scale = glance.dpi / 72
    masked = bytearray(glance.width * glance.height)
    for word in words:
        left, right = max(0, int(word.box.left * scale) - 1), min(glance.width, int(word.box.right * scale) + 2)
        for y in range(max(0, int(word.box.top * scale) - 1), min(glance.height, int(word.box.bottom * scale) + 2)):
            masked[y * glance.width + left : y * glance.width + right] = b"\1" * max(0, right - left)
    shades = b"".join(glance.pixels[y * glance.stride : y * glance.stride + glance.width] for y in range(glance.height))
    ink = sorted(shades)[len(shades) // 2] - _INK
    inked = sum(shade < ink for shade in shades)
    covered = sum(shade < ink and bool(mask) for shade, mask in zip(shades, masked, strict=True))
    return covered >= _COVERED * inked


def _within(box: Box, width: float, height: float) -> Box:
    return Box(max(0.0, box.left), max(0.0, box.top), min(width, box.right), min(height, box.bottom))


def _area(box: Box) -> float:
    return max(0.0, box.right - box.left) * max(0.0, box.bottom - box.top)
