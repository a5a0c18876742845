"""Secrecy marks as they stand on paper, and what may be one. Source: Law 117/2025/QH15 art. 8; Circular 24/2020/TT-BCA, forms 02-08."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from classification.document import Box, Line, Page, Text, cells
from classification.header.stamps import handling_of, without_urgency
from classification.header.zone import header_zone
from classification.levels import HandlingMark, Level
from classification.text import LOWER, UPPER, fold, latinised, normalise, skeleton

__all__ = ["Mark", "MarkKind", "find_handling", "find_marks"]


class MarkKind(StrEnum):
    """What was found; all but LEVEL ask for a person."""

    LEVEL = "MARK"  # a printed mark, clear
    SUSPECTED = "SUSPECTED_MARK"  # what a mark may have become, or where none should stand
    ENVELOPE = "ENVELOPE_MARK"  # A, B, C in a circle
    STAMP = "SECRECY_STAMP"  # a stamp that only secret documents bear
    DECLASSIFIED = "DECLASSIFIED"  # GIẢI MẬT: never lowers by itself
    HIDDEN = "HIDDEN_TEXT"  # characters that make the header read otherwise than it looks


@dataclass(frozen=True, slots=True)
class Mark:
    """One find. `level`: what the document is at least, as far as this tells; `page` from 1."""

    kind: MarkKind
    level: Level
    evidence: str
    page: int
    box: Box | None = None


_EXACT = {"MẬT": Level.MAT, "TỐIMẬT": Level.TOI_MAT, "TUYỆTMẬT": Level.TUYET_MAT}
_BARE = {"mat": Level.MAT, "toimat": Level.TOI_MAT, "tuyetmat": Level.TUYET_MAT}
_REPEATED = re.compile(r"(?:(?:TUYỆT|TỐI)?MẬT){1,6}$")
_PREFIX = re.compile(
    r"(?:(?:muc |cap |dau chi )?do(?: bao)? mat ?[:.-]{0,2}|tai lieu|van ban|ho so|cong van|dien|loai|dau) ?"
    r"(?=\W{0,3}(?:toi |tuyet )?mat\b)"
)
_FRAME_LETTERS = re.compile(r"^[IL1]{1,2}(?=M|T)|(?<=T)[IL1]{1,2}$")
_DIGITS = str.maketrans("0134589", "oieasbg")
_ENGLISH = {"topsecret": Level.TUYET_MAT, "secret": Level.TOI_MAT, "confidential": Level.MAT, "strictlyconfidential": Level.TOI_MAT}
_FRAGMENTS = {"TUYỆT": Level.TUYET_MAT, "TỐI": Level.TOI_MAT, "MẬ": Level.MAT, "ẬT": Level.MAT, "BÍMẬT": Level.MAT, "TỐIBÍMẬT": Level.TOI_MAT,
              "TUYỆTĐỐIBÍMẬT": Level.TUYET_MAT, "TUYỆTĐỐIMẬT": Level.TUYET_MAT, "ĐỘMẬT": Level.MAT}  # fmt: skip
_OTHER_WORDS = frozenset({"SỎIMẬT"})  # gallstones, one letter from a mark
_LEGACY = {"mët": Level.MAT, "maät": Level.MAT, "tèimët": Level.TOI_MAT, "toáimaät": Level.TOI_MAT, "tuyötmët": Level.TUYET_MAT,
           "tuyeätmaät": Level.TUYET_MAT}  # fmt: skip
_HOLE = r"[?\ufffd]{1,3}"
_HOLES = (
    (re.compile(rf"TUY{_HOLE}T ?M{_HOLE}T$"), Level.TUYET_MAT),
    (re.compile(rf"T{_HOLE}I ?M{_HOLE}T$"), Level.TOI_MAT),
    (re.compile(rf"M{_HOLE}T$"), Level.MAT),
)
_INLINE = re.compile(r"(?<!\w)(?P<grade>T ?U ?Y ?[ỆEÊẸ] ?T|T ?[ỐOÔÓ] ?I)? ?M ?(?P<a>[ẬAÂẠ]) ?T(?!\w)")
_BRACKETED = re.compile(r"[(\[|] ?(?P<mark>(?:Tuyệt |Tối )?[Mm]ật) ?[)\]|]")
_NOT_BEFORE = re.compile(r"(?<!\w)(?:BÍ|BI|BẢO|BAO|CƠ|TÚI|SỎI|ỐNG|GAN|GIẢI) ?$")
_NOT_AFTER = re.compile(r" ?(?:ĐỘ|MÃ|KHẨU|ONG|VỤ|THIẾT|THƯ|NGỌT|MÍA|GẤU)(?!\w)")
_HEADER_LINE = re.compile(r"\b(?:ngay .{1,6}thang|cong hoa xa hoi|doc lap|dang cong san)|^\W{0,3}s[o06] ?[:.]? ?[\d/-]")
_STAMPS = re.compile(
    r"\W{0,4}(?:tai lieu thu hoi|chi nguoi co ten moi duoc boc bi|thoi han bao ve bi mat nha nuoc|ban so ?[:.]? ?\d{1,4}\W{0,3}$"
    r"|dau chi do mat|khong duoc sao,? ?chup|cam sao,? ?chup)"
)
_DECLASSIFIED = re.compile(r"\W{0,4}(?:[il1|]{1,2} ?)?g ?i ?a ?i {0,3}m ?a ?t\b")
_CIRCLED = re.compile(r"[(\[◎○⊙◯ ]{0,4}(?P<letter>[ABCⒶⒷⒸ🅐🅑🅒])[)\]◎○⊙◯ ]{0,4}$")
_ENVELOPE = {"A": Level.TUYET_MAT, "B": Level.TOI_MAT, "C": Level.MAT}
_OVERRIDE = re.compile("[\u202d\u202e\u2066-\u2068]")
_ALIEN = "[\u0370-\u03ff\u0400-\u052f\u0530-\u058f\u13a0-\u13ff]"
_MIXED = re.compile(rf"[{UPPER}{LOWER}]{_ALIEN}|{_ALIEN}[{UPPER}{LOWER}]")
_HEAD_LINES = 400  # blank ones included
_EDGE = 4  # lines at the top and the foot of a page where stamps stand
_LONGEST_CELL = 80
_LONG_LINE = 200  # without columns nothing stands alone in it
_COLUMNS = re.compile("   |[\t|¦‖\u2500-\u259f]|[\u00a0\u2000-\u200a]{3}")
_LONGEST_INLINE = 4000


def find_marks(document: Text) -> tuple[Mark, ...]:
    """All marks of a document in reading order.

    Clear is a mark in capitals (or with a first capital) that stands alone or framed in the header zone or at the edge of a page. Suspected is:
    one that stands alone elsewhere; one in capitals or brackets among other words of header or edge; one that lost its diacritics or a letter;
    one in look-alike letters only. Levels named in the body's sentences are none.
    """
    found: list[Mark] = []
    first = next((page.number for page in document.pages if _shown(page)), 0)
    for page in document.pages:
        found.extend(_marks_of(page, is_first=page.number == first))
    if sum(len(_shown(page)) for page in document.pages) <= 15:
        found.extend(_on_envelope(document))
    return tuple(dict.fromkeys(found))


def find_handling(document: Text) -> frozenset[HandlingMark]:
    """The circulation marks that stand alone anywhere in the document, in capitals."""
    every = (cell for page in document.pages for line in page.lines if len(line.text) < 400 for cell in cells(line.text))
    return frozenset(mark for cell in every if (mark := handling_of(cell)) is not None)


def _shown(page: Page) -> list[tuple[int, Line]]:
    return [(n, line) for n, line in enumerate(page.lines) if line.text.strip()]


def _marks_of(page: Page, is_first: bool) -> Iterator[Mark]:
    shown = _shown(page)
    end = header_zone([line.text for line in page.lines[:_HEAD_LINES]]).end if is_first else 0
    edge = {n for n, _ in (*shown[:_EDGE], *shown[-_EDGE:])}
    short: list[str] = []
    for n, line in shown:
        in_zone = n < end or n in edge
        if not in_zone and len(line.text) > _LONG_LINE and not _COLUMNS.search(line.text):
            short = []
            continue
        parts = cells(line.text[:_LONGEST_INLINE])
        here = list(_alone(parts, in_zone)) or (list(_among_words(line.text, n < end)) if in_zone else [])
        short = [*short[-7:], _letters(min(parts, key=len))] if parts and len(min(parts, key=len)) <= 8 else []
        here.extend(_split_over_lines(short))
        if n < end and (_OVERRIDE.search(line.text[:_LONGEST_INLINE]) or _MIXED.search(normalise(line.text[:_LONGEST_INLINE]))):
            here.append((MarkKind.HIDDEN, Level.MAT))
        for kind, level in here:
            yield Mark(kind, level, normalise(line.text[:300]).strip()[:200], page.number, line.box)


Found = tuple[MarkKind, Level]


def _alone(parts: Sequence[str], in_zone: bool) -> Iterator[Found]:
    """Marks that are a whole cell, or the whole line where its letters are spaced out as far as cells are."""
    candidates = (*parts, " ".join(parts)) if 1 < len(parts) <= 12 else parts
    for cell in candidates:
        if len(cell) > _LONGEST_CELL:
            continue
        if (level := _clear(cell)) is not None:
            yield (MarkKind.LEVEL if in_zone else MarkKind.SUSPECTED), level
        elif (level := _suspected(cell, in_zone)) is not None:
            yield MarkKind.SUSPECTED, level
        if cell.upper() == cell or cell[:4].isupper():
            bare = skeleton(cell)
            if _DECLASSIFIED.match(bare):
                yield MarkKind.DECLASSIFIED, Level.MAT
            elif _STAMPS.match(bare):
                yield MarkKind.STAMP, Level.MAT


def _letters(cell: str) -> str:
    return "".join(char for char in cell if char.isalnum())


def _core(cell: str) -> str:
    """The cell without urgency, the words `Độ mật:` and the like, and frame strokes read as letters."""
    rest = without_urgency(cell)
    if prefix := _PREFIX.search(skeleton(rest)):
        rest = rest[prefix.end() :]
    return rest.strip(" -–_.,:;*!'\"“”«»()[]{}<>/\\~=+•■□▪")


def _clear(cell: str) -> Level | None:
    core = _core(cell)
    letters = _letters(core)
    if not _REPEATED.match(letters.upper()) or letters == letters.lower():
        return None
    return max(level for word, level in _EXACT.items() if word in letters.upper())


def _suspected(cell: str, in_zone: bool) -> Level | None:
    """The level of what a mark may have become: diacritics, a letter or its encoding lost, look-alikes only, or written small."""
    core = _core(cell)
    letters = _letters(core)
    if not letters or len(letters) > 22:
        return None
    unframed = _FRAME_LETTERS.sub("", letters.upper())
    if _REPEATED.match(unframed):
        return max(level for word, level in _EXACT.items() if word in unframed) if in_zone or letters != letters.lower() else None
    if (level := _LEGACY.get(letters.lower()) or (_ENGLISH.get(letters.lower()) if letters.isupper() else None)) is not None:
        return level
    for pattern, level in _HOLES:
        if pattern.match(core.upper()):
            return level
    if unframed in _OTHER_WORDS:
        return None
    bare = fold(latinised(letters)).translate(_DIGITS)
    capitals = core[:1].upper() == core[:1]
    level = _BARE.get(bare) or _BARE.get(fold(unframed).translate(_DIGITS))
    if level is not None and capitals and (in_zone or level > Level.MAT):
        return level
    if not in_zone or letters != letters.upper():
        return None
    return _FRAGMENTS.get(letters) or next((grade for word, grade in _BARE.items() if len(word) > 3 and _one_off(bare, word)), None)


def _one_off(a: str, b: str) -> bool:
    """Whether one letter changed, lost or added makes one word the other."""
    if abs(len(a) - len(b)) > 1:
        return False
    start = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return a[start + 1 :] == b[start + 1 :] or a[start:] == b[start + 1 :] or a[start + 1 :] == b[start:]


def _split_over_lines(short: Sequence[str]) -> Iterator[Found]:
    """A mark whose words or letters stand under each other."""
    for start in range(len(short) - 1):
        if (level := _EXACT.get("".join(short[start:]).upper())) is not None and short[-1] != short[-1].lower():
            yield MarkKind.LEVEL, level


def _among_words(raw: str, in_header: bool) -> Iterator[Found]:
    """Marks in capitals, or in brackets, among other words of the header, or first or last in a line at the edge of a page.

    Clear on a line of the letterhead, which columns share.
    """
    line = normalise(raw[:_LONGEST_INLINE])
    line = line.strip()
    shared = in_header and len(line) < 200 and _HEADER_LINE.search(skeleton(line)) is not None
    for match in _INLINE.finditer(line):
        grade = skeleton(match["grade"] or "").replace(" ", "")
        outermost = match.start() == 0 or match.end() == len(line)
        if (in_header or outermost) and (grade or match["a"] == "Ậ") and not (
            not grade and (_NOT_BEFORE.search(line[max(match.start() - 8, 0) : match.start()]) or _NOT_AFTER.match(line, match.end()))
        ):
            yield (MarkKind.LEVEL if shared and match["a"] == "Ậ" else MarkKind.SUSPECTED), _BARE[grade + "mat"]
    for match in _BRACKETED.finditer(line):
        yield MarkKind.SUSPECTED, _EXACT[_letters(match["mark"]).upper()]


def _on_envelope(document: Text) -> Iterator[Mark]:
    """A, B or C alone, on a paper with hardly more than an address."""
    for page in document.pages:
        for line in page.lines:
            circled = _CIRCLED.match(line.text.strip()) if len(line.text) < 60 else None
            if circled:
                yield Mark(MarkKind.ENVELOPE, _ENVELOPE[normalise(circled["letter"])[:1]], line.text.strip(), page.number, line.box)
