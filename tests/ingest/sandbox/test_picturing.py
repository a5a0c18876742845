"""Pages as they look: pixels that come out of the walls, and nothing that is not one."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from PIL import Image, ImageDraw

from ingest.reasons import Reason
from ingest.sandbox.document import Document
from ingest.sandbox.limits import Limits
from ingest.sandbox.sandbox import Picture, ReadingFailed, Sandbox
from tests.ingest.reading.made import image_bytes, pdf_of, scan_pdf

pytestmark = pytest.mark.servers

RED, GREEN, WHITE = (255, 0, 0), (0, 255, 0), (255, 255, 255)
STAMP = b"1 0 0 rg 0 0 200 60 re f"
"""A red stamp over the whole of an annotation."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Limits(shown_pixels=1_500_000)) as started:
        yield started


def shown(sandbox: Sandbox, content: bytes, number: int = 1) -> Image.Image | None:
    with Document.of(content) as document:
        picture = sandbox.picture(document, number)
    return None if picture is None else Image.frombytes("RGB", (picture.width, picture.height), picture.pixels)


def cornered(width: int, height: int) -> Image.Image:
    """White, red in the upper left quarter."""
    image = Image.new("RGB", (width, height), WHITE)
    ImageDraw.Draw(image).rectangle((0, 0, width // 2, height // 2), fill=RED)
    return image


def test_a_page_of_a_pdf_comes_in_its_colours_with_what_is_stamped_on_it(sandbox: Sandbox) -> None:
    page = shown(sandbox, pdf_of(b"0 1 0 rg 0 0 300 842 re f"))
    assert page is not None
    assert (page.size, page.getpixel((100, 700)), page.getpixel((900, 700))) == ((992, 1404), GREEN, WHITE)
    stamped = shown(sandbox, scan_pdf(Image.new("L", (100, 140), 255), stamp=STAMP))
    assert stamped is not None
    assert stamped.getpixel((round(440 * 120 / 72), round((842 - 800) * 120 / 72))) == RED


def test_a_page_comes_upright(sandbox: Sandbox) -> None:
    turned = shown(sandbox, scan_pdf(Image.new("L", (100, 140), 255), rotate=90))
    assert turned is not None
    assert turned.size == (992, 1404)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    photo = shown(sandbox, image_bytes(cornered(400, 200), "JPEG", exif=exif, quality=100))
    assert photo is not None
    assert photo.size == (200, 400)
    red, white = photo.getpixel((150, 50)), photo.getpixel((50, 50))
    assert isinstance(red, tuple) and isinstance(white, tuple)
    assert red[0] > 200 > 60 > red[1] and min(white) > 200


def test_what_is_transparent_is_paper_and_what_is_large_is_made_smaller(sandbox: Sandbox) -> None:
    layer = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    assert (clear := shown(sandbox, image_bytes(layer, "PNG"))) is not None and clear.getpixel((10, 10)) == WHITE
    large = shown(sandbox, image_bytes(cornered(3000, 2000), "PNG"))
    assert large is not None
    assert (large.size, large.getpixel((100, 100))) == ((1500, 1000), RED)
    wide = shown(sandbox, scan_pdf(Image.new("L", (100, 140), 255)).replace(b"595 842", b"5950 842", 1))
    assert wide is not None and wide.width * wide.height <= 1_500_000


def test_each_frame_is_a_page_and_behind_the_last_there_is_none(sandbox: Sandbox) -> None:
    target = io.BytesIO()
    Image.new("RGB", (40, 60), RED).save(target, "TIFF", save_all=True, append_images=[Image.new("RGB", (40, 60), GREEN)])
    pages = [shown(sandbox, target.getvalue(), number) for number in (0, 1, 2, 3)]
    assert [page and page.getpixel((5, 5)) for page in pages] == [None, RED, GREEN, None]
    assert shown(sandbox, pdf_of(b""), 2) is None
    assert shown(sandbox, "Kính gửi".encode()) is None


@pytest.mark.parametrize("content", [b"%PDF-1.4\n1 0 obj", image_bytes(cornered(64, 64), "PNG")[:-30]])
def test_what_cannot_be_shown_says_why(sandbox: Sandbox, content: bytes) -> None:
    with pytest.raises(ReadingFailed) as failed:
        shown(sandbox, content)
    assert failed.value.reason is Reason.DAMAGED


def test_an_image_that_is_too_large_is_not_even_decoded() -> None:
    with Sandbox(Limits(image_pixels=5000)) as small:
        for content in (image_bytes(cornered(80, 80), "PNG"), scan_pdf(Image.new("L", (80, 80), 255))):
            with pytest.raises(ReadingFailed) as failed:
                shown(small, content)
            assert failed.value.reason is Reason.LIMIT


def answering(*headers: object) -> Document:
    return Document.of(json.dumps(headers).encode())


def test_pixels_as_they_should_be_are_taken(liar: Sandbox) -> None:
    with answering({"pixels": True, "bytes": 12}, {"pixels": True, "bytes": 6}, {"width": 3, "height": 2}) as document:
        assert liar.picture(document, 1) == Picture(3, 2, bytes(18))


@pytest.mark.parametrize(("width", "height"), [(3, 3), (0, 6), (-3, -2), (3, None), ("3", 2), (3.0, 2), (None, None)])
def test_a_size_that_is_not_the_pixels_own_is_a_crash(liar: Sandbox, width: object, height: object) -> None:
    with answering({"pixels": True, "bytes": 18}, {"width": width, "height": height}) as document, pytest.raises(ReadingFailed) as failed:
        liar.picture(document, 1)
    assert failed.value.reason is Reason.CRASHED


def test_pixels_without_end_are_not_taken(liar: Sandbox) -> None:
    with answering(*[{"pixels": True, "bytes": 1 << 20}] * 12) as document, pytest.raises(ReadingFailed) as failed:
        liar.picture(document, 1)
    assert failed.value.reason is Reason.CRASHED
    with answering({"pixels": True, "bytes": 18}) as document:
        assert liar.picture(document, 1) is None
