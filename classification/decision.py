"""The decision: which level a document has, with its reasons, and whether a person must confirm it. Fails closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from classification.document import Box, Profile, Source, Text
from classification.header import Header, read_header
from classification.levels import Compartment, HandlingMark, Level
from classification.marks import Mark, MarkKind, find_handling, find_marks
from classification.rules import Finding, apply_rules

__all__ = ["Classification", "Reason", "Unread", "classify", "classify_text"]

_MAX_REASONS = 50


class Unread(StrEnum):
    """Why a document cannot be decided open without a person: what was not read."""

    EMPTY = "EMPTY"
    PAGE = "PAGE_UNREAD"
    LETTERHEAD = "NO_LETTERHEAD"
    ISSUER = "NO_ISSUER"
    TYPE_OR_CODE = "NO_TYPE_OR_CODE"


@dataclass(frozen=True, slots=True)
class Reason:
    """One ground of a decision: its code, the rule it rests on (law and article), the words it was seen in, where (`page` from 1)."""

    code: str
    rule: str
    evidence: str
    page: int | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Classification:
    """What was decided.

    level: the effective one; while `review` is true at least MAT. proposed_level: what the machine thinks. score: probability that it is
    confidential, None where no model spoke. marks: circulation marks; secrecy marks are among the reasons.
    """

    level: Level
    proposed_level: Level
    review: bool
    profile: Profile
    header: Header
    compartments: frozenset[Compartment] = frozenset()
    marks: frozenset[HandlingMark] = frozenset()
    reasons: tuple[Reason, ...] = ()
    score: float | None = None
    model: str | None = None

    @property
    def confidential(self) -> bool:
        """Whether the effective level is one of state secrets."""
        return self.level.confidential


def classify(document: Text) -> Classification:
    """The level of a document by its marks, the rules and its header. Pure and deterministic; never raises.

    A clear mark decides without a person, the highest of several. Open without a person is only a document whose header was read, that shows no
    mark and that no rule touches; all else waits for one, at MAT or higher. Source: Law 117/2025/QH15 art. 10 (a person decides, the highest counts).
    """
    header = read_header(document)
    marks, findings, unread = find_marks(document), apply_rules(document, header), _unread(document, header)
    handling = header.handling | find_handling(document)
    clear = max((mark.level for mark in marks if mark.kind is MarkKind.LEVEL), default=Level.NON_CONFIDENTIAL)
    doubtful = max((mark.level for mark in marks if mark.kind is not MarkKind.LEVEL), default=Level.NON_CONFIDENTIAL)
    ruled = max((finding.level for finding in findings), default=Level.NON_CONFIDENTIAL)
    declassified = any(mark.kind is MarkKind.DECLASSIFIED for mark in marks)
    if clear.confidential:
        review, proposed = doubtful > clear or declassified, max(clear, doubtful)
    else:
        review, proposed = bool(marks or findings or unread), max(doubtful, ruled)
    return Classification(
        level=max(proposed, Level.MAT) if review else proposed,
        proposed_level=proposed,
        review=review,
        profile=document.profile,
        header=header,
        compartments=frozenset(finding.compartment for finding in findings if finding.compartment),
        marks=handling,
        reasons=_reasons(marks, findings, handling, () if clear.confidential else unread),
    )


def classify_text(text: str, profile: Profile = Profile.TEXT) -> Classification:
    """`classify` for a plain text."""
    return classify(Text.plain(text, profile))


def _unread(document: Text, header: Header) -> tuple[tuple[Unread, int | None], ...]:
    if not any(line.text.strip() for page in document.pages for line in page.lines):
        return ((Unread.EMPTY, None),)
    told = (
        (Unread.LETTERHEAD, document.profile is Profile.PAGE and not header.has_letterhead),
        (Unread.ISSUER, header.issuer is None),
        (Unread.TYPE_OR_CODE, header.doc_type is None and header.ref_code is None),
    )
    pages = tuple((Unread.PAGE, page.number) for page in document.pages if page.source is Source.NONE)
    return (*((what, None) for what, holds in told if holds), *pages)


_MARK_RULES = {
    MarkKind.LEVEL: "Luật 117/2025/QH15, Điều 8",
    MarkKind.SUSPECTED: "Luật 117/2025/QH15, Điều 8",
    MarkKind.ENVELOPE: "Thông tư 24/2020/TT-BCA, mẫu số 03",
    MarkKind.STAMP: "Thông tư 24/2020/TT-BCA, mẫu số 04, 07, 08",
    MarkKind.DECLASSIFIED: "Luật 117/2025/QH15, Điều 22",
    MarkKind.HIDDEN: "Luật 117/2025/QH15, Điều 5",
}
_UNREAD_RULE = "Chưa đọc được phần thể thức thì chưa được coi là tài liệu không mật"


def _reasons(
    marks: Sequence[Mark], findings: Sequence[Finding], handling: frozenset[HandlingMark], unread: Sequence[tuple[Unread, int | None]]
) -> tuple[Reason, ...]:
    """Grounds in the order of their weight, at most fifty, highest marks first."""
    by_weight = sorted(marks, key=lambda mark: -mark.level)
    found = [Reason(mark.kind, _MARK_RULES[mark.kind], f"{mark.level.name}: {mark.evidence}", mark.page, mark.box) for mark in by_weight]
    found += [Reason(finding.code, finding.rule, finding.evidence, finding.page) for finding in findings]
    found += [Reason(what, _UNREAD_RULE, "", page) for what, page in unread]
    found += [Reason(mark, "Nghị định 30/2020/NĐ-CP, Điều 8", mark.value) for mark in sorted(handling)]
    return tuple(found[:_MAX_REASONS])
