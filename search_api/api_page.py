"""`docs/api.md`, made from the code: commands, routes and errors as they are. `python -m search_api.api_page` prints it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.routing import APIRoute

from ingest.reasons import Reason
from search_api.app import ROUTERS
from search_api.callers import policy_of
from search_api.cli.table import COMMANDS
from storage import errors
from storage.errors import ExitCode, VankhoError

__all__ = ["page"]


def page() -> str:
    """The whole page."""
    return "\n".join((*_introduction(), *_commands(), *_routes(), *_errors(), *_reasons())) + "\n"


def _introduction() -> Iterator[str]:
    yield "# Commands and routes"
    yield ""
    yield "Made from the code by `make docs`; a test compares it. The command line is a client of these routes. Every command has the options"
    yield "`--home DIR` (`VANKHO_HOME`), `--key FILE` (`VANKHO_KEY_FILE`), `--json`, `--lang vi|en`, before it or behind. With `--json` each result"
    yield "is one object a line, and a refusal is one RFC 9457 problem document on stderr."
    yield ""
    yield "HTTP: `/api/v1`, `Authorization: Bearer` with the one token of a key file, `Accept-Language: vi|en`. The second person of an act"
    yield "that takes two stands in `Vankho-Second`, with her own token. What may not be read is 404, word for word as what never was."
    yield "A browser that signed in with name and password (`POST /sessions`) sends a cookie instead, and acts for pages of its own site only."


def _commands() -> Iterator[str]:
    yield from ("", "## Commands", "", "| command | does | example |", "|---|---|---|")
    for command in COMMANDS:
        yield f"| `vankho {command.name}` | {command.help} | {f'`{command.example}`' if command.example else ''} |"
    yield ""
    yield "Exit status: " + ", ".join(f"{code.value} {code.name.lower().replace('_', ' ')}" for code in ExitCode) + "."


def _routes() -> Iterator[str]:
    yield from ("", "## Routes", "", "`policy`: what the caller's role must allow before anything else; `own`: whoever is known, for what is hers.")
    yield from ("", "| route | policy | does |", "|---|---|---|")
    for router in ROUTERS:
        yield from _routes_of(router)


def _routes_of(router: APIRouter) -> Iterator[str]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            policy = policy_of(route.endpoint)
            asked = policy.action.value if policy.action else "anyone" if policy.anyone else "own"
            does = " ".join((inspect.getdoc(route.endpoint) or "").split("\n\n")[0].split())
            for method in sorted(route.methods or ()):
                yield f"| `{method} {route.path}` | {asked} | {does} |"


def _errors() -> Iterator[str]:
    yield from ("", "## Refusals", "", "| code | HTTP | exit | |", "|---|---|---|---|")
    kinds = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, VankhoError)}
    for kind in sorted(kinds, key=lambda one: (one.status, one.code)):
        yield f"| `{kind.code}` | {kind.status} | {int(kind.exit_code)} | {kind.title_en} / {kind.title_vi} |"


def _reasons() -> Iterator[str]:
    yield from ("", "## Reasons and warnings of deposits", "", "| code | |", "|---|---|")
    for reason in Reason:
        yield f"| `{reason.name}` | {reason.value.text('en')} / {reason.value.text('vi')} |"


if __name__ == "__main__":
    sys.stdout.write(page())
