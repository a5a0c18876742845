"""Objects under a prefix of one bucket: made where nothing is, read by ranges, listed, and deleted for good."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING, Final, cast

from obstore.exceptions import AlreadyExistsError, GenericError
from obstore.store import S3Store as Client

from storage.errors import BucketVersioned, StoreUnreachable, TargetExists, VankhoError
from storage.servers import Server
from storage.vault.s3.answers import code_of, is_open, meaning_of, server_errors

if TYPE_CHECKING:
    from obstore import GetResult, PutResult
    from obstore.store import ClientConfig, S3Credential

__all__ = ["FORGOTTEN", "SMALL", "Bucket", "Listed", "Piece"]

SMALL: Final = 1 << 20
"""Bytes up to which an object is made by one conditional request.

A server that refuses a larger one may answer and hang up while the body is still on its way, and the refusal is lost: with versitygw 1.8 in 3 of
10 tries at 4 MiB, in 9 of 10 at 40 MiB. The body would also lie in memory as a whole.
"""

FORGOTTEN: Final = "it confirmed what it does not hold"

_PART: Final = 8 << 20
_PARTS_AT_ONCE: Final = 4
_UPLOADS: Final = 3

_CONNECT: Final = timedelta(seconds=3)
_PROMPT: Final = timedelta(seconds=10)
"""How long to wait for the next byte of an answer; as long, a request is repeated that could not be sent or was answered by 5xx."""
_PATIENT: Final = timedelta(seconds=60)
"""The same for a part of a large payload, whose way to the server the library counts as waiting: 4.5 Mbit/s are enough for four at once."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A range of an object, and what is said of the whole. size: bytes. written: by the server's clock."""

    content: bytes
    size: int
    written: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing names it. name: the last part of its key. size: bytes."""

    name: str
    size: int


class Bucket:
    """Keys are given without the prefix. Safe for threads; those of the library start with the first act, so the walls must stand by then.

    Every act raises StoreUnreachable, within half a minute of silence (`replace`: within a minute), StoreRefused, StoreFull and BucketMissing.
    """

    def __init__(self, server: Server) -> None:
        """server: of the scheme s3, with its credential. Raises OSError or ValueError where the file of its authority is none."""
        self._prompt = _client(server, _PROMPT)
        self._patient = _client(server, _PATIENT)

    def create(self, key: str, content: bytes) -> bool:
        """Make an object where none is; whether it was made now. content: at most SMALL bytes, of a kind that nobody else could write.

        Where the very same is there already, nothing happens: it is ours, and the answer to an earlier attempt was lost.
        Raises TargetExists where anything else is, and BucketVersioned.
        """
        lost: VankhoError = StoreUnreachable(why="another writer came between")
        with server_errors():
            try:
                return self._unversioned(key, self._prompt.put(key, content, mode="create"))
            except AlreadyExistsError:
                pass
            except GenericError as error:  # a broken connection may be a refusal that was lost, or a yes
                if not is_open(error):
                    raise
                lost = meaning_of(error)
        piece = self.read(key, 0, len(content) + 1)
        if piece is None:
            raise lost
        if piece.content != content:
            raise TargetExists(path=key.rpartition("/")[2])
        return False

    def replace(self, key: str, claim: bytes, content: IO[bytes]) -> None:
        """Put a whole file, of any size, in the place of what `create` made of `claim`, which is shorter. Atomic, in parts.

        A server that was restarted meanwhile may confirm an upload that it lost (versitygw 1.8), so it is asked what it holds, and if that is still
        the claim the file is sent again. Raises StoreUnreachable if it stays so, and BucketVersioned.
        """
        for _ in range(_UPLOADS):
            content.seek(0)
            with server_errors():
                self._unversioned(key, self._patient.put(key, content, chunk_size=_PART, max_concurrency=_PARTS_AT_ONCE))
            piece = self.read(key, 0, len(claim) + 1)
            if piece is None:
                break
            if piece.content != claim:
                return
        raise StoreUnreachable(why=FORGOTTEN)

    def read(self, key: str, start: int, end: int) -> Piece | None:
        """The bytes from `start` to before `end`, which is after it, as far as there are any; None where there is no object."""
        with server_errors():
            try:
                return _piece(self._prompt.get(key, options={"range": (start, end)}))
            except FileNotFoundError as error:
                if code_of(error) != "NoSuchKey":
                    raise
                return None
            except GenericError as error:  # nothing begins at `start`
                if code_of(error) != "InvalidRange":
                    raise
            return _piece(self._prompt.get(key), is_empty=True)

    def delete(self, key: str) -> None:
        """Delete an object; nothing happens where there is none."""
        with server_errors():
            try:
                self._prompt.delete(key)
            except FileNotFoundError as error:
                if code_of(error) != "NoSuchKey":
                    raise

    def listed(self, folder: str, after: str = "") -> Iterator[Listed]:
        """The objects right in `folder`, of which `after` is to be the start of all names that matter. No order is promised."""
        with server_errors():
            pages = self._prompt.list(folder, offset=f"{folder}/{after}" if after else None, chunk_size=1_000)
        while True:
            with server_errors():
                page = next(pages, None)
            if page is None:
                return
            for found in page:
                place, _, name = found["path"].rpartition("/")
                if place == folder:
                    yield Listed(name, found["size"])

    def folders(self, tree: str) -> list[str]:
        """The names of the folders in `tree` that hold anything."""
        with server_errors():
            return [path.rpartition("/")[2] for path in self._prompt.list_with_delimiter(tree)["common_prefixes"]]

    def is_empty(self) -> bool:
        """Whether no object lies under the prefix."""
        with server_errors():
            return not next(self._prompt.list(chunk_size=1), [])

    def _unversioned(self, key: str, done: PutResult) -> bool:
        """True, once it is sure that what was put can be destroyed: a bucket that keeps versions names the new one in its answer."""
        if done["version"] is None:
            return True
        self.delete(key)
        raise BucketVersioned


def _piece(result: GetResult, *, is_empty: bool = False) -> Piece:
    return Piece(b"" if is_empty else bytes(result.bytes()), result.meta["size"], result.meta["last_modified"])


def _client(server: Server, patience: timedelta) -> Client:
    if server.credential is None:
        raise ValueError("a store is asked with a credential")
    bucket, _, prefix = server.path.partition("/")
    options: dict[str, object] = {
        "allow_http": str(server.endpoint).startswith("http:"),
        "connect_timeout": _CONNECT,
        "read_timeout": patience,
        "timeout": max(3 * _PROMPT, patience),
    }
    if server.ca is not None:
        # The second, which the library's types do not know, makes it the only authority, instead of one more.
        options |= {"root_certificate": server.ca.read_text(), "disable_system_certificates": True}
    credential: S3Credential = {
        "access_key_id": server.credential.user,
        "secret_access_key": server.credential.password,
        "token": None,
        "expires_at": None,
    }
    return Client(
        bucket,
        prefix=prefix or None,
        # All that variables of the environment (AWS_...) could say otherwise is said here; the provider keeps out a session token.
        credential_provider=lambda: credential,
        endpoint=server.endpoint,
        aws_endpoint_url_s3=server.endpoint,
        region=server.region,
        virtual_hosted_style_request=False,
        skip_signature=False,
        disable_bulk_delete=True,
        client_options=cast("ClientConfig", options),
        retry_config={
            "max_retries": 100,
            "retry_timeout": _PROMPT,
            "backoff": {"init_backoff": timedelta(milliseconds=50), "max_backoff": timedelta(seconds=1)},
        },
    )
