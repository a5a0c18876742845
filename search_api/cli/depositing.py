"""One document through the door, and what becomes of it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar
from urllib.parse import quote

from ingest.reasons import Reason
from search_api.cli.inputs import Input, OpenInput, SourceFailed
from search_api.client import Client, segment
from storage.errors import ReceiptDiffers, RequestKeyReused, StoreFull, VankhoError

__all__ = ["Depositor", "Line", "Source"]

Line = dict[str, object]

_PAUSES: Final = (0.2, 1.0, 3.0, 8.0, 20.0, 40.0)
"""Seconds before a request is sent again: a process that was killed is back by then, and a minute's measure of openings is over."""

_PASSING: Final = frozenset({429, 503})
"""Statuses of what passes by itself: a part that is being started again, a busy catalog, a connection that broke, too much at once."""

_NOT_SEEN: Final = ("level", "proposed_level", "confidential", "review", "ref_code", "doc_type", "date", "sha256", "size", "page_count", "indexed")
_T = TypeVar("_T")


class Source(Protocol):
    """A file to deposit. shown: where it came from, as text. name: its name, bytes of any form."""

    @property
    def shown(self) -> str: ...

    @property
    def name(self) -> bytes: ...

    def opened(self) -> AbstractContextManager[OpenInput]:
        """The file, to be read once. Raises SourceFailed."""


@dataclass(frozen=True, slots=True)
class Depositor:
    """Brings documents in. batch: its id. label: what the person calls it, sealed with each document. password: of locked ones."""

    client: Client
    batch: str
    label: str | None
    lang: str
    password: str | None = None

    def deposit(self, one: Input) -> Line:
        """The line of one input, once its outcome is final and, if it was stored, found (or 30 s later).

        Raises what the archive refuses altogether: a key that is nobody's, a keeper that stays down.
        """
        try:
            if one.failed is not None:
                raise SourceFailed(one.failed)
            accepted = self._sent(one)
        except SourceFailed as failed:
            return self._refused(one, failed.reason)
        except VankhoError as error:
            if error.code == StoreFull.code:
                return self._refused(one, Reason.STORE_FULL)
            if error.code == RequestKeyReused.code:  # it was sent twice, and was not the same the second time
                return self._refused(one, Reason.SOURCE_CHANGED)
            raise
        settled = self._settled(str(accepted["receipt_id"]))
        known = {name: accepted[name] for name in ("sha256", "size") if settled.get(name) is None}
        return {"path": one.shown, **settled, **known}

    def send(self, one: Source, key: str) -> Line:
        """Send a document once, and what the archive says of it: accepted or refused. key: the same one gives the same answer again.

        Raises SourceFailed, what the archive refuses, and ReceiptDiffers where it says that it received other bytes.
        """
        boundary = secrets.token_hex(16)
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Idempotency-Key": key, "Vankho-Path": quote(one.shown)}
        if self.label is not None:
            headers["Vankho-Batch-Name"] = quote(self.label, errors="replace")
        if self.password is not None:
            headers["Vankho-Password"] = quote(self.password, safe="")
        with one.opened() as file:
            body = _multipart(boundary, one.name, file)
            with self.client.ask("POST", "deposits", query={"batch": self.batch}, body=body, headers=headers) as reply:
                accepted = reply.json()
            if accepted["sha256"] not in (None, file.sha256):
                raise ReceiptDiffers(path=one.shown)
        return accepted

    def _sent(self, one: Input) -> Line:
        key = secrets.token_hex(16)  # the same when the request has to be repeated: nothing comes in twice
        return _patiently(lambda: self.send(one, key))

    def _settled(self, receipt: str) -> Line:
        def ask() -> Line:
            return self.client.json("GET", f"receipts/{segment(receipt)}", headers={"Prefer": "wait=30"})

        while (line := _patiently(ask))["outcome"] == "accepted":
            pass
        # The outcome may have come at the end of that wait: the index is given its own.
        return _patiently(ask) if line["indexed"] is False else line

    def _refused(self, one: Input, reason: Reason) -> Line:
        found = {"record_id": None, "outcome": "refused", "reason": reason.name, "message": reason.text(self.lang)}
        return {"path": one.shown, **found, **dict.fromkeys(_NOT_SEEN), "warnings": []}


def _patiently(act: Callable[[], _T]) -> _T:
    """Do what may be done again, until it succeeds or is refused for good. Raises what stood in the way for long."""
    for pause in _PAUSES:
        try:
            return act()
        except VankhoError as error:
            if error.status not in _PASSING:
                raise
        time.sleep(pause)
    return act()


def _multipart(boundary: str, file_name: bytes, file: OpenInput) -> Iterator[bytes]:
    """The body of a deposit. Source: RFC 7578; quotes in file names as every browser writes them."""
    name = file_name.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\r", b"%0D").replace(b"\n", b"%0A")
    disposition = b'Content-Disposition: form-data; name="file"; filename="' + name + b'"\r\n'
    yield f"--{boundary}\r\n".encode() + disposition + b"Content-Type: application/octet-stream\r\n\r\n"
    yield from file.pieces()
    yield f"\r\n--{boundary}--\r\n".encode()
