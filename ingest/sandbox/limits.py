"""What one document may cost: the limits of reading, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MIB", "Limits"]

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds. Time and memory count for one step (inspect) or one page, never for the whole document.

    seconds: of computing; patience: so many times as long may pass on the clock, since on a busy machine a page waits for others.
    memory: address space of a child beyond what it was born with and the document itself.
    image_pixels: of one image, on its own or in a page. read_pixels, shown_pixels: of one rendering, to be read or to be looked at; larger
    pages are rendered at a lower resolution.
    stream: of what one filter of a PDF's page content gives; filters, nesting, container: of one stream, object, array.
    dead_pages: so many pages in a row that killed their child, and the rest is given up.
    With no limit of stream, 2,357 bytes of PDF (Flate twice over) took 2 GiB and ten seconds; with 64 MiB, 91 MiB and a quarter of one.
    """

    document: int = 512 * MIB
    pages: int = 5_000
    image_pixels: int = 100_000_000
    seconds: float = 30.0
    patience: float = 4.0
    memory: int = 1024 * MIB
    read_pixels: int = 40_000_000
    shown_pixels: int = 4_000_000
    stream: int = 64 * MIB
    filters: int = 5
    nesting: int = 499
    container: int = 1_000_000
    warnings: int = 100
    dead_pages: int = 5
    text: int = 4_000_000
    """Characters of one page."""
    words: int = 200_000
    """Words of one page."""
    page_of_text: int = 50_000
    """Characters of a plain text that make a page."""
    short_text: int = 16
    """Pages of a plain text that is read by the child that inspects it: another one would cost more than the reading."""
