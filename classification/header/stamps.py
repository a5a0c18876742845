"""What is stamped beside the header's own words: urgency, circulation, draft, copy, and the noise of arrival and signature stamps."""

from __future__ import annotations

import re

from classification.header.model import CopyKind, Urgency
from classification.levels import HandlingMark
from classification.text import fold, skeleton

__all__ = ["copy_of", "draft_of", "handling_of", "is_noise", "is_rule", "urgency_of", "without_urgency"]

_URGENCY = re.compile(r"\b(?:(h[o0]a t[o0]c(?: hen gi[o0])?)|(thuong khan)|(khan))\b")
_HANDLING = (
    (HandlingMark.WORK_SECRET, ("bi mat cong tac", "tai lieu bi mat cong tac")),
    (HandlingMark.INTERNAL, ("luu hanh noi bo", "tai lieu noi bo", "tai lieu luu hanh noi bo", "tai lieu hoi nghi", "noi bo")),
    (HandlingMark.RETURN_AFTER_READING, ("xem xong tra lai", "doc xong tra lai", "hop xong tra lai", "xong hoi nghi tra lai")),
)
_HANDLING_BY_WORDS = {words: mark for mark, several in _HANDLING for words in several}
_DRAFT = re.compile(r"\W{0,3}du thao(?: lan(?: thu)? (\d{1,2}))?\W{0,3}$")
_COPY = re.compile(r"\W{0,3}(?:(ban )?sao y(?: ban chinh)?|(ban )?sao luc|(ban )?trich sao)\W{0,3}$")
_NOISE = re.compile(
    r"\W{0,3}(?:ky boi|nguoi ky|e-?mail|thoi gian ky|ngay ky|co quan ?:|co quan ky|signature|signed by|digitally signed|reason|location"
    r"|cong van den|cv den|den$|den (?:so|ngay)|den ?:|so den|ngay den|chuyen ?:|so va ky hieu hs|luu ho so so"
    r"|\d{4}-\d\d-\d\dt\d\d|\d{1,2}[./]\d{1,2}[./]\d{4} \d\d:\d\d|trang \d|page \d)"
)
_RULE = re.compile(r"[\W_]*[*oO]?[\W_]*$")


def urgency_of(cell: str) -> Urgency:
    """The urgency that this cell (normalised) is the stamp of, or NONE."""
    found = _URGENCY.search(skeleton(cell)) if len(cell) < 40 and cell.upper() == cell else None
    if found is None or re.sub(r"[\W_]+", "", skeleton(cell)[: found.start()] + skeleton(cell)[found.end() :]) not in _WITH_URGENCY:
        return Urgency.NONE
    return Urgency.HOA_TOC if found[1] else Urgency.THUONG_KHAN if found[2] else Urgency.KHAN


_WITH_URGENCY = frozenset({"", "mat", "toimat", "tuyetmat"})


def without_urgency(cell: str) -> str:
    """The cell without its stamp of urgency (`MẬT - KHẨN`)."""
    found = _URGENCY.search(skeleton(cell)) if len(cell) < 60 else None
    return (cell[: found.start()] + cell[found.end() :]).strip(" -/,;+") if found else cell


def handling_of(cell: str) -> HandlingMark | None:
    """The circulation mark that this cell is, in capitals."""
    if len(cell) > 50 or cell.upper() != cell:
        return None
    return _HANDLING_BY_WORDS.get(re.sub(r"[^\w ]", "", fold(cell)).strip())


def draft_of(cell: str) -> int | None:
    """Which draft this cell says the paper is; 0 where it gives no number."""
    found = _DRAFT.match(skeleton(cell[:60])) if len(cell) < 60 else None
    return int(found[1] or 0) if found else None


def copy_of(cell: str) -> CopyKind | None:
    """What kind of copy this cell declares the paper to be."""
    found = _COPY.match(skeleton(cell)) if len(cell) < 40 and cell[:1].isupper() else None
    if found is None:
        return None
    words = fold(cell)
    return CopyKind.CERTIFIED if "sao y" in words else CopyKind.RECOPY if "sao luc" in words else CopyKind.EXTRACT


def is_noise(cell: str) -> bool:
    """Whether the cell belongs to a stamp of arrival or of an electronic signature."""
    return _NOISE.match(skeleton(cell[:80])) is not None


def is_rule(cell: str) -> bool:
    """Whether the cell is only a rule, an asterisk or the like."""
    return _RULE.match(cell[:200]) is not None
