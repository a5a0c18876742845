"""Scans that come as images: TIFF of many pages, JPEG with its turning mark, PNG."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO, Final

from PIL import Image, ImageFile, ImageOps

from ingest.reading.digits import DigitReader
from ingest.reading.pages import Kind, PageText, Source, Word
from ingest.reading.rereading import Grey, reread
from ingest.reading.tesseract import Reader
from ingest.reading.text import assemble
from ingest.sandbox.limits import Limits

__all__ = ["DamagedImage", "HugeImage", "count_frames", "frame_as_shown", "open_image", "read_frame", "warm"]

_FORMATS: Final = {Kind.TIFF: ("TIFF",), Kind.JPEG: ("JPEG", "MPO"), Kind.PNG: ("PNG",)}
_A4_INCHES: Final = 8.27
_LEAST_DPI, _MOST_DPI = 70.0, 1200.0


class DamagedImage(Exception):
    """The image is cut off or broken."""


class HugeImage(Exception):
    """More pixels than `Limits.image_pixels`; nothing of them was decoded."""


@contextmanager
def open_image(stream: BinaryIO, kind: Kind, limits: Limits) -> Iterator[Image.Image]:
    """The image, of which the header alone is read. Raises DamagedImage, HugeImage."""
    Image.MAX_IMAGE_PIXELS = None  # `limits` are held instead, before anything is decoded
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    with _faults_named():
        image = Image.open(stream, formats=_FORMATS[kind])
    with image:
        _refuse_huge(image, limits)
        yield image


def count_frames(image: Image.Image, limits: Limits) -> int:
    """The number of pages, at most `limits.pages` + 1. The first and the last are decoded, so that one cut off is noticed.

    Raises DamagedImage, HugeImage.
    """
    frames = 1
    with _faults_named():
        image.load()
        while image.format == "TIFF" and frames <= limits.pages and _seek(image, frames):
            frames += 1
        if frames > 1:
            image.seek(frames - 1)
            _refuse_huge(image, limits)
            image.load()
    return frames


def read_frame(image: Image.Image, number: int, reader: Reader, digits: DigitReader, limits: Limits) -> PageText:
    """Page `number`, from 1, upright as its EXIF mark says, read; of the first its header twice. Raises DamagedImage, HugeImage."""
    with _faults_named():
        image.seek(number - 1)
        _refuse_huge(image, limits)
        image.draft("L", image.size)
        image.load()
        grey = ImageOps.exif_transpose(_flatten(image, "L"))
    width, height = grey.size
    shrink = math.ceil((width * height / limits.read_pixels) ** 0.5)
    if shrink > 1:
        grey = grey.reduce(shrink)
    factor = max(1, shrink)
    pixels = grey.tobytes()
    read = reader.read(pixels, grey.width, grey.height, grey.width, _dpi(image, width, height) / factor)
    words = [Word(word.text, word.box.scaled(factor), word.confidence, word.first) for word in read]
    again = reread(read, Grey(pixels, grey.width, grey.height, grey.width), digits) if number == 1 else ()
    rereads = tuple(replace(place, box=place.box.scaled(factor)) for place in again)
    return replace(assemble(number, words, Source.OCR, width, height), rereads=rereads)


def frame_as_shown(image: Image.Image, number: int, limits: Limits) -> Image.Image | None:
    """Page `number`, from 1, upright, on white, in RGB, of at most `limits.shown_pixels`; None where the file ends before it.

    Raises DamagedImage, HugeImage.
    """
    with _faults_named():
        if number < 1 or not _seek(image, number - 1):
            return None
        _refuse_huge(image, limits)
        image.load()
        shown = ImageOps.exif_transpose(_flatten(image, "RGB"))
    shrink = math.ceil((shown.width * shown.height / limits.shown_pixels) ** 0.5)
    return shown.reduce(shrink) if shrink > 1 else shown


def warm() -> None:
    """Load all of Pillow's decoders: inside the walls none can be imported any more."""
    Image.init()


@contextmanager
def _faults_named() -> Iterator[None]:
    try:
        yield
    except (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, AttributeError, struct.error) as error:
        raise DamagedImage from error  # what Pillow's decoders raise over broken files is not one class


def _dpi(image: Image.Image, width: int, height: int) -> float:
    """As the file says, if that can be; otherwise as if the page were A4."""
    said = float(image.info.get("dpi", (0.0, 0.0))[0])
    return said if _LEAST_DPI <= said <= _MOST_DPI else max(_LEAST_DPI, min(width, height) / _A4_INCHES)


def _refuse_huge(image: Image.Image, limits: Limits) -> None:
    if image.width * image.height > limits.image_pixels:
        raise HugeImage


def _seek(image: Image.Image, frame: int) -> bool:
    try:
        image.seek(frame)
    except EOFError:
        return False
    return True


def _flatten(image: Image.Image, mode: str) -> Image.Image:
    """In shades of grey (`L`) or in colours (`RGB`); what is transparent becomes paper."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert(mode)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert(mode)
    return image.convert(mode)
