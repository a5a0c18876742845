"""Pages for people: search, read, and for auditors the log. Served whole, of use without a script, which only saves them from being loaded anew."""

from __future__ import annotations

from search_api.web import audit, files, record, searching, signing
from search_api.web.refusing import refusal

__all__ = ["PAGES", "refusal"]

PAGES = tuple(pages.router for pages in (signing, searching, record, audit, files))
"""All routes outside of /api."""
