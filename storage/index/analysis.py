"""The one analysis of text for index and query: syllables, numbers and reference codes, as written and folded, with their places."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from classification.text import fold, normalise, tone_placement

__all__ = [
    "ANALYSIS_VERSION", "Form", "Token", "Written", "analyse", "clean", "code_term", "exact_term", "pair_term", "term_counts", "tokens_of", "written",
]  # fmt: skip

ANALYSIS_VERSION = f"1/{unicodedata.unidata_version}"
"""Changes with the rules below and with the tables of characters under them: postings of another version cannot be asked."""

MAX_TOKEN = 64
"""Characters of a token that count; no word of any language here is longer, and what a broken extraction glues together may be."""

_TOKEN = re.compile(r"\d{1,3}(?:\.\d{3})+(?![^\W_]|\.\d)|[^\W_]+")
_CODE = re.compile(r"(?<![^\W_])\d[\d.]{0,8}[^\W\d_]?(?:[-/][^\W_]{1,16}){1,6}(?![^\W_])")


class Token(NamedTuple):
    """A syllable or number. exact: lower case, tone in one place; folded: without marks. start, end: in the cleaned text.

    code: where a reference code begins here, the whole of it, folded (`15-cv/vptu`); its parts are the tokens from here on.
    """

    exact: str
    folded: str
    start: int
    end: int
    code: str | None


class Written(NamedTuple):
    """The tokens of a text in order, as written and folded, and the whole codes among them."""

    exact: list[str]
    folded: list[str]
    codes: list[str]


class Form(NamedTuple):
    """How often each term occurs in a text, and its length in syllables."""

    counts: dict[str, int]
    length: int


def clean(text: str) -> str:
    """The text as it is stored and analysed: normalised, and writable as UTF-8 whatever it held before."""
    return normalise(text.encode("utf-8", "replace").decode("utf-8"))


def analyse(text: str) -> tuple[Token, ...]:
    """The tokens of a text that `clean` gave.

    Numbers lose leading zeros and dots between thousands, so `05` is `5` and `40.976` is `40976`.
    """
    codes = {match.start(): match[0] for match in _CODE.finditer(text) if any(map(str.isalpha, match[0]))}
    tokens = []
    for match in _TOKEN.finditer(text):
        exact, folded = _forms(match[0])
        code = codes.get(match.start())
        tokens.append(Token(exact, folded, match.start(), match.end(), _whole(code) if code else None))
    return tuple(tokens)


def written(text: str) -> Written:
    """The tokens of a text that `clean` gave, without their places in it: a third of the time of `analyse`."""
    forms = [_forms(word) for word in _TOKEN.findall(text)]
    codes = [_whole(code) for code in _CODE.findall(text) if any(map(str.isalpha, code))]
    return Written([exact for exact, _ in forms], [folded for _, folded in forms], codes)


def tokens_of(text: str) -> tuple[Token, ...]:
    """The tokens of any text; their places are in the cleaned text."""
    return analyse(clean(text))


@lru_cache(maxsize=1 << 16)
def _forms(word: str) -> tuple[str, str]:
    """A word as written and folded, both without spaces or marks that stand alone."""
    if word[0].isdigit() and word.replace(".", "").isdecimal():
        number = (word.replace(".", "").lstrip("0") or "0")[:MAX_TOKEN]
        return number, fold(number)
    exact = tone_placement(word).lower()[:MAX_TOKEN]
    return exact, "".join(filter(str.isalnum, fold(exact))) or exact


def _whole(code: str) -> str:
    """A code folded, its numbers as in its parts."""
    return "".join(piece if piece in "-/" else _forms(piece)[1] for piece in re.split("([-/])", code))


def exact_term(token: Token) -> str:
    """The term of a word as written."""
    return f"={token.exact}"


def code_term(code: str) -> str:
    """The term of a whole reference code."""
    return f"={code}"


def pair_term(first: Token, second: Token) -> str:
    """The term of two neighbours, folded."""
    return f"{first.folded}_{second.folded}"


def term_counts(texts: Iterable[tuple[Token, ...]]) -> Form:
    """All terms of texts that are one field: as written (`=nộp`), folded (`nop`), folded neighbours (`nop_thue`), codes (`=15-cv/vptu`)."""
    counts: dict[str, int] = {}
    length = 0
    for tokens in texts:
        length += len(tokens)
        terms = [term for token in tokens for term in (exact_term(token), token.folded)]
        terms += [pair_term(first, second) for first, second in pairwise(tokens)]
        terms += [code_term(token.code) for token in tokens if token.code]
        for term in terms:
            counts[term] = counts.get(term, 0) + 1
    return Form(counts, length)
