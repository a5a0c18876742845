"""Pages to words: their own text where it is the page's, a reading of the picture everywhere else."""

from __future__ import annotations

import io

import pytest
from pikepdf import Array, Pdf
from PIL import Image

from ingest.reading.pages import Source, page_lines
from ingest.reasons import Reason
from ingest.sandbox.document import Document
from ingest.sandbox.limits import Limits
from ingest.sandbox.sandbox import Sandbox
from tests.ingest.reading.conftest import DATA, Inspect, Read
from tests.ingest.reading.made import image_bytes, pdf_of, saved, scan_pdf, scan_pixels, text_lines

pytestmark = pytest.mark.servers

LINES = ["Department of State Archives", "Report on the harvest of rice", "Received in the capital in May"]
SCAN = scan_pixels(LINES)
STAMP = (
    b"BT /F 9 Tf 2 40 Td (Signed by: Office of the Committee) Tj "
    b"0 -12 Td (signing time: 24.01.2025 20:01:14 +07:00) Tj 0 -12 Td (office@example.vn) Tj ET"
)


def documents(name: str) -> bytes:
    return (DATA / "vi-documents" / f"{name}.pdf").read_bytes()


def test_a_text_layer_is_taken_as_it_is(read: Read) -> None:
    (page,) = read(pdf_of(text_lines(*LINES)))
    assert (page.source, page.confidence, page.text, page.width, page.height) == (Source.TEXT, None, "\n".join(LINES), 595, 842)
    first = page.words[0].box
    assert (round(first.left), 60 < first.top < 85) == (72, True)


def test_a_signature_stamp_does_not_pass_for_the_text_of_a_scan(read: Read) -> None:
    (page,) = read(scan_pdf(SCAN, stamp=STAMP))
    assert page.source is Source.OCR
    assert page.confidence is not None
    assert page.confidence > 0.7
    assert page.text.startswith(LINES[0])
    assert "signing time: 24.01.2025 20:01:14 +07:00" in page.text
    assert page_lines(page.words)[-1] == "office@example.vn"


def test_a_stamp_drawn_into_the_page_does_not_either(read: Read) -> None:
    (page,) = read(scan_pdf(SCAN, over=b"q 1 0 0 1 340 770 cm " + STAMP + b" Q"))
    assert page.source is Source.OCR
    assert LINES[1] in page.text


def test_a_scan_with_its_words_laid_under_it_is_not_read_again(read: Read) -> None:
    hidden = b"3 Tr\n" + b"".join(b"BT 3 Tr /F 11 Tf 72 %d Td (%s) Tj ET\n" % (760 - 24 * n, line.encode()) for n, line in enumerate(LINES))
    (page,) = read(scan_pdf(SCAN, over=hidden))
    assert page.source is Source.TEXT


def test_text_of_a_font_with_codes_of_its_own_is_read_from_the_picture(read: Read) -> None:
    content = pdf_of(text_lines(*LINES))
    with Pdf.open(io.BytesIO(content)) as pdf:
        letters = "".join(f"<{code:02x}> <{code + 3:04x}>\n" for code in range(33, 123))
        head = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n1 begincodespacerange <00> <ff> endcodespacerange\n"
        table = f"{head}90 beginbfchar\n{letters}endbfchar\nendcmap end end"
        pdf.pages[0].obj.Resources.Font.F.ToUnicode = pdf.make_stream(table.encode())
        content = saved(pdf)
    (page,) = read(content)
    assert page.source is Source.OCR
    assert page.text.startswith(LINES[0])


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page_is_read_upright(read: Read, turn: int) -> None:
    turned = SCAN.rotate(turn, expand=True)
    (page,) = read(scan_pdf(turned, rotate=turn))
    assert page.text.startswith(LINES[0])
    assert (page.width, page.height) == (595, 842)
    with Pdf.open(io.BytesIO(pdf_of(text_lines(*LINES)))) as pdf:
        pdf.pages[0].obj.Rotate = turn
        pdf.pages[0].obj.CropBox = Array([10, 20, 585, 822])
        (page,) = read(saved(pdf))
    box = next(word.box for word in page.words if word.text == "Department")
    corner = {90: (box.right, box.top), 180: (box.right, box.bottom), 270: (box.left, box.bottom)}[turn]
    expected = {90: (page.width - 55, 62), 180: (page.width - 62, page.height - 55), 270: (55, page.height - 62)}[turn]
    assert corner == pytest.approx(expected, abs=14)


def test_a_blank_page_is_empty_and_no_fault(read: Read) -> None:
    (page,) = read(pdf_of(b""))
    assert (page.source, page.text, page.reason) == (Source.TEXT, "", None)


def test_a_scan_of_nothing_is_empty_and_no_fault(read: Read) -> None:
    (page,) = read(scan_pdf(scan_pixels([])))
    assert (page.source, page.text, page.confidence, page.reason) == (Source.OCR, "", None, None)


def test_images_are_read_with_their_turn_and_all_their_pages(read: Read) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    turned = image_bytes(SCAN.rotate(90, expand=True), "JPEG", exif=exif)
    (page,) = read(turned)
    assert page.text.startswith(LINES[0])
    assert (page.width, page.height) == SCAN.size
    pages = read(image_bytes(SCAN, "TIFF", save_all=True, append_images=[scan_pixels(["Second page of the report"])], compression="tiff_lzw"), 1, 2)
    assert [page.number for page in pages] == [1, 2]
    assert pages[1].text == "Second page of the report"
    (page,) = read(image_bytes(SCAN.convert("RGBA"), "PNG"))
    assert page.text.startswith(LINES[0])


def test_plain_text_comes_in_pages(read: Read) -> None:
    pages = read("Kính gửi\fThứ hai".encode(), 1, 9)
    assert [(page.number, page.text, page.source) for page in pages] == [(1, "Kính gửi", Source.TEXT), (2, "Thứ hai", Source.TEXT)]


def test_a_range_is_read_and_no_more(read: Read) -> None:
    content = pdf_of(*[text_lines(f"page number {number}") for number in range(1, 6)])
    assert [page.text for page in read(content, 2, 4)] == ["page number 2", "page number 3", "page number 4"]


def test_a_page_beyond_the_limits_costs_itself_alone() -> None:
    with Pdf.open(io.BytesIO(pdf_of(*[text_lines(*LINES)] * 3))) as pdf, Pdf.open(io.BytesIO(scan_pdf(SCAN))) as scan:
        pdf.pages.insert(1, scan.pages[0])
        content = saved(pdf)
    pixels = SCAN.width * SCAN.height
    for limits, reason in ((Limits(image_pixels=pixels), None), (Limits(image_pixels=pixels - 1), Reason.LIMIT)):
        with Sandbox(limits) as sandbox, Document.of(content) as document:
            pages = list(sandbox.read_pages(document, 1, 4))
        assert [page.reason for page in pages] == [None, reason, None, None]
        assert [page.number for page in pages] == [1, 2, 3, 4]


def test_a_page_that_kills_its_child_costs_itself_alone() -> None:
    # A picture of 25 million pixels in a page, which 120 MiB cannot render, between pages that they can.
    huge = scan_pdf(Image.new("L", (5000, 5000), 255))
    with Pdf.open(io.BytesIO(pdf_of(*[text_lines(*LINES)] * 2))) as pdf, Pdf.open(io.BytesIO(huge)) as scan:
        pdf.pages.insert(1, scan.pages[0])
        content = saved(pdf)
    with Sandbox(Limits(memory=20 << 20)) as sandbox, Document.of(content) as document:
        pages = list(sandbox.read_pages(document, 1, 3))
    assert [page.text.startswith(LINES[0]) for page in pages] == [True, False, True]
    assert pages[1].reason in (Reason.OUT_OF_MEMORY, Reason.CRASHED)


@pytest.mark.parametrize(
    ("name", "number", "day"),
    [
        ("507-UBND-KGVX-2025", "Số: 507 /UBND-KGVX", "ngày 24 tháng 01 năm 2025"),
        ("542-TB-UBND-2024", "Số: 542 /TB-UBND", "ngày 06 tháng 11 năm 2024"),
    ],
)
def test_number_and_day_set_by_the_registry_stand_in_the_letterhead(read: Read, name: str, number: str, day: str) -> None:
    (page,) = read(documents(name))
    assert page.source is Source.TEXT
    first = page_lines(page.words)[:3]
    assert first[0] == "ỦY BAN NHÂN DÂN   CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
    assert first[2].startswith(number + "   ")
    assert first[2].endswith(day)


BLANK_BACKS = ("299-UBND-TTHC-2025", "574-UBND-KTTH-2025")
"""Documents whose second page is the back of a sheet, with nothing on it but a seal that shows through."""


@pytest.mark.parametrize(("name", "count"), [("574-UBND-KTTH-2025", 1), ("01-CT-UBND-2021", 1), ("08-CT-UBND-2018", 1)])
def test_real_signed_scans_are_read(inspect: Inspect, read: Read, name: str, count: int) -> None:
    content = documents(name)
    found = inspect(content, f"{name}.pdf")
    assert (found.reason, found.warnings, found.active, found.access) == (None, (), (), None)
    for page in read(content, 1, count):
        assert page.source is Source.OCR
        assert page.confidence is not None
        assert page.confidence > 0.85
        assert len(page.words) > 80
    assert any("XÃ HỘI CHỦ NGHĨA VIỆT NAM" in line and "   " in line for line in page_lines(read(content)[0].words)[:4])


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(path.stem for path in (DATA / "vi-documents").glob("*.pdf")))
def test_every_page_of_every_document_has_its_text(inspect: Inspect, read: Read, name: str) -> None:
    content = documents(name)
    pages = read(content, 1, inspect(content, f"{name}.pdf").page_count)
    assert all(page.reason is None for page in pages)
    lacking = [page.number for page in pages if len(page.text) < 100]
    assert lacking == ([2] if name in BLANK_BACKS else [])
