"""`review ...`: the records that wait for a person to decide their level."""

from __future__ import annotations

from argparse import Namespace

from search_api.cli.answers import rows, told
from search_api.cli.context import Context
from search_api.cli.records import UNTIL_FOUND, show_record
from search_api.cli.session import connected
from search_api.client import segment
from storage.errors import ExitCode

__all__ = ["review_decide", "review_list"]


def review_list(context: Context, arguments: Namespace) -> ExitCode:
    """Each record that waits, on a line, those that have waited longest first."""
    with connected(context) as client:
        for record in rows(client.json("GET", "review"), "records"):
            told_of = (told(record, name) for name in ("record_id", "received_at", "office", "media_type"))
            proposed = context.say(f"đề xuất: {told(record, 'proposed_level')}", f"proposed: {told(record, 'proposed_level')}")
            context.show(record, f"{'  '.join(told_of)}  {proposed}")
    return ExitCode.DONE


def review_decide(context: Context, arguments: Namespace) -> ExitCode:
    """Decide the level of a record that waits."""
    content = {"level": arguments.level, "reason": arguments.reason}
    with connected(context, works=True) as client:
        decided = client.json("POST", f"review/{segment(arguments.id)}", content=content, headers=UNTIL_FOUND)
    show_record(context, decided)
    return ExitCode.DONE
