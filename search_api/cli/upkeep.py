"""`status`, `check`, `debug dump`: the instance itself."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator

from search_api.cli.answers import rows, told
from search_api.cli.context import Context
from search_api.cli.session import connected
from storage.errors import ExitCode

__all__ = ["check", "debug_dump", "status"]


def status(context: Context, arguments: Namespace) -> ExitCode:
    """How the instance stands now."""
    with connected(context) as client:
        found = client.json("GET", "status")
    context.show(found, "\n".join(_standing(found)))
    return ExitCode.DONE


def check(context: Context, arguments: Namespace) -> ExitCode:
    """Compare what the catalog names with what the store holds; exit 6 if something must be looked into."""
    with connected(context) as client:
        found = client.json("POST", "checks", query={"read_data": "1" if arguments.read_data else "0"})
    context.show(found, "\n".join(_findings(context, found)))
    return ExitCode.DONE if found.get("ok") else ExitCode.FINDING


def debug_dump(context: Context, arguments: Namespace) -> ExitCode:
    """Everything that the credentials of api and worker can read, as it comes."""
    with connected(context) as client, client.ask("GET", "debug/dump") as reply:
        for piece in reply.parts():
            sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
    return ExitCode.DONE


def _standing(found: dict[str, object]) -> Iterator[str]:
    for name, value in found.items():
        if isinstance(value, dict):
            yield f"{name:<14} {', '.join(f'{key}: {told(value, key)}' for key in value)}"
        elif isinstance(value, list):
            yield from (f"{name:<14} {one}" for one in value)
        else:
            yield f"{name:<14} {told(found, name)}"


def _findings(context: Context, found: dict[str, object]) -> Iterator[str]:
    say = context.say
    for kind, label in (("findings", say("PHÁT HIỆN", "FINDING")), ("notes", say("ghi chú", "note"))):
        for one in rows(found, kind):
            yield f"{label:<10} {told(one, 'kind')}  {told(one, 'record_id')}  {told(one, 'text')}"
    yield say(
        f"Đã kiểm tra mọi hồ sơ và khối dữ liệu: {len(rows(found, 'findings'))} phát hiện.",
        f"every record and blob checked: {len(rows(found, 'findings'))} findings.",
    )
