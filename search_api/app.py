"""The HTTP interface: one app, the same behind the supervisor's port and behind a command's own socket."""

from __future__ import annotations

from fastapi import FastAPI

from ingest.sandbox.sandbox import Sandbox
from search_api import problems
from search_api.callers import require_policies
from search_api.openapi import Described
from search_api.routes import audit, deposits, hosts, pages, people, readings, records, review, search, sessions, upkeep
from search_api.web import PAGES, refusal
from storage.archive import Archive

__all__ = ["ROUTERS", "create_app"]

ROUTERS = tuple(routes.router for routes in (deposits, records, pages, review, people, hosts, sessions, audit, search, readings, upkeep))
"""All routes below /api/v1."""


def create_app(archive: Archive, sandbox: Sandbox | None = None) -> FastAPI:
    """The app of one instance. sandbox: for trying documents. Raises RuntimeError for a route that declares no policy."""
    app = Described(title="Vankho", version="1", openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.archive, app.state.sandbox = archive, sandbox
    for router in ROUTERS:
        app.include_router(router, prefix="/api/v1")
    for router in PAGES:
        app.include_router(router)
    problems.install(app, refusal)
    require_policies(app)
    return app
