"""A file that is still being written is never taken for a whole one where its format says how it ends."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import pikepdf
import pytest
from PIL import Image

from ingest.hot_folder.wholeness import Wholeness, wholeness

CUTS = 60


def _pdf(*, linearize: bool) -> bytes:
    with pikepdf.new() as pdf:
        for _ in range(5):
            pdf.add_blank_page()
            pdf.pages[-1].Contents = pdf.make_stream(bytes(range(256)) * 8)
        out = io.BytesIO()
        pdf.save(out, linearize=linearize, compress_streams=False)
    return out.getvalue()


def _image(form: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.frombytes("RGB", (40, 40), bytes(n * 7 % 251 for n in range(4800))).save(out, form, **options)
    return out.getvalue()


def _pages(**options: object) -> bytes:
    more = [Image.new("L", (30, 30), shade) for shade in (10, 200)]
    return _image("TIFF", save_all=True, append_images=more, **options)


def _strips_behind_the_directory(order: str) -> bytes:
    """A TIFF as some scanners write it: the directory first, then the strips, and the writer's name last."""
    entries = [(256, 3, 1, 8), (257, 3, 1, 16), (273, 4, 2, 0), (278, 3, 1, 8), (279, 4, 2, 0), (305, 2, 12, 0)]
    after = 8 + 2 + 12 * len(entries) + 4
    values = {273: after, 279: after + 8, 305: after + 144}
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8) + struct.pack(order + "H", len(entries))
    for tag, kind, count, value in entries:
        packed = struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", values[tag])
        head += struct.pack(order + "HHI", tag, kind, count) + packed
    return head + struct.pack(order + "I", 0) + struct.pack(order + "4I", after + 16, after + 80, 64, 64) + bytes(range(1, 129)) + b"A scanner 12"


FILES: dict[str, Callable[[], bytes]] = {
    "PDF": lambda: _pdf(linearize=False),
    "PDF, linearized": lambda: _pdf(linearize=True),
    "TIFF": lambda: _image("TIFF"),
    "TIFF, compressed pages": lambda: _pages(compression="tiff_lzw"),
    "TIFF, pages": _pages,
    "BigTIFF": lambda: _image("TIFF", big_tiff=True),
    "TIFF, strips last": lambda: _strips_behind_the_directory("<"),
    "TIFF, strips last, other order": lambda: _strips_behind_the_directory(">"),
    "JPEG": lambda: _image("JPEG"),
    "PNG": lambda: _image("PNG"),
}


def _judged(content: bytes, name: str = "scan") -> Wholeness:
    return wholeness(name, len(content), lambda offset, size: content[offset : offset + size])


@pytest.mark.parametrize("kind", FILES)
def test_a_whole_file_is_whole_whatever_it_is_called(kind: str) -> None:
    content = FILES[kind]()
    assert _judged(content) is _judged(content, "scan.pdf") is Wholeness.WHOLE


@pytest.mark.parametrize("kind", FILES)
def test_no_part_of_a_file_is_whole(kind: str) -> None:
    content = FILES[kind]()
    last = len(content.rstrip(b"\0\r\n")) - 2  # not within padding, or the line's end behind a marker
    cuts = {10 + (last - 10) * n // CUTS for n in range(CUTS)} | {last - n for n in range(8)}
    assert {_judged(content[:cut], "scan.pdf") for cut in cuts} == {Wholeness.UNFINISHED}


@pytest.mark.parametrize("kind", ["PDF", "PDF, linearized", "JPEG", "PNG"])
def test_room_made_before_it_is_filled_is_not_whole(kind: str) -> None:
    content = FILES[kind]()
    for done in (0, len(content) // 2, len(content) - 100):
        assert _judged(content[:done] + bytes(len(content) - done), "scan.pdf") is Wholeness.UNFINISHED


def test_an_empty_file_is_one_that_is_still_to_be_written() -> None:
    assert _judged(b"", "a.txt") is Wholeness.UNFINISHED


def test_of_a_file_without_an_end_of_its_own_nothing_is_known() -> None:
    assert _judged("Số: 12/TB-UBND".encode(), "a.txt") is Wholeness.UNKNOWN


def test_a_chain_of_directories_that_never_ends_is_not_whole() -> None:
    content = bytearray(_strips_behind_the_directory("<"))
    content[82:86] = (8).to_bytes(4, "little")
    assert _judged(bytes(content)) is Wholeness.UNFINISHED


def test_padding_behind_a_jpeg_is_no_reason_to_wait() -> None:
    assert _judged(_image("JPEG") + bytes(16)) is Wholeness.WHOLE
