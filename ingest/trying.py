"""Reading a document without keeping anything: what the pipeline would read, for whoever wants to see it first."""

from __future__ import annotations

from ingest.reading.pages import Inspection
from ingest.reasons import Reason
from ingest.sandbox.document import Document
from ingest.sandbox.sandbox import ReadingFailed, Sandbox
from ingest.text_part import Reading

__all__ = ["try_reading"]


def try_reading(sandbox: Sandbox, content: bytes, file_name: str, password: str | None = None) -> tuple[Inspection, Reading]:
    """What the document is and what stands on its pages. A type that is not read has no pages.

    Raises ReadingFailed with the reason for which the document would be put aside, and SandboxUnreachable.
    """
    with Document.of(content) as original:
        found = sandbox.inspect(original, file_name, password)
        if found.reason not in (None, Reason.UNKNOWN_TYPE):
            raise ReadingFailed(found.reason)
        if found.kind is None:
            return found, Reading(None)
        if found.pages:
            pages = found.pages
        elif found.access is None:
            pages = tuple(sandbox.read_pages(original, 1, max(found.page_count, 1), password))
        else:
            with Document.of(found.access) as access:
                pages = tuple(sandbox.read_pages(access, 1, max(found.page_count, 1)))
    return found, Reading(found.kind, pages, found.warnings, found.active)
