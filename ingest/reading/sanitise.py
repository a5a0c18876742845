"""A PDF opened, repaired if need be, and freed of what acts by itself; the original is never changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from ingest.reasons import Reason
from ingest.sandbox.limits import Limits

__all__ = ["Refused", "Sanitised", "open_pdf", "sanitise", "set_limits", "write_copy"]

_ACTIVE_ACTIONS: Final = {
    "/JavaScript": "JavaScript", "/Launch": "Launch", "/GoToR": "GoToR", "/GoToE": "GoToE", "/SubmitForm": "SubmitForm", "/ImportData": "ImportData",
    "/Rendition": "Rendition", "/Movie": "Movie", "/Sound": "Sound", "/RichMediaExecute": "RichMedia", "/GoTo3DView": "3D",
}
_ACTIVE_KEYS: Final = {
    "/AA": "AA", "/JS": "JS", "/JavaScript": "JavaScript", "/EmbeddedFiles": "EmbeddedFiles", "/EF": "EmbeddedFile", "/XFA": "XFA",
    "/RichMediaContent": "RichMedia", "/RichMediaSettings": "RichMedia", "/3DD": "3D",
}
_ACTIVE_ANNOTATIONS: Final = {"/RichMedia": "RichMedia", "/FileAttachment": "EmbeddedFile", "/Movie": "Movie", "/Screen": "Rendition", "/3D": "3D"}
_EXTERNAL_STREAM: Final = ("/F", "/FFilter", "/FDecodeParms")
_EXTERNAL: Final = "ExternalStream"
_HARMLESS_ON_OPENING: Final = {"/GoTo", "/Named"}


class Refused(Exception):
    """The PDF is not taken. reason: NEEDS_PASSWORD, DAMAGED, TOO_MANY_PAGES, LIMIT or OUT_OF_MEMORY."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Sanitised:
    """active: what was found and removed, in alphabetical order. is_repaired: whether qpdf had to mend the file's structure."""

    page_count: int
    active: tuple[str, ...]
    is_repaired: bool


def set_limits(limits: Limits) -> None:
    """Bound what qpdf allocates, for this whole process: its own defaults for decoding are none at all."""
    pikepdf.settings.set_qpdf_limits(
        flate_max_memory=limits.stream,
        png_max_memory=limits.stream,
        tiff_max_memory=limits.stream,
        run_length_max_memory=limits.stream,
        dct_max_memory=limits.stream,
        max_stream_filters=limits.filters,
        parser_max_nesting=limits.nesting,
        parser_max_container_size=limits.container,
        doc_max_warnings=limits.warnings,
    )


def open_pdf(stream: BinaryIO, password: str | None) -> Pdf:
    """The PDF, opened with `password`, or the empty one. Raises Refused."""
    try:
        return Pdf.open(stream, password=password or "", suppress_warnings=True)
    except pikepdf.PasswordError as error:
        raise Refused(Reason.NEEDS_PASSWORD) from error
    except pikepdf.PdfError as error:
        raise Refused(_reason_of(error)) from error


def sanitise(pdf: Pdf, limits: Limits) -> Sanitised:
    """Remove from `pdf` all that acts by itself or reaches out of it, and see that its pages keep within the limits.

    A destination to open at is no action, and a link to a web address acts only when it is clicked: both stay.
    Raises Refused. Source of the names: ISO 32000-1, 12.6.4 (actions), 7.11.4 (embedded files), 7.3.8.2 (external streams).
    """
    try:
        page_count = len(pdf.pages)
        if page_count > limits.pages:
            raise Refused(Reason.TOO_MANY_PAGES)
        for page in pdf.pages:
            _refuse_bomb(page)
        found = set(_defuse(pdf))
        return Sanitised(page_count, tuple(sorted(found)), bool(pdf.get_warnings()))
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, RuntimeError) as error:
        # A page tree that is none, or loops, comes out of pikepdf as any of these.
        raise Refused(_reason_of(error)) from error


def write_copy(pdf: Pdf, target: BinaryIO) -> None:
    """Write the PDF as it is now: no stream decoded, no password. Raises Refused."""
    try:
        pdf.save(
            target,
            compress_streams=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            object_stream_mode=pikepdf.ObjectStreamMode.preserve,
            encryption=False,
            fix_metadata_version=False,  # would parse XML: nothing that an access copy needs
            preserve_pdfa=False,
        )
    except (pikepdf.PdfError, ValueError, RuntimeError) as error:
        raise Refused(_reason_of(error)) from error


def _refuse_bomb(page: pikepdf.Page) -> None:
    """Decode the page's content once within qpdf's limits: PDFium, which reads it later, has none of its own below a gibibyte."""
    contents = page.obj.get(Name.Contents)
    for stream in contents if isinstance(contents, Array) else [contents]:
        if isinstance(stream, Stream):
            try:
                stream.read_bytes()
            except (pikepdf.PdfError, RuntimeError) as error:
                if _reason_of(error) is not Reason.DAMAGED:
                    raise


def _reason_of(error: Exception) -> Reason:
    said = str(error)
    if "bad_alloc" in said:
        return Reason.OUT_OF_MEMORY
    return Reason.LIMIT if "limit" in said or "too many" in said or "too large" in said else Reason.DAMAGED


def _defuse(pdf: Pdf) -> Iterator[str]:
    root = pdf.Root
    opening = root.get(Name.OpenAction)
    if isinstance(opening, Dictionary) and str(opening.get(Name.S)) not in _HARMLESS_ON_OPENING:
        del root[Name.OpenAction]
        yield "OpenAction"
    for item in pdf.objects:
        yield from _defuse_object(item)


def _defuse_object(item: Object) -> Iterator[str]:
    """This object and what lies in it directly; what it refers to has its own turn."""
    waiting = [item]
    while waiting:
        current = waiting.pop()
        if isinstance(current, Array):
            yield from _drop_items(current)
            waiting += [value for value in current if isinstance(value, Array | Dictionary) and not value.is_indirect]
        elif isinstance(current, Dictionary | Stream):
            yield from _defuse_entries(current)
            waiting += [value for _, value in current.items() if isinstance(value, Array | Dictionary) and not value.is_indirect]


def _defuse_entries(item: Object) -> Iterator[str]:
    if isinstance(item, Stream) and "/F" in item:
        for key in _EXTERNAL_STREAM:
            if key in item:
                del item[key]
        yield _EXTERNAL
    for key in list(item.keys()):
        value = item[key]
        if name := _ACTIVE_KEYS.get(key) or _active_action(value):
            del item[key]
            yield name


def _drop_items(items: Array) -> Iterator[str]:
    """Annotations of a page, and the actions that follow one (/Next)."""
    for index in reversed(range(len(items))):
        value = items[index]
        if isinstance(value, Dictionary) and (name := _ACTIVE_ANNOTATIONS.get(str(value.get(Name.Subtype))) or _active_action(value)):
            del items[index]
            yield name


def _active_action(value: Object) -> str | None:
    return _ACTIVE_ACTIONS.get(str(value.get(Name.S))) if isinstance(value, Dictionary) else None


def write_example(target: BinaryIO) -> None:
    """A PDF of one page with a line of text, a script and a cipher: what the zygote tries its libraries on before it forks.

    The cipher has qpdf open its source of random bytes, which it could not do any more inside the walls.
    """
    with Pdf.new() as pdf:
        page = pdf.add_blank_page()
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        page.obj.Resources = Dictionary(Font=Dictionary(F=font))
        page.obj.Contents = pdf.make_stream(b"BT /F 24 Tf 72 720 Td (Van kho) Tj ET")
        pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS="1")
        pdf.save(target, encryption=pikepdf.Encryption(owner="owner", user="", R=6))
