"""What `watch` says: a line for each file's outcome and for each batch, troubles once each, and on a terminal how far it has come."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from threading import Lock

from ingest.reasons import Reason
from search_api.cli.answers import told
from search_api.cli.context import Context
from search_api.cli.outcomes import OUTCOMES, outcome_line, outcome_word
from search_api.cli.progress import Progress

__all__ = ["Journal", "note_beside"]


class Journal:
    """Where the intakes of all scanners write. Each line is whole and flushed."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._lock, self._waiting = Lock(), Counter[str]()
        self._progress: Progress | None = None
        self._done = 0

    def outcome(self, scanner: str, line: Mapping[str, object]) -> None:
        """The final outcome of a file."""
        with self._lock:
            self._waiting[scanner] -= 1
            self._done += 1
            self._print({"scanner": scanner, **line}, outcome_line(self.context, told(line, "path"), line))
            if self._progress is not None:
                self._progress.expect(self._done + self._waiting.total())
                self._progress.advance()

    def batch(self, scanner: str, figures: Mapping[str, object]) -> None:
        """The receipt of a batch: its figures add up."""
        batch, received = figures["batch"], figures["received"]
        counted = ", ".join(f"{outcome_word(self.context, outcome)} {figures[outcome]}" for outcome in OUTCOMES)
        text = self.context.say(f"Đợt {batch}: đã nhận {received} tệp: {counted}.", f"Batch {batch}: {received} files: {counted}.")
        with self._lock:
            self._print({"scanner": scanner, **figures}, text)

    def note(self, scanner: str, path: str | None, code: str, text: str) -> None:
        """Something that a person should know while the work goes on: on stderr, as one JSON object where a program reads."""
        with self._lock:
            self._clear()
            if self.context.as_json:
                print(json.dumps({"scanner": scanner, "path": path, "code": code, "message": text}, ensure_ascii=False), file=sys.stderr, flush=True)
            else:
                self.context.note(f"{scanner}: {'' if path is None else f'{path}: '}{text} ({code})")

    def waiting(self, scanner: str, count: int) -> None:
        """How many files of a scanner are on their way: what the remaining time is reckoned from."""
        with self._lock:
            self._waiting[scanner] = count
            if not self._waiting.total():
                self._clear()
                self._progress, self._done = None, 0
            elif self._progress is None:
                self._progress = Progress(self.context, self._waiting.total())

    def _print(self, value: dict[str, object], text: str) -> None:
        self._clear()
        self.context.show(value, text)

    def _clear(self) -> None:
        if self._progress is not None:
            self._progress.clear()


def note_beside(path: str, line: Mapping[str, object]) -> str | None:
    """What is laid beside a file that was put aside or refused: why, and what to do, in both languages; None for any other.

    The same outcome gives the same words, so that an attempt that was cut off knows its own note again.
    """
    if line["outcome"] not in ("quarantined", "refused"):
        return None
    path = "".join(letter if letter.isprintable() else "\ufffd" for letter in path)
    reason, record = Reason[str(line["reason"])], told(line, "record_id")
    is_kept = line["outcome"] == "quarantined"
    vi = f"Bị cách ly; bản gốc đã được niêm phong trong kho, mã hồ sơ {record}." if is_kept else "Bị từ chối; kho không lưu gì của tệp này."
    en = f"Quarantined; the original is sealed in the archive, record {record}." if is_kept else "Refused; the archive keeps nothing of this file."
    return (
        f"Tệp: {path}\nKết quả: {vi}\nLý do ({reason.name}): {reason.text('vi')}\n\n"
        f"File: {path}\nOutcome: {en}\nReason ({reason.name}): {reason.text('en')}\n"
    )
