"""How rare words are in public Vietnamese texts: weights that no record of this archive can move."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from math import log

__all__ = ["frozen_idf", "idf"]

_TABLE = "frozen_idf.txt"


def idf(records: int, containing: int) -> float:
    """The weight of a term. Source: Robertson and Zaragoza 2009, with the 1 + that keeps it positive."""
    return log(1 + (records - containing + 0.5) / (containing + 0.5))


def frozen_idf(term: str) -> float:
    """The weight of a term of `analysis` by the frozen table; the greatest there is for what the table does not know.

    Of neighbours the table knows nothing: they count as if they met by chance.
    """
    table, unknown = _table()
    first, joined, second = term.partition("_")
    if joined:
        return min(unknown, table.get(first, unknown) + table.get(second, unknown))
    return table.get(term, unknown)


@cache
def _table() -> tuple[dict[str, float], float]:
    """The weights by term, and the weight of what is not among them."""
    lines = [line for line in (files(__package__) / _TABLE).read_text("utf-8").splitlines() if not line.startswith("#")]
    records = int(lines[0])
    table: dict[str, float] = {}
    for line in lines[1:]:
        containing, *terms = line.split(" ")
        table |= dict.fromkeys(terms, idf(records, int(containing)))
    return table, idf(records, 0)
