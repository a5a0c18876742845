"""Refusals and faults as pages in the reader's language; below /api they stay problem documents."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from fastapi import Request, Response

from search_api.problems import problem, quotable
from search_api.web.showing import is_part, moved, page
from storage.errors import KeyNotKnown, SessionEnded, VankhoError

__all__ = ["refusal"]

_IN_PLACE: Final = {"HX-Retarget": "#main", "HX-Reselect": "#main", "HX-Reswap": "outerHTML"}
"""For htmx, whatever part of the page it asked for: a refusal takes the place of all that is there."""


def refusal(request: Request, error: VankhoError) -> Response:
    """What a refused request is answered. Whoever is not known is sent to the sign-in page, and from there back."""
    if request.url.path.startswith("/api/"):
        return problem(request, error)
    if isinstance(error, KeyNotKnown) and request.url.path != "/sign-in":
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        there = quote(asked if request.method == "GET" else "/", safe="")
        return moved(request, f"/sign-in?next={there}{'&said=ended' if isinstance(error, SessionEnded) else ''}")
    answer = page(request, "refusal.html", error.status, error=error, quoted=quotable(request, error), again=error.status == 503)
    if is_part(request):
        answer.headers.update(_IN_PLACE)
    return answer
