"""Levels of secrecy and the marks and compartments that stand beside them. Source: Law 117/2025/QH15 art. 8."""

from __future__ import annotations

from enum import IntEnum, StrEnum

__all__ = ["Compartment", "HandlingMark", "Level"]


class Level(IntEnum):
    """The four levels in their order: a higher one may never be read with a lower clearance."""

    NON_CONFIDENTIAL = 0
    MAT = 1
    TOI_MAT = 2
    TUYET_MAT = 3

    @property
    def confidential(self) -> bool:
        """Whether this is a level of state secrets at all."""
        return self > Level.NON_CONFIDENTIAL

    def label(self, lang: str) -> str:
        """The level as an archivist says it, in `vi` or `en`."""
        return (_LEVEL_VI if lang == "vi" else _LEVEL_EN)[self]


_LEVEL_VI = {Level.NON_CONFIDENTIAL: "Không mật", Level.MAT: "Mật", Level.TOI_MAT: "Tối mật", Level.TUYET_MAT: "Tuyệt mật"}
_LEVEL_EN = {Level.NON_CONFIDENTIAL: "Non-confidential", Level.MAT: "Confidential", Level.TOI_MAT: "Secret", Level.TUYET_MAT: "Top secret"}


class Compartment(StrEnum):
    """A group of records with a reading list of its own, beside the level. Source: Law 25/2018/QH14 art. 56 for denouncers."""

    DENOUNCER_IDENTITY = "DENOUNCER_IDENTITY"
    PETITION_PII = "PETITION_PII"


class HandlingMark(StrEnum):
    """A printed mark that is no state secret. Only WORK_SECRET closes a record."""

    INTERNAL = "INTERNAL"
    WORK_SECRET = "WORK_SECRET"  # noqa: S105
    RETURN_AFTER_READING = "RETURN_AFTER_READING"
