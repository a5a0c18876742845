"""What the answers of an S3 server mean, and what it means when there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from obstore.exceptions import BaseError

from storage.errors import BucketMissing, StoreFull, StoreRefused, StoreUnreachable, VankhoError

__all__ = ["code_of", "is_open", "meaning_of", "server_errors"]

_STATUS: Final = re.compile(r"status code: (\d{3})")
_CODE: Final = re.compile(r"<Code>(\w{1,60})</Code>")

_FULL: Final = {"InsufficientCapacity", "InsufficientStorage", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "XMinioStorageFull"}
"""Codes of a server without room. S3 itself has none: these are those of Ceph, MinIO, SeaweedFS and versitygw, with whatever status."""

_SILENCE: Final = {
    "InvalidCertificate": "its certificate is not by an authority that this instance believes",
    "ConnectionRefused": "connection refused",
    "TimedOut": "no answer in time",
    "dns error": "its name is not known",
}
"""Words by which the library tells why there was no answer, and ours."""


def code_of(error: Exception) -> str:
    """The code in the answer that this error tells of, such as `NoSuchKey`; its status where it names none; empty where there was no answer.

    The library gives answers as text alone. Those to HEAD have no body and tell too little, so we send none.
    """
    text = str(error)
    found = _CODE.search(text) or _STATUS.search(text)
    return found[1] if found else ""


def meaning_of(error: Exception) -> VankhoError:
    """What an error of the library comes to. Of its text, which may quote a signed request, nothing but the server's code is told on.

    Source: Amazon S3 API Reference, "Error responses".
    """
    text, code = str(error), code_of(error)
    status = _STATUS.search(text)
    if status is None:
        return StoreUnreachable(why=next((ours for theirs, ours in _SILENCE.items() if theirs in text), "the connection broke"))
    if code in _FULL or status[1] == "507":
        return StoreFull()
    if code == "NoSuchBucket":
        return BucketMissing()
    return StoreUnreachable(why=code) if status[1] >= "500" or status[1] == "429" else StoreRefused(why=code)


def is_open(error: Exception) -> bool:
    """Whether the request may have been carried out for all that this error tells: it was sent, and its answer is lost."""
    return isinstance(meaning_of(error), StoreUnreachable) and "kind: Connect," not in str(error)


@contextmanager
def server_errors() -> Iterator[None]:
    """Raise what an error of the library comes to; its own text, with what it quotes, goes no further."""
    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        raise meaning_of(error) from None
