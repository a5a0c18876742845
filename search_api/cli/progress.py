"""How far long work has come: a line that renews itself on a terminal, plain lines in a log, nothing where a program reads."""

from __future__ import annotations

import sys
import time

from search_api.cli.context import Context

__all__ = ["Progress"]

_LOG_EVERY = 10.0
_CLEAR = "\r\x1b[K"


class Progress:
    """Counts what is done of `total`, and says on stderr how fast it goes and how long it will take."""

    def __init__(self, context: Context, total: int) -> None:
        self._context, self._total, self._done = context, total, 0
        self._start = self._said = time.monotonic()
        self._renews = not context.as_json and sys.stderr.isatty()

    def expect(self, total: int) -> None:
        """There is more to do than was known, or less."""
        self._total = total

    def advance(self) -> None:
        """One more is done."""
        self._done += 1
        now = time.monotonic()
        if self._renews:
            print(self._line(now), end="", file=sys.stderr, flush=True)
        elif now - self._said >= _LOG_EVERY:
            self._said = now
            self._context.note(self._line(now))

    def clear(self) -> None:
        """Make room for a line of the result."""
        if self._renews:
            print(_CLEAR, end="", file=sys.stderr, flush=True)

    def _line(self, now: float) -> str:
        rate = self._done / max(now - self._start, 0.001)
        minutes, seconds = divmod(round((self._total - self._done) / rate), 60)
        return self._context.say(
            f"{self._done}/{self._total}, {rate * 60:.0f} tệp/phút, còn khoảng {minutes}:{seconds:02}",
            f"{self._done}/{self._total}, {rate * 60:.0f} files/min, about {minutes}:{seconds:02} left",
        )
