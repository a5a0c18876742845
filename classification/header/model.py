"""What a document's header says, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from classification.header.doctype import DocType, Petition
from classification.header.family import Family
from classification.levels import HandlingMark

__all__ = ["CopyKind", "Header", "HeaderWarning", "Urgency"]


class Urgency(StrEnum):
    """How fast a document must go. Source: Decree 30/2020 art. 8(3)."""

    NONE = "NONE"
    KHAN = "KHAN"
    THUONG_KHAN = "THUONG_KHAN"
    HOA_TOC = "HOA_TOC"


class CopyKind(StrEnum):
    """Certified copy, copy of a certified copy, extract. Source: Decree 30/2020 art. 25."""

    CERTIFIED = "CERTIFIED"
    RECOPY = "RECOPY"
    EXTRACT = "EXTRACT"


class HeaderWarning(StrEnum):
    """What was unusual or unread; none of these holds a document back."""

    COLON = "COLON"  # `Số:` on a Party document
    EN_DASH = "EN_DASH"
    NO_NUMBER = "NO_NUMBER"
    NO_DATE = "NO_DATE"
    DAY_WITHOUT_ZERO = "DAY_WITHOUT_ZERO"
    LOW_CONFIDENCE = "LOW_CONFIDENCE"  # digits were repaired
    CODE_WITHOUT_WORD = "CODE_WITHOUT_WORD"  # the word `Số` was not read
    NONSTANDARD_CODE = "NONSTANDARD_CODE"  # `123/CV-VPTU`
    TYPE_BY_SYMBOL = "TYPE_BY_SYMBOL"  # an ambiguous symbol and no type line
    NUMBER_BY_FILE_NAME = "NUMBER_BY_FILE_NAME"  # it chose among doubtful readings of the paper
    DAY_BY_SIGNATURE = "DAY_BY_SIGNATURE"  # the paper's own day was not made out
    ISSUER_IN_TEXT = "ISSUER_IN_TEXT"  # named by the enacting words only


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of a header; None where the paper has none or it was not read.

    issuer: full name, an office and its parent body joined (`Văn phòng Tỉnh ủy Lào Cai`). ref_code: as printed, repaired. ref_symbol: the code
    without number and year. body, unit: parts of the symbol. draft: which draft, 0 where unnumbered. subject: without `về việc`, `V/v`, `về`.
    has_letterhead: the motto or the Party line was seen.
    """

    family: Family = Family.UNKNOWN
    has_letterhead: bool = False
    parent_body: str | None = None
    issuer: str | None = None
    ref_code: str | None = None
    ref_no: int | None = None
    ref_symbol: str | None = None
    ref_year: int | None = None
    body: str | None = None
    unit: str | None = None
    na_term: int | None = None
    doc_type: DocType | None = None
    petition: Petition | None = None
    place: str | None = None
    date: date | None = None
    subject: str | None = None
    subject_as_printed: str | None = None
    urgency: Urgency = Urgency.NONE
    handling: frozenset[HandlingMark] = frozenset()
    draft: int | None = None
    copy: CopyKind | None = None
    signer_authority: str | None = None
    signer_title: str | None = None
    signer_name: str | None = None
    warnings: tuple[HeaderWarning, ...] = ()

    @property
    def is_petition_related(self) -> bool:
        """Whether it is a citizen's paper or a slip that passes one on."""
        return self.petition is not None

    @property
    def is_legal(self) -> bool:
        """Whether it is legislation: by its type, or by the year in its number."""
        return self.ref_year is not None or (self.doc_type is not None and self.doc_type.is_legislation)
