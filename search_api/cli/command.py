"""What a command is: its words, its help, and the function that does it."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from search_api.cli.context import Context
from storage.errors import ExitCode

__all__ = ["Argument", "Command"]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its flag or name, what it is, and how often. optional: of one without a flag, whether it may be left out."""

    flag: str
    help: str
    metavar: str | None = None
    required: bool = False
    repeated: bool = False
    switch: bool = False
    optional: bool = False
    choices: tuple[str, ...] = ()

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        """Declare it to argparse."""
        if self.switch:
            parser.add_argument(self.flag, action="store_true", help=self.help)
        elif self.flag.startswith("-"):
            parser.add_argument(
                self.flag if self.flag != "--output" else "-o",
                *([self.flag] if self.flag == "--output" else []),
                metavar=self.metavar,
                required=self.required,
                action="append" if self.repeated else "store",
                choices=self.choices or None,
                help=self.help,
            )
        else:
            parser.add_argument(self.flag, metavar=self.metavar, nargs="+" if self.repeated else "?" if self.optional else None, help=self.help)


@dataclass(frozen=True, slots=True)
class Command:
    """One command: `name` as it is typed, `target` the function that does it ("module:function"), loaded when it is run.

    example: what may be typed, word for word.
    """

    name: str
    target: str
    help: str
    arguments: tuple[Argument, ...] = ()
    example: str = ""

    def run(self, context: Context, arguments: argparse.Namespace) -> ExitCode:
        """Load and call the function."""
        module, _, function = self.target.partition(":")
        found = getattr(importlib.import_module(module), function)
        return cast(Callable[[Context, argparse.Namespace], ExitCode], found)(context, arguments)
