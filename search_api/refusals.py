"""Which refusals a route answers with: what follows from what it asks for, and what it declares beside that. The API's document lists them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from fastapi.routing import APIRoute

from search_api.callers import policy_of
from storage.errors import (
    BlobMissing,
    BucketMissing,
    BucketVersioned,
    CatalogBusy,
    CatalogUnanswered,
    CatalogUnfit,
    CatalogUnreachable,
    CrossSite,
    FixityError,
    HostNotKnown,
    IndexBusy,
    IndexDamaged,
    IndexOutdated,
    IndexRefused,
    IndexUnreachable,
    InvalidInput,
    KeeperRefused,
    KeeperUnreachable,
    KeyNotKnown,
    LogDamaged,
    LogForked,
    NotAllowed,
    NotFound,
    RequestTooLarge,
    RequestTooSlow,
    SessionEnded,
    StoreFailed,
    StoreFull,
    StoreRefused,
    StoreUnreachable,
    TooManyGrants,
    TooManyOpenings,
    VankhoError,
)

__all__ = ["INDEX", "LOG", "OPENING", "STORE", "Kind", "refusals_of", "refuses"]

Kind = type[VankhoError]
_F = TypeVar("_F", bound=Callable[..., object])
_ATTRIBUTE = "__refusals__"
_READING: Final = frozenset({"GET", "HEAD"})

STORE: Final[tuple[Kind, ...]] = (BlobMissing, BucketMissing, BucketVersioned, FixityError, StoreRefused, StoreUnreachable)
"""Where parts of records are read or written."""

OPENING: Final[tuple[Kind, ...]] = (*STORE, KeeperRefused, TooManyOpenings)
"""Where the keeper is asked to open a part."""

INDEX: Final[tuple[Kind, ...]] = (IndexBusy, IndexDamaged, IndexOutdated, IndexRefused, IndexUnreachable)
"""Where the open index is asked."""

LOG: Final[tuple[Kind, ...]] = (LogDamaged, LogForked)
"""Where the audit log is read."""

_EVERYWHERE: Final[tuple[Kind, ...]] = (
    CatalogBusy, CatalogUnanswered, CatalogUnfit, CatalogUnreachable, HostNotKnown, KeeperUnreachable, RequestTooLarge, RequestTooSlow, StoreFailed,
    StoreFull, VankhoError,
)  # fmt: skip
"""What the edge refuses, and what every act meets that is written down: `StoreFull` where its row finds no room."""


def refuses(*kinds: Kind) -> Callable[[_F], _F]:
    """Declare what a route refuses beside what follows from its policy, method and parameters."""

    def declare(endpoint: _F) -> _F:
        setattr(endpoint, _ATTRIBUTE, kinds)
        return endpoint

    return declare


def refusals_of(route: APIRoute) -> list[Kind]:
    """Every refusal of a route, by status and code."""
    kinds = {*_EVERYWHERE, *getattr(route.endpoint, _ATTRIBUTE, ())}
    policy, named = policy_of(route.endpoint), bool(route.param_convertors)
    if not policy.anyone:
        kinds |= {KeyNotKnown, SessionEnded, TooManyGrants}
    if not policy.anyone and not (route.methods or set()) <= _READING:
        kinds.add(CrossSite)
    if policy.action is not None and not named:
        kinds.add(NotAllowed)
    if named:
        kinds.add(NotFound)
    if route.dependant.query_params or route.dependant.body_params:
        kinds.add(InvalidInput)
    return sorted(kinds, key=lambda kind: (kind.status, kind.code))
