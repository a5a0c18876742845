"""A page as it looks, for a person's eyes: in bare pixels, so that nothing of the document's own making leaves the walls."""

from __future__ import annotations

import math
from typing import Final

from PIL.Image import Image

from ingest.reading.identify import media_type
from ingest.reading.images import frame_as_shown, open_image
from ingest.reading.inspecting import Opened, kind_of
from ingest.reading.pages import Kind
from ingest.reading.pdf_pages import refuse_huge_pictures
from ingest.reading.pdfium import PdfFile
from ingest.sandbox.limits import Limits

__all__ = ["picture_of"]

_DPI: Final = 120.0
"""An A4 page is 992 by 1,403 pixels: legible on a screen beside its text."""


def picture_of(document: Opened, number: int, limits: Limits) -> Image | None:
    """Page `number`, from 1, upright, on white, in RGB, of at most `limits.shown_pixels`; None where there is none: no such page, or a text.

    Raises Cannot, TooManyPixels, DamagedImage, HugeImage.
    """
    kind = kind_of(media_type(document.content), "")
    match kind:
        case Kind.PDF:
            return _pdf_page(PdfFile(document.content, None), number, limits)
        case Kind.TIFF | Kind.JPEG | Kind.PNG:
            with open_image(document.stream, kind, limits) as image:
                return frame_as_shown(image, number, limits)
        case _:
            return None


def _pdf_page(pdf: PdfFile, number: int, limits: Limits) -> Image | None:
    if not 1 <= number <= len(pdf):
        return None
    page = pdf.page(number)
    refuse_huge_pictures(page.pictures(), limits)
    return page.as_shown(min(_DPI, _fitting(page.width, page.height, limits.shown_pixels)))


def _fitting(width: float, height: float, most: int) -> float:
    """The resolution at which a page (points) has at most so many pixels. PDFium rounds either side up."""
    scale = math.sqrt(most / (width * height))
    return 72 * min(max(1, math.floor(side * scale)) / side for side in (width, height)) - 1e-6
