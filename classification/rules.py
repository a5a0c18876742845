"""Rules beside the mark: petitions, the denouncer's identity, the subject catalogue. Source: Law 25/2018/QH14 art. 56; Quyết định 774/QĐ-TTg."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from classification.catalogue import candidates
from classification.document import Text
from classification.header import Header, Petition
from classification.levels import Compartment, Level
from classification.text import UPPER, normalise, skeleton

__all__ = ["Finding", "RuleCode", "apply_rules"]


class RuleCode(StrEnum):
    """Which rule spoke."""

    DENUNCIATION = "DENUNCIATION"
    DENOUNCER_NAMED = "DENOUNCER_NAMED"
    PETITION = "PETITION"
    CATALOGUE = "CATALOGUE"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of a document: the level it proposes and the compartment it closes, on what evidence, on which page."""

    code: RuleCode
    level: Level
    compartment: Compartment | None
    rule: str
    evidence: str
    page: int


_ARTICLE_56 = "Luật 25/2018/QH14, Điều 56; Quyết định 774/QĐ-TTg ngày 05/6/2020"
_PERSONAL = "Luật 91/2025/QH15; Luật 42/2013/QH13"
_NAMED = re.compile(r"\bnguoi (?:to cao|duoc bao ve)(?: la|:|,| co ten)? ?:? {0,2}(?:(?:ong|ba|anh|chi|dong chi|d/c|ho (?:va )?ten ?:)\W{0,3})")
_CALLED = re.compile(r"\b(?:don|thu) to (?:cao|giac) cua (?:cac )?(?:ong|ba|anh|chi|dong chi|d/c|cong dan)\W{0,3}")
_NAME = re.compile(rf"(?:[{UPPER}]\w{{0,7}} ){{1,4}}[{UPPER}]\w{{0,7}}")
_LONGEST_LINE = 4000
_OPENING_LINES = 40


def apply_rules(document: Text, header: Header) -> tuple[Finding, ...]:
    """What the rules find; empty if none applies. Never raises."""
    found: list[Finding] = []
    if header.petition is Petition.DENUNCIATION:
        evidence = header.subject_as_printed or "Đơn tố cáo"
        found.append(Finding(RuleCode.DENUNCIATION, Level.MAT, Compartment.DENOUNCER_IDENTITY, _ARTICLE_56, evidence, 1))
    elif header.petition is not None:
        evidence = header.subject_as_printed or "Đơn"
        found.append(Finding(RuleCode.PETITION, Level.NON_CONFIDENTIAL, Compartment.PETITION_PII, _PERSONAL, evidence, 1))
    if not header.is_legal and (named := _denouncer(document)):
        found.append(named)
    opening = " ".join(normalise(line.text[:500]) for line in document.pages[0].lines[:_OPENING_LINES]) if document.pages else ""
    for entry in candidates(header, opening):
        until = f", {entry.until}" if entry.until else ""
        quoted = f"Mục {entry.id} ({entry.field}): {entry.subject_phrase}{until}"
        compartment = Compartment.DENOUNCER_IDENTITY if entry.id == 15 else None
        found.append(Finding(RuleCode.CATALOGUE, entry.level, compartment, entry.decision, quoted, 1))
    return tuple(found)


def _denouncer(document: Text) -> Finding | None:
    """The first place that names who denounced. The evidence ends before the name."""
    for page in document.pages:
        for line in page.lines:
            text = normalise(line.text[:_LONGEST_LINE])
            bare = skeleton(text)
            for pattern in (_NAMED, _CALLED):
                for match in pattern.finditer(bare):
                    if _NAME.match(text, match.end()):
                        evidence = text[match.start() : match.end()].strip() + " …"
                        return Finding(RuleCode.DENOUNCER_NAMED, Level.MAT, Compartment.DENOUNCER_IDENTITY, _ARTICLE_56, evidence, page.number)
    return None
