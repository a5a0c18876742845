"""Asking a cluster: over TLS that trusts one authority, again where a node fails, never longer than a person waits."""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias, TypedDict, TypeVar, cast

import urllib3
from elastic_transport import ApiResponse, ConnectionTimeout, HttpHeaders, TlsError, TransportError, Urllib3HttpNode
from elastic_transport._node import NodeApiResponse
from elastic_transport.client_utils import DEFAULT, DefaultType
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError

from storage.errors import IndexBusy, IndexDamaged, IndexRefused, IndexUnreachable, VankhoError
from storage.servers import Server

__all__ = ["ADMINISTERING", "SEARCHING", "WRITING", "Answered", "Cluster", "Json", "Patience", "Query"]

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Query: TypeAlias = dict[str, Json]

_CONNECTING: Final = 4.0
"""Seconds to reach a host: one that is gone must not take the time of those that are there."""

_AGAIN: Final = frozenset({404, 429, 502, 503, 504})
"""404: an index that was there a moment ago has been replaced by a newer one, or by none."""

_KEYS_UNREAD: Final = "encountered a failure"
"""What a cluster says of every API key, good or revoked, while it starts and cannot yet read its own index of them."""

_TRIES: Final = 4
_PAUSE: Final = 0.25

logging.getLogger("elastic_transport").setLevel(logging.ERROR)  # it would warn at every attempt; what fails in the end we say ourselves


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for one answer, and in all."""

    attempt: float
    total: float


SEARCHING = Patience(12.0, 28.0)
WRITING = Patience(30.0, 75.0)
ADMINISTERING = Patience(60.0, 60.0)


class _Failure(Exception):
    """One attempt that failed. status: None where no answer came. kind: what the cluster calls it, or a phrase."""

    def __init__(self, status: int | None, kind: str) -> None:
        self.status, self.kind = status, kind
        super().__init__(kind)


class _Error(TypedDict):
    type: str


class _Problem(TypedDict, total=False):
    error: _Error


@dataclass(frozen=True, slots=True)
class Answered:
    """A status and a body, which is what the caller knows it to be."""

    status: int
    body: object

    @property
    def error(self) -> str:
        """What the cluster calls the reason of a status that was accepted."""
        return cast("_Problem", self.body)["error"]["type"]


class _Search(TypedDict, total=False):
    status: int
    error: _Error
    timed_out: bool
    _shards: dict[str, int]


_T = TypeVar("_T")


class Cluster:
    """All hosts of a cluster, asked as one account. Threads may share it."""

    def __init__(self, server: Server) -> None:
        self._hosts = len(server.hosts)
        credential = server.credential
        self._account = credential.user or "the API key" if credential else "whoever has no credential"
        client = Elasticsearch(
            list(server.urls), node_class=_Node, connections_per_node=16, max_retries=0,
            ssl_context=ssl.create_default_context(cafile=server.ca) if server.scheme == "https" else None,
            basic_auth=(credential.user, credential.password) if credential and credential.user else None,
            api_key=credential.password if credential and credential.password and not credential.user else None,
        )  # fmt: skip
        self._close = client.close

        @lru_cache(maxsize=32)  # a client for each patience: making one was a seventh of our own work for a search
        def asking(seconds: float, accepted: frozenset[int]) -> Elasticsearch:
            return client.options(request_timeout=seconds, ignore_status=sorted(accepted))

        self._asking = asking

    def close(self) -> None:
        """Give the connections back."""
        self._close()

    def ask(
        self, method: str, path: str, body: Mapping[str, Json] | Sequence[bytes] | None = None, *, patience: Patience = WRITING,
        accepted: frozenset[int] = frozenset(), **params: str | bool,
    ) -> Answered:  # fmt: skip
        """One request, which may be made several times. body: JSON, or lines of it. accepted: statuses beside success that the caller understands.

        Raises IndexUnreachable, IndexRefused, IndexBusy where there is too much to do, IndexDamaged for an index that is not there.
        """

        def once(seconds: float) -> Answered:
            response = self._request(seconds, method, path, body, params, accepted)
            return Answered(response.meta.status, response.body)

        return self._patiently(patience, once)

    def search(self, indexes: Sequence[str], query: Query, preference: str, *, by_statistics: bool = True) -> object:
        """One search over exactly these indexes, by their statistics taken together; all of their shards answer, or none.

        by_statistics: False where no score depends on them, which saves asking every shard for them first. The names stand in the body, since
        those of all offices do not fit into an address. Raises as `ask` does.
        """
        kind = "dfs_query_then_fetch" if by_statistics else "query_then_fetch"
        header = {"index": list(indexes), "search_type": kind, "preference": preference, "allow_partial_search_results": False}
        lines = [_line(header), _line(query)]

        def once(seconds: float) -> object:
            response = self._request(seconds, "POST", "/_msearch", lines, {}, frozenset())
            (found,) = cast("dict[str, list[_Search]]", response.body)["responses"]
            if "error" in found:
                raise _Failure(found["status"], found["error"]["type"])
            if found["timed_out"] or found["_shards"]["failed"]:
                raise _Failure(503, "not all shards answered")
            return found

        return self._patiently(SEARCHING, once)

    def _request(
        self, seconds: float, method: str, path: str, body: Mapping[str, Json] | Sequence[bytes] | None,
        params: Mapping[str, str | bool], accepted: frozenset[int],
    ) -> ApiResponse[object]:  # fmt: skip
        headers = {"accept": "application/json"}
        if body is not None:
            headers["content-type"] = "application/json" if isinstance(body, Mapping) else "application/x-ndjson"
        sent = body if body is None or isinstance(body, Mapping) else b"".join(body)
        try:
            return self._asking(seconds, accepted).perform_request(method, path, params=params, headers=headers, body=sent)
        except UnsupportedProductError as error:
            raise IndexUnreachable(why="this is not Elasticsearch") from error
        except ApiError as error:
            if error.status_code == 401 and _KEYS_UNREAD in str(error.body):
                raise _Failure(503, "it is starting") from None
            raise _Failure(error.status_code, error.error) from None
        except TlsError as error:
            raise IndexUnreachable(why="its certificate is not one that Vankho was told to trust") from error
        except TransportError as error:
            raise _Failure(None, "it was too slow" if isinstance(error, ConnectionTimeout) else "no connection") from error

    def _patiently(self, patience: Patience, once: Callable[[float], _T]) -> _T:
        end = time.monotonic() + patience.total
        tries = max(_TRIES, self._hosts + 1)
        for number in range(1, tries + 1):
            try:
                return once(min(patience.attempt, end - time.monotonic()))
            except _Failure as failure:
                # the next host is asked at once; one that was asked already gets time to recover
                pause = 0.0 if failure.status is None and number < self._hosts else _PAUSE * 2**number
                mends = failure.status is None or failure.status in _AGAIN
                if not mends or number == tries or time.monotonic() + pause + 1.0 > end:
                    raise self._refusal(failure) from failure
                time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _refusal(self, failure: _Failure) -> VankhoError:
        if failure.kind == "cluster_block_exception":
            return IndexUnreachable(why="its disk is full, or its indexes are locked")
        if failure.status in (401, 403):
            return IndexRefused(account=self._account)
        if failure.status == 429:
            return IndexBusy()
        if failure.kind == "index_not_found_exception":
            return IndexDamaged()
        return IndexUnreachable(why=failure.kind)


class _Node(Urllib3HttpNode):
    """A host that is given little time to be reached, and all there is to answer."""

    def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> NodeApiResponse:
        """As its parent does, which hands the timeout on to urllib3 as it is."""
        read = request_timeout if isinstance(request_timeout, float) else WRITING.attempt
        timeout = cast("float", urllib3.Timeout(connect=_CONNECTING, read=read))
        return super().perform_request(method, target, body, headers, timeout)


def _line(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"
