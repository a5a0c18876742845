"""Reading a header: zone, number, letterhead, date, type, subject, signer, in this order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from classification.document import Text
from classification.header.bodies import is_body
from classification.header.dates import Dated, adopted_on, dated_in
from classification.header.doctype import DocType, english_type, leading_type
from classification.header.family import Family
from classification.header.handwriting import redated, renumbered, signed_on
from classification.header.letterhead import enacted_type, enacting_body, issuer_of
from classification.header.model import Header, HeaderWarning, Urgency
from classification.header.reference import Reference, read_code, reference_in
from classification.header.signer import signer_of
from classification.header.stamps import copy_of, draft_of, handling_of, is_rule, urgency_of
from classification.header.subject import (
    is_heading,
    is_stamp,
    letter_subject,
    petition_in,
    petition_passed_on,
    subject_after,
    type_line,
    without_opening,
)
from classification.header.zone import Zone, header_zone
from classification.text import normalise, skeleton

__all__ = ["read_header"]

_AMBIGUOUS = frozenset({"TT", "TTr", "QĐ", "HĐ"})
_YOUTH = re.compile(r"\bdoan (?:tncs|thanh nien cong san)")
_HEAD_LINES = 200
_TITLED = re.compile(r" {1,3}(?:(?:so|no\.?):? {1,3})?")

Cells = list[tuple[int, str]]


def read_header(document: Text) -> Header:
    """The header of a document; fields it does not have, or that cannot be read, are None. Never raises."""
    first = next((page for page in document.pages if any(line.text.strip() for line in page.lines)), None)
    if first is None:
        return Header()
    lines = [line.text for line in first.lines[:_HEAD_LINES]]
    zone = header_zone(lines)
    flat: Cells = [(n, cell) for n, row in zone.rows for cell in row]
    family = _family(zone, flat)
    at, printed_reference = _reference(flat, family, lines)
    reference, is_named = renumbered(printed_reference, first.rereads, document.file_name)
    kind_at, kind, printed = _type(flat, at)
    left, printed_date = _columns(flat, min(kind_at, zone.end), at, reference)
    dated, by_signature = redated(printed_date, first.rereads, signed_on(line.text for line in first.lines))
    printed_large = [(n, cell) for n, cell in left if is_heading(cell)]
    above = [cell for n, cell in printed_large if at is None or n < at]
    issuer, parent = issuer_of((above if any(map(is_body, above)) else [cell for _, cell in printed_large])[:5])
    header = _stamped(Header(family, zone.has_motto or zone.has_party_line, parent, issuer), flat)
    header = _numbered(header, reference)
    header = _titled(_described(header, lines, left, at, kind_at, kind, printed, flat), lines, document)
    last = [line.text for page in document.pages[-3:] for line in page.lines[-60:]]
    signer = signer_of(last)
    header = replace(header, signer_authority=signer.authority, signer_title=signer.title, signer_name=signer.name)
    header = _dated(_enacted(header, lines), dated, last, reference)
    told = ((HeaderWarning.NUMBER_BY_FILE_NAME, is_named), (HeaderWarning.DAY_BY_SIGNATURE, by_signature))
    return replace(header, warnings=(*header.warnings, *(warning for warning, holds in told if holds)))


def _family(zone: Zone, flat: Cells) -> Family:
    if any(is_heading(cell) and _YOUTH.search(skeleton(cell[:200])) for _, cell in flat[:6]):
        return Family.YOUTH_UNION
    return Family.PARTY if zone.has_party_line else Family.GOV if zone.has_motto else Family.UNKNOWN


def _reference(flat: Cells, family: Family, lines: Sequence[str]) -> tuple[int | None, Reference | None]:
    """The first own number of the zone and its line; a code without the word `Số` only where no other is."""
    bare: tuple[int, Reference] | None = None
    below_type = False
    for i, (n, cell) in enumerate(flat):
        found = reference_in(cell, family, flat[i + 1][1] if i + 1 < len(flat) else "", below_type)
        below_type = below_type or type_line(cell) is not None
        if found and not found.is_bare:
            long_dash = any(dash in lines[n][:300] for dash in "–—")
            return n, replace(found, has_long_dash=long_dash and found.code.count("-") > 0)
        bare = bare or ((n, found) if found else None)
    return bare or (None, None)


def _type(flat: Cells, at: int | None) -> tuple[int, DocType | None, str]:
    """Line, type and rest of the type line: the first heading below the number, or anywhere where there is no number."""
    for n, cell in flat:
        if (at is None or n > at) and (found := type_line(cell)) and not (at is None and is_body(cell) and found[1]):
            return n, *found
    return 1 << 30, None, ""


def _columns(flat: Cells, end: int, at: int | None, reference: Reference | None) -> tuple[Cells, Dated | None]:
    """The left column above the type line, without number, date, stamps and rules; and the date that stood among it."""
    left: Cells = []
    dated: Dated | None = None
    for n, cell in flat:
        rest = cell
        if n == at and reference and (own := reference_in(cell, Family.GOV)) is not None:
            rest = cell[own.end :].strip()
            if reference.end > own.end:
                rest = ""
        found = dated_in(rest[:300]) if rest and n <= end else None
        if found:
            dated = dated or found
            rest = (rest[: found.start] + rest[found.end :]).strip()
        if rest and n < end and not (is_rule(rest) or copy_of(rest) or is_stamp(rest)):
            left.append((n, rest))
    return left, dated


def _stamped(header: Header, flat: Cells) -> Header:
    order = list(Urgency)
    every = [cell for _, cell in flat]
    return replace(
        header,
        urgency=max(map(urgency_of, every), key=order.index, default=Urgency.NONE),
        handling=frozenset(mark for cell in every if (mark := handling_of(cell))),
        draft=next((number for cell in every if (number := draft_of(cell)) is not None), None),
        copy=next((kind for cell in every if (kind := copy_of(cell))), None),
    )


def _numbered(header: Header, reference: Reference | None) -> Header:
    if reference is None:
        return replace(header, warnings=(HeaderWarning.NO_NUMBER,))
    letter_in_government = header.family is Family.GOV and reference.symbol.startswith("CV-")
    told = (
        (HeaderWarning.COLON, reference.has_colon and header.family is Family.PARTY),
        (HeaderWarning.EN_DASH, reference.has_long_dash),
        (HeaderWarning.NO_NUMBER, reference.no is None),
        (HeaderWarning.LOW_CONFIDENCE, reference.is_repaired),
        (HeaderWarning.CODE_WITHOUT_WORD, reference.is_bare),
        (HeaderWarning.NONSTANDARD_CODE, letter_in_government),
    )
    return replace(
        header, ref_code=reference.code if reference.no is not None else None, ref_no=reference.no, ref_symbol=reference.symbol,
        ref_year=reference.year, body=reference.body, unit=reference.unit, na_term=reference.term, doc_type=reference.doc_type,
        warnings=tuple(warning for warning, holds in told if holds),
    )  # fmt: skip


def _described(
    header: Header, lines: Sequence[str], left: Cells, at: int | None, kind_at: int, kind: DocType | None, printed: str, flat: Cells
) -> Header:
    """Type and subject: by the printed type line, else by the symbol, a letter's subject under its number."""
    heading = next((cell for n, cell in flat if n == kind_at), "")
    if kind is not None:
        subject = subject_after(lines, kind_at + 1, "" if kind is DocType.PETITION else printed)
        if kind is DocType.CONCLUSION and skeleton(printed).startswith("thanh tra"):
            kind = DocType.INSPECTION_CONCLUSION
            subject = subject_after(lines, kind_at + 1, printed[len("thanh tra") :].strip())
        petition = petition_in(heading)
        header = replace(header, doc_type=kind, family=Family.PRIVATE if petition and header.ref_code is None else header.family)
    else:
        subject = letter_subject([(n, cell) for n, cell in left if at is None or n >= at])
        petition = None
        if subject and header.doc_type is None:
            header = replace(header, doc_type=DocType.LETTER)
        if header.ref_symbol and re.split("[-/]", header.ref_symbol)[0] in _AMBIGUOUS:
            header = replace(header, warnings=(*header.warnings, HeaderWarning.TYPE_BY_SYMBOL))
    bare = without_opening(subject)
    petition = petition or petition_passed_on(header.doc_type, bare)
    return replace(header, subject=bare, subject_as_printed=subject, petition=petition)


def _titled(header: Header, lines: Sequence[str], document: Text) -> Header:
    """A title set before the text (`Thông tư số 25/2021/TT-BTC Quy định …`) gives number, type and subject where the header has none."""
    title = normalise(next(line for line in lines if line.strip())[:2000]).strip()
    found = leading_type(title) or _english_title(title)
    if found is None:
        return header
    kind, length = found
    rest = " ".join(title.split()[length:])
    opening = _TITLED.match(skeleton(" " + rest))
    code = read_code(rest[max(opening.end() - 1, 0) :] if opening else rest, header.family)
    if code is None or code.no is None or not (code.year or code.unit or code.doc_type) or header.ref_code not in (None, code.code):
        return header
    numbered = header if header.ref_code else _numbered(header, code)
    subject = rest[opening.end() - 1 + code.end :].strip(" :.-") if opening else ""
    return replace(
        numbered, doc_type=header.doc_type or kind, subject=header.subject or without_opening(subject or None),
        subject_as_printed=header.subject_as_printed or subject or None,
    )  # fmt: skip


def _english_title(title: str) -> tuple[DocType, int] | None:
    words = title.split(maxsplit=2)
    named = ((english_type(" ".join(words[:length])), length) for length in (2, 1))
    return next(((kind, length) for kind, length in named if kind is not None), None)


def _enacted(header: Header, lines: Sequence[str]) -> Header:
    """A legal text without letterhead is issued by whom its enacting words name, and of the type that they name."""
    if header.issuer is not None or header.family is Family.PRIVATE:
        return header
    for line in lines:
        words = normalise(line[:1000])
        if (body := enacting_body(words)) and (kind := header.doc_type or enacted_type(words)):
            return replace(header, issuer=body, doc_type=kind, warnings=(*header.warnings, HeaderWarning.ISSUER_IN_TEXT))
    return header


def _dated(header: Header, dated: Dated | None, last: Sequence[str], reference: Reference | None) -> Header:
    day: date | None = dated.day if dated else None
    if day is None and header.doc_type in (DocType.LAW, DocType.ORDINANCE, DocType.RESOLUTION) and header.na_term:
        day = next((found for line in reversed(last) if (found := adopted_on(normalise(line[:600])))), None)
    told = (
        (HeaderWarning.NO_DATE, day is None),
        (HeaderWarning.DAY_WITHOUT_ZERO, dated is not None and dated.lacks_zero and not dated.is_repaired),
        (HeaderWarning.LOW_CONFIDENCE, dated is not None and dated.is_repaired and HeaderWarning.LOW_CONFIDENCE not in header.warnings),
    )
    return replace(header, place=dated.place if dated else None, date=day, warnings=(*header.warnings, *(w for w, holds in told if holds)))
