"""Documents made for tests: pages with what a test needs on them, and no more."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence

from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image, ImageDraw, ImageFont

LINE = b"BT /F 14 Tf 72 %d Td (%s) Tj ET\n"


def pdf_of(*contents: bytes, **root: object) -> bytes:
    """A PDF with a page for each content, Helvetica as /F."""
    with Pdf.new() as pdf:
        for content in contents:
            page = pdf.add_blank_page(page_size=(595, 842))
            page.obj.Resources = Dictionary(Font=Dictionary(F=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)))
            page.obj.Contents = pdf.make_stream(content)
        for key, value in root.items():
            pdf.Root[Name("/" + key)] = value
        return saved(pdf)


def saved(pdf: Pdf) -> bytes:
    target = io.BytesIO()
    pdf.save(target)
    return target.getvalue()


def text_lines(*lines: str) -> bytes:
    """Page content of lines of text from the top."""
    return b"".join(LINE % (760 - 20 * number, line.encode("ascii")) for number, line in enumerate(lines))


def scan_pixels(lines: Sequence[str], dpi: int = 150) -> Image.Image:
    """A picture of an A4 page with these lines on it."""
    image = Image.new("L", (round(8.27 * dpi), round(11.69 * dpi)), 255)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=dpi // 6)
    for number, line in enumerate(lines):
        draw.text((dpi, dpi * (1 + number / 3)), line, font=font, fill=0)
    return image


def image_bytes(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def scan_pdf(image: Image.Image, over: bytes = b"", stamp: bytes = b"", rotate: int = 0) -> bytes:
    """A PDF of one page that is a scan; over: content on top of it, stamp: content of an annotation at the top right."""
    with Pdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(595, 842) if rotate in (0, 180) else (842, 595))
        width, height = (595, 842) if rotate in (0, 180) else (842, 595)
        picture = Stream(pdf, zlib.compress(image.tobytes()))
        picture.update(Dictionary(Type=Name.XObject, Subtype=Name.Image, Width=image.width, Height=image.height, BitsPerComponent=8))
        picture.ColorSpace, picture.Filter = Name.DeviceGray, Name.FlateDecode
        font = Dictionary(F=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
        page.obj.Resources = Dictionary(XObject=Dictionary(I=picture), Font=font)
        page.obj.Contents = pdf.make_stream(b"q %d 0 0 %d 0 0 cm /I Do Q\n" % (width, height) + over)
        page.obj.Rotate = rotate
        if stamp:
            form = Stream(pdf, stamp)
            form.update(Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 200, 60]), Resources=Dictionary(Font=font)))
            widget = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, F=132, Rect=Array([340, 770, 540, 830]), AP=Dictionary(N=form))
            page.obj.Annots = Array([pdf.make_indirect(widget)])
            pdf.Root.AcroForm = Dictionary(Fields=page.obj.Annots)
        return saved(pdf)
