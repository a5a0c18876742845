"""Families of documents: whose layout a paper follows."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Family"]


class Family(StrEnum):
    """Told by the upper right corner: Party line, national motto, Youth Union; PRIVATE: a citizen's paper; UNKNOWN: none of these was seen."""

    PARTY = "PARTY"
    GOV = "GOV"
    YOUTH_UNION = "YOUTH_UNION"
    PRIVATE = "PRIVATE"
    UNKNOWN = "UNKNOWN"
