"""The cookie that a browser shows in place of a key, and what has to hold before it counts."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from fastapi.responses import Response

from storage.errors import CrossSite, NotPrivate

__all__ = ["clear_session", "give_session", "require_private", "require_same_origin", "session_token"]

_NAME: Final = "vankho_session"
_LOCKED_NAME: Final = f"__Host-{_NAME}"
"""A browser takes a cookie of this name only over https, for exactly this host, and from no sibling of it. Source: RFC 6265bis section 4.1.3.2."""

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_READING: Final = frozenset({"GET", "HEAD"})


def session_token(request: Request) -> str | None:
    """The session that the browser shows, if any. One that anyone could have set is believed on this machine alone."""
    locked = request.cookies.get(_LOCKED_NAME)
    if locked is None and _is_loopback(request.headers.get("host", "")):
        return request.cookies.get(_NAME)
    return locked


def give_session(request: Request, answer: Response, token: str) -> None:
    """Have the browser show `token` from now on, until it is closed: to this host alone, out of reach of scripts and of other sites' pages."""
    secure = _is_secure(request)
    answer.set_cookie(_LOCKED_NAME if secure else _NAME, token, path="/", secure=secure, httponly=True, samesite="strict")


def clear_session(request: Request, answer: Response) -> None:
    """Have the browser forget the session that it showed."""
    for name in {_NAME, _LOCKED_NAME} & request.cookies.keys():
        answer.delete_cookie(name, path="/", secure=name == _LOCKED_NAME, httponly=True, samesite="strict")


def require_same_origin(request: Request) -> None:
    """Refuse what a browser sent because a page of another site said so. What only reads passes: its answer is nobody else's to see.

    Raises CrossSite. Source: Fetch Metadata Request Headers section 2.3; where a browser leaves them out, Fetch Standard section 3.2 (`Origin`).
    """
    if request.method in _READING:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin", "")
    if site != "same-origin" if site is not None else origin.partition("://")[2].lower() != request.headers.get("host", "").lower():
        raise CrossSite


def require_private(request: Request) -> None:
    """Refuse a sign-in by a page that came over a network in clear, or from another site. Raises NotPrivate, CrossSite."""
    if "origin" in request.headers or "sec-fetch-site" in request.headers:
        require_same_origin(request)
    scheme, _, host = request.headers.get("origin", "").partition("://")
    if scheme == "http" and not _is_loopback(host):
        raise NotPrivate


def _is_secure(request: Request) -> bool:
    """Whether the browser may be told to show the cookie over https alone: not where it says itself, or by the host that it asked, that it is here.

    A proxy that ends TLS passes requests on as http; only the browser's `Origin` tells how it came.
    """
    scheme, _, host = request.headers.get("origin", f"http://{request.headers.get('host', '')}").partition("://")
    return scheme == "https" or not _is_loopback(host)


def _is_loopback(host: str) -> bool:
    """host: as in `Host`, with its port or without."""
    named, _, port = host.lower().rpartition(":")
    return (named if named and port.isdecimal() else host.lower()) in _LOOPBACK
