"""From words to a command."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import NoReturn

from search_api.cli.command import Command
from search_api.cli.table import COMMANDS, GROUPS
from storage.errors import ExitCode

__all__ = ["COMMANDS", "parse"]


class _Parser(argparse.ArgumentParser):
    """argparse, but a usage error in the form that was asked for."""

    def error(self, message: str) -> NoReturn:
        if "--json" in sys.argv:
            problem = {
                "type": "urn:vankho:problem:VK-USAGE",
                "title": "Usage",
                "status": 400,
                "detail": message,
                "code": "VK-USAGE",
                "instance": self.prog,
            }
            print(json.dumps(problem, ensure_ascii=False), file=sys.stderr)
        else:
            self.print_usage(sys.stderr)
            print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(ExitCode.USAGE)


def parse(words: Sequence[str]) -> tuple[Command, argparse.Namespace]:
    """The command that was typed and its arguments. A usage error ends the process with status 2, --help with 0."""
    top = _Parser(prog="vankho", description="Vankho: a document archive and secure records repository.", allow_abbrev=False)
    _add_everywhere(top)
    top.set_defaults(home=None, key=None, json=False, lang=None)
    everywhere = _Parser(add_help=False, allow_abbrev=False)
    _add_everywhere(everywhere.add_argument_group("options of every command, before it or behind"))
    groups: dict[str, argparse._SubParsersAction[_Parser]] = {"": top.add_subparsers(title="commands", metavar="COMMAND", required=True)}
    for command in COMMANDS:
        group, _, word = command.name.rpartition(" ")
        if group not in groups:
            parser = groups[""].add_parser(group, help=GROUPS[group], description=GROUPS[group], allow_abbrev=False)
            groups[group] = parser.add_subparsers(metavar="COMMAND", required=True)
        parser = groups[group].add_parser(
            word,
            help=command.help,
            description=f"{command.help[:1].upper()}{command.help[1:]}.",
            epilog=f"example:\n  {command.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            parents=[everywhere],
        )
        for argument in command.arguments:
            argument.add_to(parser)
        parser.set_defaults(command=command)
    arguments = top.parse_args(words)
    return arguments.command, arguments


def _add_everywhere(to: argparse._ActionsContainer) -> None:
    """The options that every command has; one that is not given leaves what was given elsewhere."""
    silent = argparse.SUPPRESS
    to.add_argument("--home", metavar="DIR", default=silent, help="the instance's folder (or VANKHO_HOME)")
    to.add_argument("--key", metavar="FILE", default=silent, help="the key file to act with (or VANKHO_KEY_FILE; else the local officer's)")
    to.add_argument("--json", action="store_true", default=silent, help="print JSON, one object a line; errors as RFC 9457 on stderr")
    to.add_argument("--lang", choices=("vi", "en"), default=silent, help="language of messages (or VANKHO_LANG, else the locale)")
