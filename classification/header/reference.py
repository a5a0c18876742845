"""Reference codes (số, ký hiệu): the grammar of Government, legal, National Assembly, letter and Party numbers. Source: Decree 30/2020 art. 8."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from classification.header.bodies import is_code, restored_symbol
from classification.header.doctype import DocType, by_symbol
from classification.header.family import Family
from classification.text import LOWER, UPPER, normalise, skeleton

__all__ = ["Reference", "read_code", "reference_in"]

_DIGIT_LIKE = str.maketrans("OoQIl|i", "0001111")
_OWN = re.compile(
    r"^\W{0,4}(?:(?P<law>luat|bo luat|phap lenh|nghi quyet|nghi dinh|thong tu|quyet dinh) {1,3}so"
    r"|(?:decree|circular|law|decision|resolution) no|(?P<word>[s5][o06]))(?P<mark> {0,3}[:.;]{0,2} {0,8})(?=[\d/.:\-_ oil|]|$|.{1,8}/)"
)
_BARE = re.compile(r"^\W{0,4}[^\W\d]{0,3}\W{0,4}(?=\d)")
_NO = r"(?P<no>[\dOolI|]{1,6}(?:\.[\dOolI]{1,3})?[a-z]?|[.…_ ]{0,12})"
_YEAR = r"(?P<year>(?:19|20|2O)[\dOolI]{2})"
_PIECE = r"[^\W\d_][\w&.]{0,14}"
_CODE = re.compile(
    rf"{_NO} {{0,3}}(?P<first>[/\-~l|]) {{0,3}}(?:{_YEAR} {{0,3}}(?P<then>[/-]) {{0,3}})?"
    rf"(?P<symbol>{_PIECE}(?: ?[-/~] ?{_PIECE}){{0,8}}[-/]?)"
)
_UNREAD = re.compile(rf".{{1,8}}?(?=/ ?[{UPPER}])")
_TERM = re.compile(r"(?:QH|UBTVQH)-?(\d{1,2})$")
_LAW = {"luat": DocType.LAW, "bo luat": DocType.LAW, "phap lenh": DocType.ORDINANCE, "nghi quyet": DocType.RESOLUTION}


@dataclass(frozen=True, slots=True)
class Reference:
    """A document's own number, repaired. `code` as printed without stray spaces; `no` None where the paper leaves it blank."""

    code: str
    no: int | None
    symbol: str
    year: int | None
    doc_type: DocType | None
    body: str | None
    unit: str | None
    term: int | None
    has_colon: bool
    has_long_dash: bool
    is_repaired: bool
    is_bare: bool
    end: int  # where the code ends in the cell


def reference_in(raw: str, family: Family, following: str = "", below_type: bool = False) -> Reference | None:
    """The reference code that this cell begins with, or None.

    `following`: the next line of the same column, used where the symbol breaks off after `-` or `/`.
    A code without `Số` counts only if its symbol begins with a known type: a cited number in running text never does. Nor do a small `số`, and
    `Luật số …` under the type line, where a subject cites it at the start of a line.
    """
    cell = normalise(raw[:300])
    own = _OWN.match(skeleton(cell))
    if own and ((own["word"] and cell[own.start("word")] == "s") or (own["law"] and below_type)):
        return None
    start = own or _BARE.match(cell)
    if start is None:
        return None
    rest = cell[start.end() :]
    found = read_code(rest, family, following) or (_unread_number(rest, family, following) if own else None)
    if found is None or (own is None and (found.doc_type in (None, DocType.LETTER) or found.no is None)):
        return None
    kind = found.doc_type
    if own and own["law"] and found.term:
        kind = _LAW.get(own["law"], kind)
    return Reference(
        found.code, found.no, found.symbol, found.year, kind, found.body, found.unit, found.term,
        has_colon=bool(own and ":" in own["mark"]), has_long_dash=any(dash in raw for dash in "–—−"),
        is_repaired=found.is_repaired or bool(own and not cell[own.start("mark") - 1].isalpha()), is_bare=own is None, end=start.end() + found.end,
    )  # fmt: skip


def read_code(text: str, family: Family, following: str = "") -> Reference | None:
    """The code at the start of `text` (normalised), e.g. `47/QD-UBND` as `47/QĐ-UBND`; None if there is none."""
    match = _CODE.match(text)
    if match is None or not _plausible(match):
        return None
    symbol = re.sub(r" ?([-/~]) ?", r"\1", _own_part(match["symbol"])).replace("~", "-")
    end = match.start("symbol") + len(_own_part(match["symbol"]))
    if symbol[-1] in "-/":
        more = re.match(_PIECE, following.strip())
        symbol = symbol + more[0] if more else symbol.rstrip("-/")
    printed_no, year = match["no"].strip(" ._…"), match["year"]
    no, whole_year = printed_no.translate(_DIGIT_LIKE), year and year.translate(_DIGIT_LIKE)
    is_party = match["first"] in "-~" and "/" in symbol
    first, *rest = re.split(r"[-/]", symbol)
    first = first.replace("ĐĐ", "Đ") if is_code(first.replace("ĐĐ", "Đ")) or by_symbol(first.replace("ĐĐ", "Đ"), family) else first
    term = _TERM.match(symbol)
    kind = None if term else by_symbol(first, family)
    pieces = [kind[1] if kind else restored_symbol(first), *map(restored_symbol, rest)]
    symbol = (pieces[0] + ("/" if is_party else "-") + "-".join(pieces[1:])) if rest else pieces[0]
    is_letter = kind is None and term is None and not year
    code = f"{no}{'-' if is_party else '/'}{whole_year + match['then'] if whole_year else ''}{symbol}"
    number = re.match(r"\d+", no)
    return Reference(
        code, int(number[0]) if number else None, symbol, int(whole_year) if whole_year else None,
        kind[0] if kind else DocType.LETTER if is_letter and rest else None,
        body=("-".join(pieces[1:]) or None) if kind else pieces[0], unit=None if kind or term else "-".join(pieces[1:]) or None,
        term=int(term[1]) if term else None, has_colon=False, has_long_dash=False,
        is_repaired=(no, whole_year) != (printed_no, year), is_bare=False, end=end,
    )  # fmt: skip


def _unread_number(text: str, family: Family, following: str) -> Reference | None:
    """A code whose handwritten number was not read (`Số: 2“ /CT-UBND`): the symbol alone, if it begins with a known type or body."""
    junk = _UNREAD.match(text)
    found = read_code(text[junk.end() :], family, following) if junk else None
    if junk is None or found is None or not (found.doc_type is not DocType.LETTER or is_code(found.body or "")):
        return None
    return replace(found, end=junk.end() + found.end, is_repaired=True)


def _plausible(match: re.Match[str]) -> bool:
    """A slash may be read as l or |, but then a known symbol must follow; a symbol is mostly capitals."""
    first = re.match(r"[^\W\d_]+", match["symbol"])
    capitals = bool(first) and sum(map(str.isupper, first[0])) * 2 >= len(first[0]) if first else False
    if match["first"] in "/-~":
        return capitals
    return capitals and by_symbol(re.split(r"[-/]", match["symbol"])[0].strip(), Family.GOV) is not None


def _own_part(symbol: str) -> str:
    """Without what only a spaced dash has joined on (`/BC-UBND - Hà Nội`)."""
    cut = re.search(rf" [-/~] ?(?=\w{{0,14}}[{LOWER}])(?!TTg)| [-/~]$", symbol)
    return symbol[: cut.start()].rstrip() if cut else symbol.rstrip(" .")
