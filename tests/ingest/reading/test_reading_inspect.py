"""What a document is, and whether it is taken."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from ingest.reading.pages import Inspection, Kind
from ingest.reasons import Reason
from ingest.sandbox.document import Document
from ingest.sandbox.limits import Limits
from ingest.sandbox.sandbox import Sandbox
from tests.ingest.reading.conftest import DATA, Inspect, Read
from tests.ingest.reading.made import image_bytes, pdf_of, saved, scan_pixels, text_lines

pytestmark = pytest.mark.servers

TEXT = "Kính gửi: Sở Tài chính\n".encode()
PAGE = text_lines("Van kho luu tru tai lieu")
SCAN = scan_pixels(["Xin chao"], 72)


def data(name: str) -> bytes:
    return (DATA / "pdf" / f"{name}.pdf").read_bytes()


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (pdf_of(PAGE), "a.pdf", Kind.PDF),
        (image_bytes(SCAN, "TIFF"), "a.TIF", Kind.TIFF),
        (image_bytes(SCAN, "JPEG"), "a.jpeg", Kind.JPEG),
        (image_bytes(SCAN, "PNG"), "a.png", Kind.PNG),
        (TEXT, "a.txt", Kind.TEXT),
        (b"\xef\xbb\xbf" + TEXT, "a.txt", Kind.TEXT),
        ("Kính gửi".encode("utf-16"), "a.txt", Kind.TEXT),
        (b"#!/bin/sh\necho a letter that quotes a script\n", "a.txt", Kind.TEXT),
    ],
)
def test_types_are_told_by_content(inspect: Inspect, content: bytes, name: str, kind: Kind) -> None:
    found = inspect(content, name)
    assert (found.kind, found.reason, found.warnings, found.page_count, found.access) == (kind, None, (), 1, None)


@pytest.mark.parametrize("content", [b"PK\x03\x04" + bytes(100), bytes(range(256)) * 8, b"<!DOCTYPE html><html><body>x</body></html>"])
def test_other_types_are_unknown(inspect: Inspect, content: bytes) -> None:
    found = inspect(content, "a.bin")
    assert (found.kind, found.reason) == (None, Reason.UNKNOWN_TYPE)


@pytest.mark.parametrize(("content", "name"), [(TEXT, "text.pdf"), (pdf_of(PAGE), "a.tif"), (image_bytes(SCAN, "PNG"), "a.pdf")])
def test_a_wrong_extension_is_a_warning(inspect: Inspect, content: bytes, name: str) -> None:
    found = inspect(content, name)
    assert (found.reason, found.warnings) == (None, (Reason.TYPE_MISMATCH,))


def test_an_empty_file_is_refused(inspect: Inspect) -> None:
    assert inspect(b"", "a.pdf").reason is Reason.EMPTY


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a", "b")
    return target.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pdf_of(PAGE) + zipped(),
        pdf_of(PAGE) + b"\n" + b"x" * 1025,
        b"GIF89a" + bytes(20) + pdf_of(PAGE),
        image_bytes(SCAN, "PNG") + zipped(),
        image_bytes(SCAN, "PNG") + b"x" * 1025,
        image_bytes(SCAN, "JPEG") + b"x" * 1025,
        image_bytes(SCAN, "JPEG", comment=b"%PDF-1.4"),
        TEXT + zipped(),
    ],
    ids=["pdf+zip", "pdf+data", "gif+pdf", "png+zip", "png+data", "jpeg+data", "jpeg in pdf", "text+zip"],
)
def test_two_documents_in_one_are_a_polyglot(inspect: Inspect, content: bytes) -> None:
    assert inspect(content, "a.txt").reason in (Reason.POLYGLOT, Reason.UNKNOWN_TYPE)
    assert inspect(content, "a.txt").page_count == 0


@pytest.mark.parametrize("content", [pdf_of(PAGE) + b"\n" + b"x" * 1000, image_bytes(SCAN, "PNG") + b"x" * 1000, b"\r\n\r\n" + pdf_of(PAGE)])
def test_a_little_dirt_is_tolerated(inspect: Inspect, content: bytes) -> None:
    assert inspect(content, "").reason is None


@pytest.mark.parametrize(
    ("name", "active"),
    [
        ("format-corpus__javascript", {"JS", "OpenAction"}),
        ("sample-files__with-attachment", {"EmbeddedFile", "EmbeddedFiles"}),
        ("format-corpus__externalLink", {"Launch"}),
        ("tika__testPDF_jsActionOnPage", {"AA"}),
        ("tika__testPDF_XFA_govdocs1_258578", {"XFA", "JavaScript"}),
    ],
)
def test_active_content_is_listed_and_left_out_of_the_copy(inspect: Inspect, name: str, active: set[str]) -> None:
    original = data(name)
    found = inspect(original, name)
    assert found.reason is None
    assert active <= set(found.active)
    assert found.access is not None
    again = inspect(found.access, name)
    assert (again.reason, again.active, again.page_count, again.warnings, again.access) == (None, (), found.page_count, (), None)
    with pikepdf.open(io.BytesIO(found.access)) as copy:
        assert len(copy.pages) == found.page_count


def action(kind: str) -> Dictionary:
    return Dictionary(S=Name("/" + kind))


@pytest.mark.parametrize(
    ("kind", "named"),
    [("Launch", "Launch"), ("GoToR", "GoToR"), ("SubmitForm", "SubmitForm"), ("JavaScript", "JavaScript"), ("ImportData", "ImportData")],
)
def test_actions_are_found_wherever_they_hang(inspect: Inspect, kind: str, named: str) -> None:
    with Pdf.open(io.BytesIO(pdf_of(PAGE))) as pdf:
        link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=Dictionary(S=Name.URI, URI="https://vi.dụ"))
        link.A.Next = Array([action(kind)])
        pdf.pages[0].obj.Annots = Array([pdf.make_indirect(link)])
        content = saved(pdf)
    found = inspect(content, "a.pdf")
    assert found.active == (named,)
    assert found.access is not None
    assert kind.encode() not in found.access


def test_a_rich_annotation_and_an_external_stream_go(inspect: Inspect) -> None:
    with Pdf.open(io.BytesIO(pdf_of(PAGE))) as pdf:
        pdf.pages[0].obj.Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=Array([0, 0, 9, 9]))])
        outside = Stream(pdf, b"")
        outside.F = "//server/share/x"
        pdf.pages[0].obj.PieceInfo = pdf.make_indirect(outside)
        content = saved(pdf)
    found = inspect(content, "a.pdf")
    assert found.active == ("ExternalStream", "RichMedia")
    assert found.access is not None
    assert b"server" not in found.access


def test_a_page_to_open_at_is_not_active(inspect: Inspect) -> None:
    content = pdf_of(PAGE, OpenAction=Dictionary(S=Name.GoTo, D=Array([0, Name.Fit])))
    assert inspect(content, "a.pdf").active == ()


def test_a_locked_document_needs_its_password(inspect: Inspect, read: Read) -> None:
    locked = data("pdfminersix__aes-256-m")
    assert inspect(locked, "a.pdf").reason is Reason.NEEDS_PASSWORD
    assert inspect(locked, "a.pdf", "wrong").reason is Reason.NEEDS_PASSWORD
    opened = inspect(locked, "a.pdf", "foo")
    assert opened.reason is None
    assert opened.access is not None
    assert inspect(opened.access, "a.pdf").reason is None
    assert read(opened.access)[0].text == read(locked, password="foo")[0].text != ""


def test_a_document_that_only_its_owner_may_change_is_open_to_read(inspect: Inspect) -> None:
    assert inspect(data("pypdf__r6-user-password"), "a.pdf").reason is None


def test_a_faulty_structure_is_repaired(inspect: Inspect, read: Read) -> None:
    found = inspect(data("format-corpus__corruptionOneByteMissing"), "a.pdf")
    assert (found.reason, found.warnings) == (None, (Reason.REPAIRED,))
    assert found.access is not None
    assert "This is a test document" in read(found.access)[0].text


SCANNED = (DATA / "vi-documents" / "07-CT-UBND-2018.pdf").read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        data("format-corpus__T02-02_002_page-tree-kids-links-recursive"),
        data("format-corpus__T02-01_001_document-catalog-No-document-catalog"),
        data("ocrmypdf__invalid"),
        data("pikepdf__newline-buffer-test"),
        b"%PDF-1.7\n",
        image_bytes(SCAN, "JPEG")[:700],
        image_bytes(SCAN, "PNG")[:-200],
        image_bytes(SCAN, "TIFF")[: SCAN.width * 400],
        image_bytes(SCAN, "TIFF", save_all=True, append_images=[SCAN])[:-4000],
        image_bytes(SCAN, "PNG")[:20],
    ],
    ids=["recursive", "no catalog", "invalid", "no pages", "header only", "jpeg", "png", "tiff", "tiff of two", "png header"],
)
def test_what_is_beyond_repair_is_damaged(inspect: Inspect, content: bytes) -> None:
    found = inspect(content, "a")
    assert found.reason in (Reason.DAMAGED, Reason.UNKNOWN_TYPE)
    assert found.access is None


def test_half_a_document_is_never_taken_for_a_whole_one(inspect: Inspect) -> None:
    found = inspect(SCANNED[: len(SCANNED) // 2], "half.pdf")
    assert found.reason is Reason.DAMAGED or Reason.REPAIRED in found.warnings


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_an_image_of_too_many_pixels_is_refused_by_its_header(inspect: Inspect) -> None:
    assert inspect(png_header(70_000, 70_000), "a.png").reason is Reason.LIMIT
    assert inspect(png_header(10_000, 10_001), "a.png").reason is Reason.LIMIT
    assert inspect(png_header(10_000, 10_000), "a.png").reason is Reason.DAMAGED  # within the limit, so looked into


def bomb(size: int) -> bytes:
    """A page whose content is `size` bytes of blanks, Flate twice over."""
    press = zlib.compressobj(1)
    once = b"".join(press.compress(b" " * (1 << 20)) for _ in range(size >> 20)) + press.flush()
    with Pdf.open(io.BytesIO(pdf_of(b""))) as pdf:
        stream = Stream(pdf, zlib.compress(once, 9))
        stream.Filter = Array([Name.FlateDecode, Name.FlateDecode])
        pdf.pages[0].obj.Contents = pdf.make_indirect(stream)
        target = io.BytesIO()
        pdf.save(target, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
        return target.getvalue()


def test_a_short_text_comes_with_its_pages_and_a_long_one_is_read_later(inspect: Inspect, read: Read) -> None:
    content = "Điều 1\f\fĐiều 3".encode()
    assert inspect(content, "a.txt").pages == tuple(read(content, 1, 3))
    most = Limits().short_text
    assert len(inspect(b"a\f" * (most - 1), "a.txt").pages) == most
    assert inspect(b"a\f" * most, "a.txt") == Inspection(Kind.TEXT, "text/plain", most + 1, None, (), (), None)
    assert inspect(pdf_of(PAGE), "a.pdf").pages == ()


def test_a_bomb_in_a_page_is_refused(inspect: Inspect) -> None:
    content = bomb(256 << 20)
    assert len(content) < 100_000
    assert inspect(content, "a.pdf").reason is Reason.LIMIT
    assert inspect(bomb(Limits().stream - (2 << 20)), "a.pdf").reason is None


def test_a_bomb_met_while_reading_costs_its_page() -> None:
    with Sandbox(Limits(memory=200 << 20)) as small, Document.of(bomb(256 << 20)) as document:
        (page,) = small.read_pages(document, 1, 1)
    assert page.reason in (Reason.OUT_OF_MEMORY, Reason.CRASHED)  # PDFium ends itself without a word
    assert page.text == ""


def test_counted_limits_hold_at_the_number() -> None:
    with Sandbox(Limits(pages=3, document=100_000)) as small:
        for content, over in ((pdf_of(*[PAGE] * 3), pdf_of(*[PAGE] * 4)), (b"a\f" * 2 + b"b", b"a\f" * 3 + b"b"), (_tiff(3), _tiff(4))):
            with Document.of(content) as at, Document.of(over) as above:
                assert small.inspect(at, "").page_count == 3
                assert small.inspect(above, "").reason is Reason.TOO_MANY_PAGES
        with Document.of(b"a" * 100_000) as at, Document.of(b"a" * 100_001) as above:
            assert small.inspect(at, "a.txt").reason is None
            assert small.inspect(above, "a.txt").reason is Reason.TOO_LARGE


def _tiff(frames: int) -> bytes:
    page = scan_pixels([], 10)
    return image_bytes(page, "TIFF", save_all=True, append_images=[page] * (frames - 1))
