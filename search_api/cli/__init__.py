"""The command `vankho`: parse, call, present. It imports nothing heavy before the command is known."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from search_api.cli.context import Context
from search_api.cli.parser import parse
from storage.errors import ExitCode, VankhoError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status (storage.errors.ExitCode)."""
    words = list(sys.argv[1:] if argv is None else argv)
    command, arguments = parse(words)
    context = Context.of(arguments)
    try:
        return int(command.run(context, arguments))
    except VankhoError as error:
        context.complain(error, command.name)
        return int(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone: no fault to report, and nobody to report it to
        return int(ExitCode.FAILED)
    except KeyboardInterrupt:
        return 130
