"""How values are written for people: days and times of the office, numbers, sizes, and text that cannot pass for anything else."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

from storage.clock import LOCAL

__all__ = ["day", "moment", "number", "size", "visible"]

_HIDDEN: Final = re.compile("[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of what follows: with them a name can read as another. Source: UTS 39 and CVE-2021-42574."""

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS: Final = ("KB", "MB", "GB")


def visible(value: object) -> object:
    """A text in which nothing is hidden: characters that only act are written as their code. What is no plain text stays as it is."""
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", value) if type(value) is str else value


def day(value: date | str, lang: str) -> str:
    """24/07/2019, in English 24 Jul 2019. value: a date, or one in ISO 8601; any other text stays."""
    try:
        at = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return str(value)
    return f"{at.day:02}/{at.month:02}/{at.year:04}" if lang == "vi" else f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def moment(value: str, lang: str) -> str:
    """Day and time of day in the office's zone. value: RFC 3339; any other text stays."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    local = at.astimezone(LOCAL)
    return f"{day(local.date(), lang)} {local:%H:%M:%S}"


def number(value: int, lang: str) -> str:
    """12.345, in English 12,345."""
    return f"{value:,}".replace(",", "." if lang == "vi" else ",")


def size(value: int, lang: str) -> str:
    """1,5 MB, in English 1.5 MB. value: bytes."""
    if value < 1000:
        return f"{value} B"
    power = next((power for power in range(1, len(_UNITS)) if value < 999.5 * 1000**power), len(_UNITS))
    amount = value / 1000**power
    text = f"{amount:.0f}" if amount >= 100 else f"{amount:.1f}"
    return f"{text.replace('.', ',') if lang == 'vi' else text} {_UNITS[power - 1]}"
