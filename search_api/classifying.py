"""`classify`: what would be decided of a text, as JSON."""

from __future__ import annotations

from classification import Classification, Header, classify_text
from storage.description import Json

__all__ = ["as_json", "classified", "reasons_json"]


def classified(text_id: str | None, text: str) -> dict[str, Json]:
    """The decision on a plain text. text_id: as the caller names it."""
    return as_json(text_id, classify_text(text))


def as_json(text_id: str | None, decided: Classification) -> dict[str, Json]:
    """A decision as the interface gives it. score: the probability that it is confidential, null where no model speaks."""
    return {
        "id": text_id,
        "level": decided.level.name,
        "proposed_level": decided.proposed_level.name,
        "confidential": decided.confidential,
        "review": decided.review,
        "score": decided.score,
        "profile": decided.profile.value,
        "model": decided.model,
        "compartments": [*sorted(decided.compartments)],
        "marks": [*sorted(decided.marks)],
        "reasons": [*reasons_json(decided)],
        "fields": {**_fields(decided.header)},
    }


def reasons_json(decided: Classification) -> list[Json]:
    """The grounds of a decision. box: left, top, right, bottom on the page, or null."""
    return [
        {
            "code": reason.code,
            "rule": reason.rule,
            "evidence": reason.evidence,
            "page": reason.page,
            "box": None if reason.box is None else [*reason.box],
        }
        for reason in decided.reasons
    ]


def _fields(header: Header) -> dict[str, Json]:
    return {
        "ref_code": header.ref_code,
        "ref_no": header.ref_no,
        "doc_type": None if header.doc_type is None else header.doc_type.name,
        "date": None if header.date is None else header.date.isoformat(),
        "issuer": header.issuer,
        "subject": header.subject,
        "subject_as_printed": header.subject_as_printed,
        "place": header.place,
        "urgency": header.urgency.name,
        "signer": header.signer_name,
        "warnings": [*header.warnings],
    }
