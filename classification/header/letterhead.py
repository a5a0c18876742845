"""Issuer and parent body from the left column, or from the enacting words of a legal text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from classification.header.bodies import is_body, proper_name
from classification.header.doctype import DocType, english_type, leading_type
from classification.text import fold, skeleton

__all__ = ["enacted_type", "enacting_body", "issuer_of"]

_CONTINUED = re.compile(r"(?:uy ban nhan dan|hoi dong nhan dan|doan dai bieu quoc hoi|uy ban thuong vu|ubnd|hdnd)$")
_TERRITORY = re.compile(r"(?:tinh|thanh pho|tp\.?|huyen|quan|xa|phuong|thi xa|thi tran|dac khu|quoc hoi)\b")
_MORE = re.compile(r"(?:va|,|-)\s|(?:viet nam|toi cao|trung uong|chinh phu|lan thu\b)")
_SECTION = re.compile(
    r"(?:ban|van phong|thanh tra|so|phong|cuc|chi cuc|uy ban kiem tra|vien|trung tam|dang uy|dai hoi|truong|hoi|chi bo|vu|tong cuc|cong an)\b"
)
_ENACTING = re.compile(
    r"\b(?P<who>chinh phu|quoc hoi|uy ban thuong vu quoc hoi|thu tuong chinh phu|bo truong bo [\w ,-]{3,60}?|"
    r"thong doc ngan hang nha nuoc(?: viet nam)?|tong thanh tra chinh phu|chanh an toa an nhan dan toi cao|"
    r"hoi dong tham phan toa an nhan dan toi cao|vien truong vien kiem sat nhan dan toi cao|tong kiem toan nha nuoc|chu tich nuoc|"
    r"bo chinh tri|ban bi thu|(?:chu tich )?uy ban nhan dan [\w ]{3,40}?|hoi dong nhan dan [\w ]{3,40}?)"
    r",? {1,2}(?:ban hanh|quyet dinh|quyet nghi|thong nhat ban hanh)\b"
)
_ENGLISH_BODY = (
    r"the (?P<who>government|national assembly(?: standing committee)?|standing committee of the national assembly|prime minister|president|"
    r"minister(?:-chairman)? of (?:(?!shall|must|may)[\w,&-]{1,20} ){0,7}(?!shall|must|may)[\w,&-]{1,20}|"
    r"governor of the state bank(?: of vietnam)?|inspector general|state auditor general|"
    r"(?:judges? )?council [\w ,'’-]{3,60}?|chief justice [\w ,'’-]{3,60}?)(?: of the socialist republic of viet ?nam)?"
)
_ENGLISH = re.compile(rf"\b{_ENGLISH_BODY},? {{1,2}}(?:hereby )?(?:promulgates?|issues?|adopts?|decides|passes|resolves|prescribes|guides)\b")
_ENGLISH_HEADING = re.compile(rf"{_ENGLISH_BODY}\W{{0,3}}$")
_ENACTED = re.compile(r"(?:ban hanh|promulgates?|issues?|adopts?) (?:the )?(?P<what>\w[\w ]{2,30})")
_ENGLISH_NAMES = {"government": "Chính phủ", "prime minister": "Thủ tướng Chính phủ", "national assembly": "Quốc hội", "president": "Chủ tịch nước"}
_OFFICES = (
    ("bo truong ", ""), ("thong doc ", ""), ("tong thanh tra ", "thanh tra "), ("chanh an ", ""), ("vien truong ", ""),
    ("tong kiem toan ", "kiem toan "), ("chu tich uy ban", "uy ban"),
)  # fmt: skip


def issuer_of(left: Sequence[str]) -> tuple[str | None, str | None]:
    """Issuer (joined with its parent) and parent, from the lines of the left column above the number; (None, None) if they name no known body.

    `TỈNH ỦY LÀO CAI / VĂN PHÒNG` is office and parent; `ỦY BAN NHÂN DÂN / TỈNH LÀO CAI` is one name on two lines.
    """
    names: list[str] = []
    for line in left:
        bare = skeleton(line)
        goes_on = names and (_MORE.match(bare) or (_CONTINUED.search(skeleton(names[-1])) and _TERRITORY.match(bare)))
        if goes_on or (len(names) == 1 and not is_body(line) and not _SECTION.match(bare)):
            names[-1] += " " + line
        else:
            names.append(line)
    named = [name for name in names if is_body(name)]
    if not named:
        return None, None
    if len(named) == 1 or not _SECTION.match(skeleton(named[-1])):
        return proper_name(named[0] if len(named) == 1 else named[-1]), None
    office, parent = proper_name(named[-1]), proper_name(named[-2])
    return f"{office} {parent}", parent


def enacting_body(line: str) -> str | None:
    """Who enacts a legal text, if this line has the words `… ban hành Nghị định` (or `promulgates`) that close its grounds."""
    line = line.strip()[:1000]
    bare = skeleton(line)
    if found := _ENACTING.search(bare):
        return _office_name(line[found.start("who") : found.end("who")])
    if english := _ENGLISH.search(bare) or _ENGLISH_HEADING.match(bare):
        printed = line[english.start("who") : english.end("who")]
        return _ENGLISH_NAMES.get(english["who"], printed[:1].upper() + printed[1:])
    return None


def enacted_type(line: str) -> DocType | None:
    """The type of what the enacting words of this line bring forth (`Quốc hội ban hành Luật`, `promulgates the Law`)."""
    found = _ENACTED.search(skeleton(line[:1000]))
    if found is None:
        return None
    named = leading_type(found["what"])
    return named[0] if named else english_type(found["what"].split()[0].capitalize())


def _office_name(printed: str) -> str:
    """The body whose head signs: `Bộ trưởng Bộ Công an` is Bộ Công an."""
    folded = fold(printed)
    for title, left in _OFFICES:
        if folded.startswith(title):
            words = printed.split()
            dropped = len(title.split()) - len(left.split())
            return proper_name(" ".join(words[dropped:]))
    return proper_name(printed)
