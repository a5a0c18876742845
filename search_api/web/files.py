"""Style, script and icon of the pages. Their addresses hold a digest of their bytes, so that a browser may keep them for good."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter, Response

from search_api.callers import anyone
from storage.errors import NotFound

__all__ = ["FILES", "address_of_file", "router"]

router = APIRouter(include_in_schema=False)

_FOLDER: Final = Path(__file__).with_name("static")
_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

FILES: Final = MappingProxyType({path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.suffix in _TYPES})
"""Read once: no name that is asked for ever becomes part of a path."""

_DIGESTS: Final = {name: sha256(content).hexdigest()[:16] for name, content in FILES.items()}


def address_of_file(name: str) -> str:
    """Where a file is served. Raises KeyError for one that is none of ours."""
    return f"/static/{_DIGESTS[name]}/{name}"


@router.get("/static/{digest}/{name}")
@anyone
def file(digest: str, name: str) -> Response:
    """A file of the pages, the same for everyone."""
    if _DIGESTS.get(name) != digest:
        raise NotFound
    return Response(FILES[name], 200, _HEADERS, _TYPES[Path(name).suffix])
