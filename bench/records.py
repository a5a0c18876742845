"""Generated records: 63 offices, descriptions and texts of Vietnamese syllables as often as they occur, the same at every run."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from classification.levels import Level
from storage.catalog.names import OfficeId
from storage.ids import RecordId, SeededIds
from storage.index.entry import IndexEntry

__all__ = ["OFFICES", "TOTAL", "queries", "records"]

OFFICES: Final = tuple(OfficeId(f"tinh-{number:02}") for number in range(1, 64))
TOTAL: Final = 110_136
"""As many as the offices' documents and petitions of thirty months: 40,976 and 69,160."""

_TEXT_BYTES: Final = 600
_ONSETS: Final = ("b", "c", "ch", "d", "đ", "g", "gi", "h", "kh", "l", "m", "n", "ng", "nh", "ph", "qu", "s", "t", "th", "tr", "v", "x")
_RIMES: Final = (
    "a", "á", "à", "ạ", "ai", "ám", "an", "anh", "ao", "ât", "âu", "ê", "ế", "iên", "iệt", "inh", "o", "ô", "ông", "ơ", "u", "ư", "ương", "uyền",
)  # fmt: skip
_KINDS: Final = ("DECISION", "DIRECTIVE", "NOTICE", "REPORT", "OFFICIAL_LETTER", "PLAN")
_SYLLABLES: Final = [first + rest for first, rest in itertools.product(_ONSETS, _RIMES)]
_COMMONNESS: Final = list(itertools.accumulate(1 / (place + 3) for place in range(len(_SYLLABLES))))


def records(total: int = TOTAL) -> Iterator[IndexEntry]:
    """Records one after the other, spread over the offices as unevenly as provinces are."""
    chance, ids = random.Random(63), SeededIds(b"bench".ljust(32))
    sizes = [1 / (place + 10) for place in range(len(OFFICES))]
    for number in range(total):
        office = chance.choices(OFFICES, sizes)[0]
        yield IndexEntry(
            RecordId(ids.new(f"record/{number}")),
            office,
            Level.NON_CONFIDENTIAL,
            f"{number % 2000 + 1}/{chance.choice(('QĐ', 'CT', 'TB', 'BC'))}-UBND",
            chance.choice(_KINDS),
            f"Ủy ban nhân dân {office}",
            date(2021, 1, 1) + timedelta(days=chance.randrange(900)),
            " ".join(_words(chance, 12)),
            _text(chance),
            f"{number}.pdf",
            chance.randint(1, 9),
        )


def queries(count: int) -> list[str]:
    """Questions of one to three words, common and rare ones; the last has its marks."""
    chance = random.Random(7)
    return [" ".join(_words(chance, chance.randint(1, 3))) for _ in range(count)]


def _text(chance: random.Random) -> str:
    text = " ".join(_words(chance, 160))
    return text.encode()[:_TEXT_BYTES].decode(errors="ignore")


def _words(chance: random.Random, count: int) -> list[str]:
    return chance.choices(_SYLLABLES, cum_weights=_COMMONNESS, k=count)
