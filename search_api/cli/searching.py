"""`search`: what is found, as one object for programs or as a list for people."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from search_api.cli.answers import inner, rows, told
from search_api.cli.context import Context
from search_api.cli.session import connected
from storage.errors import ExitCode

__all__ = ["search"]


def search(context: Context, arguments: Namespace) -> ExitCode:
    """Ask, and show one page of the answer."""
    query: dict[str, str | list[str]] = {"q": arguments.query}
    query |= {name: value for name in ("limit", "cursor", "sort") if (value := getattr(arguments, name)) is not None}
    query |= {name: "1" for name in ("facets", "snippets") if getattr(arguments, name)}
    if arguments.filter:
        query["filter"] = arguments.filter
    with connected(context) as client:
        found = client.json("GET", "search", query=query)
    context.show(found, "\n".join(_page(context, found)))
    return ExitCode.DONE


def _page(context: Context, found: dict[str, object]) -> Iterator[str]:
    say, total = context.say, told(found, "total")
    yield say(f"Tìm thấy {total} hồ sơ.", f"{total} records.")
    if found.get("relaxed"):
        yield say("Không hồ sơ nào có đủ các từ; đây là những hồ sơ gần nhất.", "None has all the words; these come nearest.")
    for hit in rows(found, "hits"):
        head = (told(hit, name) for name in ("date", "ref_code", "doc_type_label"))
        yield f"\n{told(hit, 'record_id')}  {'  '.join(head)}  [{told(hit, 'level_label')}]"
        yield f"  {told(hit, 'issuer')}: {told(hit, 'subject')}"
        for snippet in rows(hit, "snippets"):
            yield f"  … {told(snippet, 'text')}"
    for field, values in inner(found, "facets").items():
        counted = rows({field: values}, field)
        if counted:
            yield f"\n{field}: " + ", ".join(f"{told(value, 'label')} ({told(value, 'count')})" for value in counted)
    if found.get("next"):
        yield say(f"\nTrang sau: --cursor {told(found, 'next')}", f"\nNext page: --cursor {told(found, 'next')}")
