"""Place and date of a document. Source: Decree 30/2020 App. I (leading zero for days 1-9 and months 1-2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from classification.header.places import province
from classification.text import UPPER, skeleton

__all__ = ["Dated", "adopted_on", "dated_in"]

_DIGIT_LIKE = str.maketrans("oil|sz", "011152")
_D = r"[\doil|sz]"
_BLANK = r"[.…_ ]{0,20}"
_DATE = re.compile(
    rf"(?:^|,|\.|;| ) {{0,4}}ngay {{0,4}}(?P<d>{_D}{{1,2}}|{_BLANK}) {{0,4}}th[ae]ng {{0,4}}(?P<m>{_D}{{1,2}}|{_BLANK})[ ,]{{0,4}}"
    rf"n[ae]m {{0,4}}(?P<y>{_D}(?: ?{_D}){{3}})?"
)
_UNREAD = re.compile(r", {0,3}nga(?!i).{0,7}?th[ae]ng(?P<m>.{0,6}?)n[ae]m {0,3}(?P<y>\d{4})")  # written by hand, even over the y, and not read
_PLACE = re.compile(rf"(?:TP\.? {{0,2}}|T\.P\.? {{0,2}})?[{UPPER}][^\W\d_]*(?:(?: {{1,2}}| ?- ?|')[{UPPER}][^\W\d_]*){{0,5}}$")
_ADOPTED = re.compile(rf"thong qua ngay (?P<d>{_D}{{1,2}}) thang (?P<m>{_D}{{1,2}}) nam (?P<y>\d{{4}})")


@dataclass(frozen=True, slots=True)
class Dated:
    """Place and date as read; `day` None where left blank or impossible. `start`, `end`: where they stand in the line.

    day_read, month, year: its parts as far as each could be read.
    """

    place: str | None
    day: date | None
    is_blank: bool
    is_repaired: bool
    lacks_zero: bool
    start: int
    end: int
    day_read: int | None = None
    month: int | None = None
    year: int | None = None


def dated_in(line: str) -> Dated | None:
    """The place and date that this line (normalised) holds, or None: a date in running text has no place before it, and is not the whole line."""
    bare = skeleton(line)
    for match in _DATE.finditer(bare):
        before = line[: match.start()].rstrip(" ,.;")
        place = _PLACE.search(before[-60:])
        if place is None and (before or len(line) > match.end() + 3):
            continue
        d, m, y = (match[part] or "" for part in "dmy")
        fixed = [_repaired(part) for part in (d, m, y)]
        return Dated(
            province(place[0]) if place else None, _date(*fixed), is_blank=not (d.strip(" ._…") and m.strip(" ._…") and y),
            is_repaired=fixed != [part.replace(" ", "") for part in (d, m, y)], lacks_zero=len(d.strip()) == 1,
            start=len(before) - len(place[0] if place else ""), end=match.end(), **_parts(*fixed),
        )  # fmt: skip
    unread = _UNREAD.search(bare)
    where = _PLACE.search(line[: unread.start()][-60:]) if unread else None
    if unread is None or where is None:
        return None
    parts = _parts("", _repaired(unread["m"].strip()), unread["y"])
    return Dated(province(where[0]), None, True, True, False, start=unread.start() - len(where[0]), end=unread.end(), **parts)


def adopted_on(line: str) -> date | None:
    """The day on which the National Assembly adopted a law, from the sentence at its end."""
    match = _ADOPTED.search(skeleton(line[:600]))
    return _date(match["d"], match["m"], match["y"]) if match else None


def _repaired(part: str) -> str:
    """The digits meant; an S or Z alone is a scrawl, not a 5 or 2."""
    return part.translate(_DIGIT_LIKE).replace(" ", "") if any(map(str.isdigit, part)) or not set(part) & {"s", "z"} else ""


def _parts(day: str, month: str, year: str) -> dict[str, int | None]:
    parts = {"day_read": day, "month": month, "year": year}
    return {name: int(part) if part.isdecimal() else None for name, part in parts.items()}


def _date(day: str, month: str, year: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
