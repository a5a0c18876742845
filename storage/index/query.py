"""The query grammar: words, "phrases", field:value and -exclusion, turned into what a record must contain and what it is ranked by.

What a person may expect of odd input: a quotation mark without its pair reaches to the end; a field that does not exist is a word like
any other (`14:30`, `Số:12`); signs that stand alone mean nothing; words joined by signs (`QP-AN`, `249/2025`) must stand together.
In quotation marks what is typed with marks is found with these marks only, and abbreviations are not expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from classification.text import fold
from storage.errors import InvalidInput
from storage.index.abbreviations import LONGEST, alternatives
from storage.index.analysis import Token, analyse, clean, code_term, exact_term, pair_term, tokens_of
from storage.index.entry import FacetField
from storage.index.filters import Condition, During, Is, parse_period
from storage.index.frozen import frozen_idf
from storage.index.needs import EVERYWHERE, AllOf, AnyOf, Field, Need, Run

__all__ = ["MAX_LENGTH", "MAX_TERMS", "Group", "Query", "Weighted", "parse_query"]

MAX_LENGTH = 500
MAX_TERMS = 32

EXACT_WEIGHT = 1.0
FOLDED_WEIGHT = 0.4
PAIR_WEIGHT = 0.5

_ITEM = re.compile(r'(?P<minus>-(?=\S))?(?:(?P<field>[^\W\d]\w*):(?=\S))?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_QUOTES = str.maketrans("“”„‟«»", '""""""')
_FIELDS = {"subject": (Field.SUBJECT,), "text": (Field.TEXT,), "issuer": (Field.ISSUER,), "ref_code": (Field.CODE,)}


@dataclass(frozen=True, slots=True)
class Weighted:
    """A term of `analysis` to rank by, and what its form counts for."""

    term: str
    weight: float


@dataclass(frozen=True, slots=True)
class Group:
    """One word, phrase or code of the query, with what else it may be called.

    need: what a record must contain; in_subject: the same within the subject, spelled as the query spells it; as_written: the same anywhere.
    ways: terms to rank by, one tuple for each way of saying it, of which the best counts.
    weight: its share when not every word can be had, by the frozen table; None where it must be had.
    """

    need: Need
    in_subject: Need
    as_written: Need
    ways: tuple[tuple[Weighted, ...], ...]
    weight: float | None


@dataclass(frozen=True, slots=True)
class Query:
    """A query understood.

    groups: all must be found; excluded: none may be; codes: the reference codes it names, each as the beginning of a record's own.
    canonical: the text in one spelling; to tell one query from another.
    """

    groups: tuple[Group, ...]
    excluded: tuple[Need, ...]
    conditions: tuple[Condition, ...]
    codes: tuple[Run, ...]
    canonical: str

    @property
    def is_empty(self) -> bool:
        """Whether it names nothing to be found; then all that is not excluded is listed, newest first."""
        return not self.groups

    @property
    def terms(self) -> tuple[str, ...]:
        """All terms to rank by, each once, in order."""
        return tuple(dict.fromkeys(one.term for group in self.groups for way in group.ways for one in way))


@dataclass(frozen=True, slots=True)
class _Item:
    tokens: tuple[Token, ...]
    quoted: bool
    field: str | None
    minus: bool
    raw: str

    @property
    def is_word(self) -> bool:
        """Whether it is a plain word, which may be part of an abbreviation's long form."""
        return not (self.quoted or self.field or self.minus)


def parse_query(text: str, type_names: Mapping[str, str] | None = None) -> Query:
    """The query that a person typed.

    type_names: names of document types (any case, with or without marks) to their identifiers, for `doc_type:"chỉ thị"`.
    Raises InvalidInput for more than 500 characters or 32 syllables, and for a `date:` that is none.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidInput(what=f"A query has at most {MAX_LENGTH} characters; shorten it / Câu tìm dài tối đa {MAX_LENGTH} ký tự; hãy rút ngắn")
    text = clean(text).translate(_QUOTES)
    items = list(_items(text))
    if sum(len(item.tokens) for item in items) > MAX_TERMS:
        raise InvalidInput(what=f"A query has at most {MAX_TERMS} words; leave some out / Câu tìm có tối đa {MAX_TERMS} âm tiết; hãy bỏ bớt")
    names_type = any(item.field == "doc_type" for item in items)  # else their names need not be folded, at every search
    conditions, items = _conditions(items, {fold(name): kind for name, kind in (type_names or {}).items()} if names_type else {})
    wanted = [item for item in items if not item.minus]
    return Query(
        groups=tuple(_groups(wanted, marked=any(map(_is_marked, (item.tokens for item in wanted))))),
        excluded=tuple(_run(item.tokens, _is_marked(item.tokens), _fields(item)) for item in items if item.minus),
        conditions=conditions,
        codes=tuple(Run(_said(item.tokens, exact=False), exact=False, fields=(Field.CODE,), at_start=True) for item in wanted if _may_be_code(item)),
        canonical=" ".join(text.split()),
    )


def _items(text: str) -> Iterator[_Item]:
    for match in _ITEM.finditer(text):
        field, phrase, minus = match["field"], match["phrase"], bool(match["minus"])
        raw = match["word"] if phrase is None else phrase
        known = field and fold(field)
        if known and (known in _FIELDS or known in ("date", "doc_type")):
            yield _Item(analyse(raw), phrase is not None, known, minus, raw)
            continue
        if field:
            yield _Item(analyse(field), quoted=False, field=None, minus=minus, raw=field)
        for piece in [raw] if phrase is not None else raw.split(":"):
            yield _Item(analyse(piece), phrase is not None, None, minus, piece)


def _conditions(items: list[_Item], types: Mapping[str, str]) -> tuple[tuple[Condition, ...], list[_Item]]:
    """What is said of dates and types, and the other items. types: identifiers by folded name.

    A type's name goes on over the words behind it as far as it is one, so that `doc_type:chỉ thị` needs no quotation marks.
    """
    conditions: list[Condition] = []
    others: list[_Item] = []
    waiting = list(reversed(items))
    while waiting:
        item = waiting.pop()
        if item.field == "date":
            conditions.append(During(*parse_period(item.raw.strip()), negated=item.minus))
        elif item.field == "doc_type":
            name, behind = fold(item.raw.replace("_", " ")), 0
            for count, more in enumerate(reversed(waiting), 1):
                if not more.is_word or item.quoted or not any(f"{known} ".startswith(f"{name} {fold(more.raw)} ") for known in types):
                    break
                name, behind = f"{name} {fold(more.raw)}", count
            del waiting[len(waiting) - behind :]
            conditions.append(Is(FacetField.DOC_TYPE, (types.get(name, item.raw.strip().upper()),), negated=item.minus))
        elif item.tokens:
            others.append(item)
    return tuple(conditions), others


def _may_be_code(item: _Item) -> bool:
    """Whether a record's reference code may begin with it: it begins with a number that goes on (`15-CV`), or is asked for as a code."""
    return item.tokens[0].folded.isdecimal() and (item.field == "ref_code" or (item.field is None and not item.quoted and len(item.tokens) > 1))


def _groups(items: list[_Item], *, marked: bool) -> Iterator[Group]:
    position = 0
    before: Token | None = None
    while position < len(items):
        item = items[position]
        taken, others = _known(items, position) if item.is_word else (1, ())
        words = [one.tokens for one in items[position : position + taken]]
        yield _group(item, words, others, before, marked)
        position += taken
        before = words[-1][-1] if item.field is None else None


def _known(items: list[_Item], position: int) -> tuple[int, tuple[tuple[str, ...], ...]]:
    """How many plain words from here on are an abbreviation or its long form, and what else it is called; 1 and nothing otherwise."""
    taken: list[tuple[int, tuple[str, ...]]] = []
    words: tuple[str, ...] = ()
    for count, item in enumerate(items[position : position + LONGEST], 1):
        if not item.is_word:
            break
        words += _said(item.tokens, exact=False)
        taken.append((count, words))
    for count, known in reversed(taken):
        if others := alternatives(known):
            return count, others
    return 1, ()


def _group(item: _Item, words: list[tuple[Token, ...]], others: tuple[tuple[str, ...], ...], before: Token | None, marked: bool) -> Group:
    """words: the tokens of one item, or of several that together have another name. before: the last of the group in front."""
    fields, strict = _fields(item), item.quoted and _is_marked(item.tokens)
    tokens = tuple(token for word in words for token in word)
    runs = [Run(other, exact=False, fields=fields) for other in others]

    def need(within: tuple[Field, ...], *, exactly: bool) -> Need:
        said = [_run(word, exactly and _is_marked(word), within) for word in words]
        whole: Need = said[0] if len(said) == 1 else AllOf(tuple(said))
        named = tuple(Run(run.tokens, run.exact, within) for run in runs)
        return AnyOf((whole, *named)) if named else whole

    subject = (Field.SUBJECT,) if fields == EVERYWHERE else fields
    link = (Weighted(pair_term(before, tokens[0]), PAIR_WEIGHT),) if before and item.field is None else ()
    alternative = tuple(_ranked(tokens_of(" ".join(other)), marked=False) for other in others)
    return Group(
        need=need(fields, exactly=strict),
        in_subject=need(subject, exactly=True),
        as_written=need(fields, exactly=True),
        ways=((*_ranked(tokens, marked), *link), *alternative),
        weight=None if item.quoted or item.field else sum(frozen_idf(token.folded) for token in tokens),
    )


def _run(tokens: tuple[Token, ...], exact: bool, fields: tuple[Field, ...]) -> Run:
    return Run(_said(tokens, exact=exact), exact, fields)


def _said(tokens: Iterable[Token], *, exact: bool) -> tuple[str, ...]:
    return tuple(token.exact if exact else token.folded for token in tokens)


def _ranked(tokens: tuple[Token, ...], marked: bool) -> tuple[Weighted, ...]:
    """What to rank by. marked: the query was typed with marks, so that a syllable without any means just that."""
    terms = [(token.folded, FOLDED_WEIGHT) for token in tokens]
    if marked:
        terms += [(exact_term(token), EXACT_WEIGHT) for token in tokens]
    terms += [(pair_term(first, second), PAIR_WEIGHT) for first, second in pairwise(tokens)]
    terms += [(code_term(token.code), EXACT_WEIGHT) for token in tokens if token.code]
    return tuple(Weighted(term, weight) for term, weight in terms)


def _is_marked(tokens: Iterable[Token]) -> bool:
    return any(token.exact != token.folded for token in tokens)


def _fields(item: _Item) -> tuple[Field, ...]:
    return EVERYWHERE if item.field is None else _FIELDS[item.field]
