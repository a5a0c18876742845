"""What every command is given: where the instance is, in which form to answer, in which language."""

from __future__ import annotations

import json
import os
import re
import sys
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

from storage.errors import InvalidInput, VankhoError
from storage.home import Home

__all__ = ["Context"]

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a document or file name could use to command the person's terminal, or to show her its text in another order."""


@dataclass(frozen=True, slots=True)
class Context:
    """The options that every command has.

    key: the key file to act with; the local officer's where none is given. as_json: print what a program reads, one object a line.
    lang: `vi` or `en`.
    """

    root: Path | None
    key: Path | None
    as_json: bool
    lang: str

    @classmethod
    def of(cls, arguments: Namespace) -> Context:
        """From the command line, and where that is silent from the environment (VANKHO_HOME, VANKHO_KEY_FILE, VANKHO_LANG)."""
        root = arguments.home or os.environ.get("VANKHO_HOME")
        key = arguments.key or os.environ.get("VANKHO_KEY_FILE")
        return cls(Path(root).absolute() if root else None, Path(key) if key else None, arguments.json, arguments.lang or _language())

    def home(self) -> Home:
        """The instance's home. Raises InvalidInput when neither --home nor VANKHO_HOME names one."""
        if self.root is None:
            raise InvalidInput(what=self.say("Hãy chỉ ra kho bằng --home DIR hoặc VANKHO_HOME.", "Name the instance with --home DIR or VANKHO_HOME."))
        return Home(self.root)

    def say(self, vi: str, en: str) -> str:
        """One sentence in the language asked for."""
        return vi if self.lang == "vi" else en

    def show(self, value: dict[str, object], text: str) -> None:
        """Print one result: `value` as one line of JSON, or `text` for a person. Flushed: each line stands when it is printed."""
        print(json.dumps(value, ensure_ascii=False) if self.as_json else _UNSEEN.sub("\ufffd", text), flush=True)

    def note(self, text: str) -> None:
        """A word to the person beside the result: on stderr, and not when a program reads."""
        if not self.as_json:
            print(_UNSEEN.sub("\ufffd", text), file=sys.stderr, flush=True)

    def complain(self, error: VankhoError, command: str) -> None:
        """Print a refusal on stderr: RFC 9457 as one JSON object, or the sentence that says what to do."""
        if self.as_json:
            print(json.dumps(error.problem(self.lang, f"vankho {command}"), ensure_ascii=False), file=sys.stderr, flush=True)
        else:
            print(f"{error.title(self.lang)} ({error.code}): {error.detail(self.lang)}", file=sys.stderr, flush=True)


def _language() -> str:
    chosen = os.environ.get("VANKHO_LANG") or os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "en" if chosen.startswith("en") else "vi"
