"""Pages: a template, the reader's language, and the headers under which a browser runs nothing that is not ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from search_api.callers import Caller, caller_of
from search_api.problems import language
from search_api.web import written
from search_api.web.files import address_of_file
from search_api.web.texts import LANGUAGES, texts_in
from storage.access import Action

__all__ = ["HEADERS", "is_part", "lang_of", "moved", "page", "visitor"]

_R = TypeVar("_R", bound=Response)
_V = TypeVar("_V")

_COOKIE: Final = "vankho_lang"
_YEAR: Final = 365 * 24 * 3600

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not `no-referrer`: under it a browser hides the origin of a form from ourselves, by which another site's forms are told apart.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def visitor(request: Request) -> Caller:
    """Who looks at a page, once the route's policy lets her in; the page's head knows her then. Raises as `caller_of` does."""
    caller = caller_of(request)
    request.state.visitor = caller
    return caller


def lang_of(request: Request) -> str:
    """By `?lang=`, else by what was chosen before, else by what the browser accepts."""
    for asked in (request.query_params.get("lang"), request.cookies.get(_COOKIE)):
        if asked in LANGUAGES:
            return asked
    return language(request)


def page(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """A page of `templates/` in the reader's language."""
    lang = lang_of(request)
    caller: Caller | None = getattr(request.state, "visitor", None)
    content = _ENVIRONMENT.get_template(template).render(
        t=texts_in(lang),
        languages=[(code, name, _in_language(request, code)) for code, name in LANGUAGES.items()],
        who=None if caller is None else caller.actor.name,
        menu=[] if caller is None else _menu(request, caller),
        **values,
    )
    return _remembering(request, HTMLResponse(content, status, HEADERS))


def moved(request: Request, to: str) -> Response:
    """Go there next, as a whole page. to: a path of ours."""
    if is_part(request):
        return Response(None, 204, HEADERS | {"HX-Redirect": to})
    return _remembering(request, RedirectResponse(to, 303, HEADERS))


def is_part(request: Request) -> bool:
    """Whether htmx asks, which puts a part of the answer into the page that is there."""
    return request.headers.get("hx-request") == "true"


def _remembering(request: Request, answer: _R) -> _R:
    """Have the browser keep the language that was chosen."""
    if (chosen := request.query_params.get("lang")) in LANGUAGES:
        answer.set_cookie(_COOKIE, str(chosen), max_age=_YEAR, path="/", httponly=True, samesite="lax")
    return answer


def _menu(request: Request, caller: Caller) -> list[tuple[str, str, bool]]:
    """What she may do: path, key of its name, whether she is there."""
    offered = ((Action.SEARCH, "/search", "page.search"), (Action.AUDIT_READ, "/audit", "page.audit"))
    return [(path, key, request.url.path.startswith(path)) for action, path, key in offered if action in caller.subject.actions]


def _in_language(request: Request, code: str) -> str:
    """This page in another language; what a form sent is not sent again."""
    if request.method != "GET":
        return f"/?lang={code}"
    kept = [pair for pair in parse_qsl(request.url.query, keep_blank_values=True) if pair[0] != "lang"]
    return f"?{urlencode([*kept, ('lang', code)])}"


def _localised(write: Callable[[_V, str], str]) -> Callable[[Context, _V], str]:
    @pass_context
    def filtered(context: Context, value: _V) -> str:
        return write(value, context["t"].lang)

    return filtered


def _environment() -> Environment:
    loader = FileSystemLoader(Path(__file__).with_name("templates"))
    made = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, finalize=written.visible, trim_blocks=True, lstrip_blocks=True, auto_reload=False
    )
    made.globals["file"] = address_of_file
    made.filters["day"], made.filters["moment"] = _localised(written.day), _localised(written.moment)
    made.filters["number"], made.filters["size"] = _localised(written.number), _localised(written.size)
    return made


_ENVIRONMENT: Final = _environment()
