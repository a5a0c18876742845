"""`read`, `classify`: what would be read in a document, and decided of it; nothing is kept."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path

from search_api.cli.answers import rows, told, words
from search_api.cli.context import Context
from search_api.cli.files import source_of
from search_api.cli.session import connected
from search_api.client import Client
from storage.errors import ExitCode, InvalidInput

__all__ = ["classify", "read"]

_AT_A_TIME = 4 << 20
"""Bytes of lines that go in one request."""

_PIECE = 1 << 18


def read(context: Context, arguments: Namespace) -> ExitCode:
    """Try reading a document: text and words page by page."""
    found = _tried(context, "readings", Path(arguments.file))
    context.show(found, "\n".join(_pages(context, found)))
    return ExitCode.DONE


def classify(context: Context, arguments: Namespace) -> ExitCode:
    """Try the classification on one document, or on each line `{id, title, body}` of a file; exit 2 if a line is no such object."""
    if (arguments.file is None) == (arguments.jsonl is None):
        raise InvalidInput(what=context.say("Hãy chỉ ra FILE hoặc --jsonl FILE, chỉ một trong hai.", "Name FILE or --jsonl FILE, one of them."))
    if arguments.jsonl is not None:
        return _each_line(context, Path(arguments.jsonl))
    decided = _tried(context, "classifications", Path(arguments.file))
    context.show(decided, "\n".join(_decision(context, decided)))
    return ExitCode.DONE


def _tried(context: Context, route: str, path: Path) -> dict[str, object]:
    with source_of(path) as file, connected(context, tries=True) as client:
        pieces = iter(lambda: file.read(_PIECE), b"")
        headers = {"Content-Type": "application/octet-stream"}
        with client.ask("POST", route, query={"name": path.name}, body=pieces, headers=headers) as reply:
            return reply.json()


def _each_line(context: Context, path: Path) -> ExitCode:
    sound = True
    with source_of(path) as lines, connected(context) as client:
        for batch in _batches(lines):
            for decided in _decided(client, batch):
                sound = sound and "error" not in decided
                level = told(decided, "error", told(decided, "level"))
                context.show(decided, f"{told(decided, 'id')}  {level}{_review(context, decided)}")
    return ExitCode.DONE if sound else ExitCode.USAGE


def _decided(client: Client, batch: list[bytes]) -> Iterator[dict[str, object]]:
    with client.ask("POST", "classifications", body=batch, headers={"Content-Type": "application/x-ndjson"}) as reply:
        rest = b""
        for piece in reply.parts():
            *whole, rest = (rest + piece).split(b"\n")
            yield from (json.loads(line) for line in whole)


def _batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if size >= _AT_A_TIME:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _pages(context: Context, found: dict[str, object]) -> Iterator[str]:
    extra = "; ".join(filter(None, (words(found, "warnings"), words(found, "active"))))
    yield f"{told(found, 'media_type')}{f'  ({extra})' if extra else ''}"
    for page in rows(found, "pages"):
        yield f"\n--- {context.say('trang', 'page')} {told(page, 'number')} ({told(page, 'source')}, {told(page, 'confidence')})"
        yield str(page.get("text") or "")


def _decision(context: Context, decided: dict[str, object]) -> Iterator[str]:
    say = context.say
    proposed = say(f"đề xuất: {told(decided, 'proposed_level')}", f"proposed: {told(decided, 'proposed_level')}")
    yield f"{told(decided, 'level')}{_review(context, decided)}  {proposed}  {told(decided, 'profile')}"
    for label, name in ((say("Phạm vi riêng", "Compartments"), "compartments"), (say("Dấu chỉ dẫn", "Marks"), "marks")):
        if words(decided, name):
            yield f"  {label}: {words(decided, name)}"
    for reason in rows(decided, "reasons"):
        yield f"  {told(reason, 'code')} ({told(reason, 'rule')}): {told(reason, 'evidence')}"


def _review(context: Context, decided: dict[str, object]) -> str:
    return context.say("  chờ rà soát", "  for review") if decided.get("review") else ""
