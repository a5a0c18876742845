"""`key ...`: what may be known of the instance's keys."""

from __future__ import annotations

from argparse import Namespace

from search_api.cli.context import Context
from search_api.cli.session import connected
from storage.errors import ExitCode

__all__ = ["key_list"]


def key_list(context: Context, arguments: Namespace) -> ExitCode:
    """Each key of the instance on a line: kind, name, public half, and whether its file opens. Exit 6 if one does not."""
    with connected(context) as client:
        keys = client.json("GET", "keys")["keys"]
    assert isinstance(keys, list)
    sound = True
    for key in keys:
        assert isinstance(key, dict)
        sound = sound and bool(key["sound"])
        public = str(key["public"] or "-")
        state = "" if key["sound"] else context.say("  KHÔNG MỞ ĐƯỢC", "  DOES NOT OPEN")
        shown = public if len(public) <= 72 else f"{public[:40]}...{public[-12:]}"
        context.show(dict(key), f"{key['kind']:<11} {key['name']:<28} {shown}{state}")
    return ExitCode.DONE if sound else ExitCode.FINDING
