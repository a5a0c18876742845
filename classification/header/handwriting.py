"""Digits of the header that were read a second time: which of the guesses stands, by the calendar, by the signature's time, by the file's name.

A guess is taken, never made up: all that the other witnesses do is choose among what the paper may say. Only a day that no reader made out
at all is taken from the time of the signature, and said to be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from classification.document import Cell, Guess, Reread
from classification.header.dates import Dated
from classification.header.reference import Reference
from classification.text import fold

__all__ = ["redated", "renumbered", "signed_on"]

_SURE: Final = 0.9
_LIKELY: Final = 0.3
_BOTH_SAY: Final = 4.0
"""So much more probable is a guess that the first reading said as well."""
_SAID: Final = 0.05
"""How probable is what that reading alone said, of which it was not sure."""
_NAMED: Final = 0.02
"""How probable a guess must be at least for the file's name to choose it."""
_DAY = r"(?P<d>\d\d)[./](?P<m>\d\d)[./](?P<y>20\d\d)"
_SIGNED: Final = (
    re.compile(rf"(?<!\d){_DAY}[,\s]{{1,3}}\d\d:\d\d"),
    re.compile(rf"k[ýy]: {{0,3}}\n?{_DAY}"),
    re.compile(r"(?<!\d)(?P<y>20\d\d)-(?P<m>\d\d)-(?P<d>\d\d)[T ]\d\d:\d\d"),
)
_NAME: Final = re.compile(r"\D{0,3}?(?P<no>\d{1,6})[a-z]?[-_. /]{1,3}(?P<rest>.{0,60})")


def renumbered(reference: Reference | None, rereads: Iterable[Reread], file_name: str) -> tuple[Reference | None, bool]:
    """The reference with the number that stands, None as its number where none does; and whether the file's name chose it.

    A registry names files after the number (`574-UBND-KTTH-2025.pdf`). Such a name counts if the rest of it begins with the symbol on the paper,
    and chooses among guesses of which none is sure.
    """
    guesses = _of(rereads, Cell.NUMBER)
    if reference is None or reference.is_bare or not guesses:  # what was read again stands behind `Số`
        return reference, False
    first = re.match(r"\d*", reference.code)
    said = first[0] if first else ""
    weighed = _weighed(guesses, said)
    best, share = weighed[0]
    named = _named(file_name, reference.symbol)
    by_name = next((digits for digits, other in weighed if share < _SURE and digits and int(digits) == named and other >= _NAMED), None)
    if by_name is not None and by_name != best:
        return _with_number(reference, by_name, is_sure=False), True
    if best == said and said:
        return replace(reference, is_repaired=reference.is_repaired or share < _SURE), False
    return _with_number(reference, best if share >= _LIKELY else "", is_sure=share >= _SURE and not said), False


def redated(dated: Dated | None, rereads: Sequence[Reread], signed: date | None) -> tuple[Dated | None, bool]:
    """The date with the day and month that stand; and whether the day is the signature's, for want of one on the paper."""
    if dated is None or dated.year is None:
        return dated, False
    days, months = _of(rereads, Cell.DAY), _of(rereads, Cell.MONTH)
    if days or months:
        shares: dict[date, float] = {}
        for day, p in _weighed(days, _digits(dated.day_read)):
            for month, q in _weighed(months, _digits(dated.month)):
                if whole := _date(dated.year, month, day):
                    shares[whole] = shares.get(whole, 0.0) + p * q * _fit(whole, signed)
        total = sum(shares.values())
        best = max(shares, key=lambda whole: shares[whole], default=None)
        if best is not None and shares[best] >= _LIKELY * total:
            is_sure = shares[best] >= _SURE * total and dated.day in (None, best)
            return replace(dated, day=best, is_blank=False, is_repaired=not is_sure), False
    if dated.day is None and signed is not None and signed.year == dated.year and dated.month in (None, signed.month):
        return replace(dated, day=signed, is_repaired=True), True
    return dated, False


def signed_on(lines: Iterable[str]) -> date | None:
    """The day of the first electronic signature whose stamp these lines show (`Thời gian ký: 04/02/2025 16:42:36`, the time perhaps elsewhere)."""
    shown = "\n".join(line[:500].strip() for line in lines)
    days = (_date(int(found["y"]), found["m"], found["d"]) for form in _SIGNED for found in form.finditer(shown))
    return min((day for day in days if day), default=None)


_LATE: Final = ((-8, 0.005), (-2, 0.03), (-1, 0.2), (0, 1.0), (1, 0.5), (4, 0.2), (15, 0.05))
"""How well a document whose first signature is at most so many days later fits it: mostly it is of the same day or the day after."""
_LATEST: Final = 0.01


def _fit(day: date, signed: date | None) -> float:
    return 1.0 if signed is None else next((share for most, share in _LATE if (signed - day).days <= most), _LATEST)


def _of(rereads: Iterable[Reread], cell: Cell) -> tuple[Guess, ...]:
    return next((again.guesses for again in rereads if again.cell is cell), ())


def _weighed(guesses: Sequence[Guess], said: str) -> list[tuple[str, float]]:
    """Digits and their shares of all that may be, the most probable first; what the first reading said counts as well."""
    if not guesses:
        return [(said, 1.0)] if said else []
    weights = {guess.digits: guess.probability for guess in guesses}
    if said:
        meant = next((digits for digits in weights if digits and int(digits) == int(said)), said)
        weights[meant] = weights.get(meant, 0.0) * _BOTH_SAY + _SAID
    total = max(1.0, sum(weights.values()))
    return sorted(((digits, weight / total) for digits, weight in weights.items()), key=lambda item: -item[1])


def _digits(number: int | None) -> str:
    return "" if number is None else str(number)


def _with_number(reference: Reference, digits: str, is_sure: bool) -> Reference:
    code = re.sub(r"^[^/-]*", digits, reference.code, count=1)
    return replace(reference, code=code, no=int(digits) if digits else None, is_repaired=not is_sure)


def _named(file_name: str, symbol: str) -> int | None:
    """The number that the file is named after, if the symbol follows it."""
    match = _NAME.match(fold(file_name))
    wanted = re.sub(r"[^a-z0-9]", "", fold(symbol))
    return int(match["no"]) if match and wanted and re.sub(r"[^a-z0-9]", "", match["rest"]).startswith(wanted) else None


def _date(year: int, month: str, day: str) -> date | None:
    try:
        return date(year, int(month), int(day))
    except ValueError:
        return None
