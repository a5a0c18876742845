"""PDFium, typed: words with their places, images, and renderings of a PDF's pages. It is not safe for threads."""

from __future__ import annotations

import ctypes
import math
import mmap
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import pypdfium2
from PIL.Image import Image
from pypdfium2 import raw

from ingest.reading.pages import Box

__all__ = ["Cannot", "PdfFile", "PdfPage", "Picture", "Placed", "Raster"]

_WRONG_PASSWORD: Final = 4  # FPDF_ERR_PASSWORD
_SOFT_HYPHEN: Final = 2  # what PDFium gives for a hyphen at the end of a line
_FARTHEST: Final = 100_000.0  # points
_FORM_DEPTH: Final = 4
_MOST_OBJECTS: Final = 20_000


class Cannot(ValueError):
    """PDFium cannot open the document or a page of it. needs_password: whether that is why."""

    def __init__(self, needs_password: bool = False) -> None:
        super().__init__("password" if needs_password else "damaged")
        self.needs_password = needs_password


@dataclass(frozen=True, slots=True)
class Placed:
    """A word of the text layer (NFC) and its place in points; first: whether it begins a line."""

    text: str
    box: Box
    first: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """An image on a page: its place in points, its own size in pixels."""

    box: Box
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Raster:
    """A rendering in shades of grey, a byte a pixel. stride: bytes from one line to the next. dpi: pixels an inch."""

    pixels: bytes
    width: int
    height: int
    stride: int
    dpi: float


class PdfFile:
    """An open PDF. content: its bytes, mapped privately; they must stay as long as this."""

    def __init__(self, content: mmap.mmap, password: str | None) -> None:
        """Raises Cannot."""
        self._content = (ctypes.c_char * len(content)).from_buffer(content)
        self._password = password
        self._document = _open(self._content, password)
        self._flattened: pypdfium2.PdfDocument | None = None

    def __len__(self) -> int:
        return len(self._document)

    def page(self, number: int) -> PdfPage:
        """Page `number`, from 1. Raises Cannot."""
        return PdfPage(_load(self._document, number), lambda: self._flat(number))

    def _flat(self, number: int) -> pypdfium2.PdfPage:
        """The page with its annotations made part of its content, in a second document, since that cannot be undone."""
        if self._flattened is None:
            self._flattened = _open(self._content, self._password)
        page = _load(self._flattened, number)
        raw.FPDFPage_Flatten(page.raw, raw.FLAT_NORMALDISPLAY)
        page.close()
        return _load(self._flattened, number)


class PdfPage:
    """A page, upright as its /Rotate says; all places are in points from its top left corner."""

    def __init__(self, page: pypdfium2.PdfPage, flat: Callable[[], pypdfium2.PdfPage]) -> None:
        self._page, self._flat = page, flat
        width, height = page.get_size()
        self.width, self.height = float(width), float(height)

    def words(self) -> list[Placed]:
        """The words of the text layer in the order of the page's content, invisible ones included, annotations not."""
        return list(_words(self._page))

    def stamped_words(self, own: list[Placed]) -> list[Placed]:
        """The words of annotations laid over the page: signature stamps, number and day set by a registry. own: `words`."""
        if raw.FPDFPage_GetAnnotCount(self._page.raw) < 1:
            return []
        flat = self._flat()
        known = {_key(word) for word in own}
        stamped = [word for word in _words(flat) if _key(word) not in known]
        flat.close()
        return stamped

    def hide_annotations(self, stamped: list[Placed]) -> None:
        """Take from later renderings the annotations whose words are known: `stamped`. Those that are pictures stay."""
        upright = _to_upright(self._page)
        for index in reversed(range(raw.FPDFPage_GetAnnotCount(self._page.raw))):
            annotation = raw.FPDFPage_GetAnnot(self._page.raw, index)
            area = raw.FS_RECTF()
            found = annotation and raw.FPDFAnnot_GetRect(annotation, area)
            if annotation:
                raw.FPDFPage_CloseAnnot(annotation)
            if found and any(_holds(upright(area.left, area.bottom, area.right, area.top), word.box) for word in stamped):
                raw.FPDFPage_RemoveAnnot(self._page.raw, index)

    def pictures(self) -> list[Picture]:
        """The images of the page's content."""
        upright = _to_upright(self._page)
        pictures = []
        for item in islice(self._page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=_FORM_DEPTH), _MOST_OBJECTS):
            width, height = item.get_px_size()
            pictures.append(Picture(upright(*_bounds(item)), int(width), int(height)))
        return pictures

    def is_blank(self) -> bool:
        """Whether nothing at all is on the page, annotations counted."""
        return bool(raw.FPDFPage_CountObjects(self._page.raw) < 1 and raw.FPDFPage_GetAnnotCount(self._page.raw) < 1)

    def render(self, dpi: float) -> Raster:
        """The page as it is shown, on white."""
        bitmap = self._page.render(scale=dpi / 72, grayscale=True)
        return Raster(bytes(bitmap.buffer), bitmap.width, bitmap.height, bitmap.stride, dpi)

    def as_shown(self, dpi: float) -> Image:
        """The page as it is shown, on white, in RGB; with what is laid over it, for PDFium by itself leaves out the stamps of signatures."""
        page = self._flat() if raw.FPDFPage_GetAnnotCount(self._page.raw) > 0 else self._page
        shown: Image = page.render(scale=dpi / 72, rev_byteorder=True).to_pil()
        return shown.convert("RGB")


def _open(content: ctypes.Array[ctypes.c_char], password: str | None) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(content, password=password)
    except pypdfium2.PdfiumError as error:
        raise Cannot(error.err_code == _WRONG_PASSWORD) from error


def _load(document: pypdfium2.PdfDocument, number: int) -> pypdfium2.PdfPage:
    try:
        return document[number - 1]
    except pypdfium2.PdfiumError as error:
        raise Cannot from error


def _bounds(item: pypdfium2.PdfObject) -> tuple[float, float, float, float]:
    """Left, bottom, right, top in the page's own space; an image inside a form is placed by the form's matrix as well."""
    corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]
    while item is not None:
        matrix = item.get_matrix()
        corners = [matrix.on_point(x, y) for x, y in corners]
        item = item.container
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _to_upright(page: pypdfium2.PdfPage) -> Callable[[float, float, float, float], Box]:
    """From the page's own space (left, bottom, right, top; y up) to the page as shown. Source: ISO 32000-1, 7.7.3.3, /Rotate."""
    x0, y0, x1, y1 = page.get_bbox()
    turns = page.get_rotation()

    def upright(left: float, bottom: float, right: float, top: float) -> Box:
        match turns:
            case 90:
                return Box(bottom - y0, left - x0, top - y0, right - x0)
            case 180:
                return Box(x1 - right, bottom - y0, x1 - left, top - y0)
            case 270:
                return Box(y1 - top, x1 - right, y1 - bottom, x1 - left)
            case _:
                return Box(left - x0, y1 - top, right - x0, y1 - bottom)

    return upright


def _words(page: pypdfium2.PdfPage) -> Iterator[Placed]:
    text = page.get_textpage()
    upright = _to_upright(page)
    area = raw.FS_RECTF()
    letters: list[str] = []
    bounds: list[tuple[float, float, float, float]] = []
    first = True
    for index in range(text.count_chars()):
        letter = _letter(raw.FPDFText_GetUnicode(text.raw, index))
        if not letter.isspace():
            raw.FPDFText_GetLooseCharBox(text.raw, index, area)
            letters.append(letter)
            bounds.append((area.left, area.bottom, area.right, area.top))
            continue
        if letters:
            yield _placed(letters, bounds, upright, first)
            letters, bounds, first = [], [], False
        first = first or letter == "\n"
    if letters:
        yield _placed(letters, bounds, upright, first)
    text.close()


def _letter(code: int) -> str:
    """The character, a space for what is none. PDFium writes its hyphens at line ends as U+0002."""
    if code == _SOFT_HYPHEN:
        return "-"
    return "\ufffd" if 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code) if code >= 32 or code == 10 else " "


def _placed(letters: list[str], bounds: list[tuple[float, float, float, float]], upright: Callable[..., Box], first: bool) -> Placed:
    lefts, bottoms, rights, tops = zip(*(map(_finite, sides) for sides in bounds), strict=True)
    return Placed(unicodedata.normalize("NFC", "".join(letters)), upright(min(lefts), min(bottoms), max(rights), max(tops)), first)


def _finite(side: float) -> float:
    """A damaged font gives places beyond all paper, or none."""
    return max(-_FARTHEST, min(_FARTHEST, side)) if math.isfinite(side) else 0.0


def _key(word: Placed) -> tuple[str, int, int]:
    return word.text, round(word.box.left), round(word.box.top)


def _holds(outer: Box, inner: Box) -> bool:
    x, y = (inner.left + inner.right) / 2, (inner.top + inner.bottom) / 2
    return outer.left <= x <= outer.right and outer.top <= y <= outer.bottom
