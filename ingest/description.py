"""The description of a record, put together from its envelope, its header, the decision about its level, and what a person corrected before."""

from __future__ import annotations

from dataclasses import replace

from classification import Classification, HandlingMark, Reason, Urgency
from ingest.papers import Papers
from ingest.reasons import Reason as Why
from storage.catalog.names import compartments_text
from storage.catalog.record_facts import RecordFacts
from storage.description import Description, Json

__all__ = ["describe"]


def describe(papers: Papers, facts: RecordFacts) -> Description:
    """What the record is about. Of a type that is not read, nothing but its file name.

    Of one that was described before, each correction is made again, in order: what a person wrote stands above what any reading finds.
    """
    envelope, reading, before = papers.envelope(), papers.reading(), papers.described()
    bare = Description(
        file_name=envelope.file_name,
        plain_sha256=envelope.plain_sha256,
        warnings=(*(warning.name for warning in reading.warnings), *((Why.UNKNOWN_TYPE.name,) if reading.kind is None else ())),
        active=reading.active,
        skeleton={
            "record": facts.id,
            "office": facts.office,
            "case": facts.case,
            "level": facts.effective_level.name,
            "compartments": compartments_text(facts.compartments),
            "depositor": facts.depositor.id,
            "batch": envelope.batch,
            "path": envelope.path,
        },
    )
    found = papers.classification()
    described = bare if found is None else _with_header(bare, found)
    return described if before is None else _corrected_again(described, before)


def _corrected_again(described: Description, before: Description) -> Description:
    for entry in before.history:
        changes = entry["set"]
        described = described.corrected(changes if isinstance(changes, dict) else {}, entry)
    return described


def _with_header(bare: Description, found: Classification) -> Description:
    header = found.header
    return replace(
        bare,
        ref_code=header.ref_code,
        ref_no=header.ref_no,
        doc_type=None if header.doc_type is None else header.doc_type.name,
        date=None if header.date is None else header.date.isoformat(),
        issuer=header.issuer,
        subject=header.subject,
        subject_as_printed=header.subject_as_printed,
        signer=header.signer_name,
        place=header.place,
        urgency=None if header.urgency is Urgency.NONE else header.urgency.name,
        marks=tuple(mark.name for mark in HandlingMark if mark in found.marks),
        warnings=(*bare.warnings, *(warning.name for warning in header.warnings)),
        reasons=tuple(map(_ground, found.reasons)),
    )


def _ground(reason: Reason) -> dict[str, Json]:
    box: Json = None if reason.box is None else [*reason.box]
    return {"code": reason.code, "rule": reason.rule, "evidence": reason.evidence, "page": reason.page, "box": box}
