"""Answers as JSON: identifiers, and beside them labels in the language asked for."""

from __future__ import annotations

from typing import TypeAlias

from classification import DocType, Level
from ingest.reasons import Reason
from search_api.reading import Shown
from storage.catalog.blobs import BlobRow
from storage.catalog.deposits import Receipt
from storage.catalog.skeletons import Skeleton
from storage.catalog.states import BlobPart
from storage.clock import instant
from storage.description import Json
from storage.vault.age import plain_size

__all__ = ["Answer", "message", "outcome_of", "parts", "receipt", "record", "skeleton"]

Answer: TypeAlias = dict[str, Json]

_OF_THE_RECORD = ("level", "proposed_level", "confidential", "review", "ref_code", "doc_type", "date", "sha256", "page_count", "indexed")
_PARTS_SHOWN = (BlobPart.ORIGINAL, BlobPart.ACCESS, BlobPart.TEXT, BlobPart.PAGES)


def level_fields(level: Level | None, proposed: Level | None, lang: str) -> Answer:
    """level and proposed_level by name, whether it is confidential, and its label. level: the effective one."""
    return {
        "level": None if level is None else level.name,
        "level_label": None if level is None else level.label(lang),
        "proposed_level": None if proposed is None else proposed.name,
        "confidential": None if level is None else level.confidential,
    }


def doc_type_fields(doc_type: str | None, lang: str) -> Answer:
    """doc_type and its label; a type that is not in the list (an archivist's own) is its own label."""
    known = doc_type is not None and doc_type in DocType.__members__
    return {"doc_type": doc_type, "doc_type_label": DocType[str(doc_type)].label(lang) if known else doc_type}


def skeleton(found: Skeleton, lang: str) -> Answer:
    """What may be listed of a record without opening anything."""
    return {
        "record_id": found.id,
        "state": found.state.value,
        "office": found.office_id,
        "review": found.review,
        "received_at": instant(found.received_at),
        "page_count": found.page_count,
        "media_type": found.media_type,
        "compartments": [*sorted(found.compartments)],
        **level_fields(found.level, found.proposed_level, lang),
    }


def record(shown: Shown, lang: str) -> Answer:
    """`show`: the whole record but its content."""
    facts, bare, described = shown.facts, shown.skeleton, shown.described
    fields: Answer = {}
    if described is not None:
        fields = {
            "ref_code": described.ref_code,
            "ref_no": described.ref_no,
            **doc_type_fields(described.doc_type, lang),
            "date": described.date,
            "issuer": described.issuer,
            "subject": described.subject,
            "subject_as_printed": described.subject_as_printed,
            "signer": described.signer,
            "place": described.place,
            "urgency": described.urgency,
            "tags": [*described.tags],
            "file_name": described.file_name,
            "sha256": described.plain_sha256,
        }
    return skeleton(bare, lang) | {
        **level_fields(facts.effective_level, bare.proposed_level, lang),
        "indexed": shown.indexed,
        "protect_until": None,
        "case": facts.case,
        "marks": [*(described.marks if described else ())],
        "fields": fields,
        "parts": [*parts(shown)],
        "reasons": [*(described.reasons if described else ())],
        "warnings": [*(described.warnings if described else ())],
        "active": [*(described.active if described else ())],
        "history": [*(described.history if described else ())],
    }


def parts(shown: Shown) -> list[Answer]:
    """The parts that one may ask for."""
    return [_part(row, shown.skeleton) for row in shown.parts if row.part in _PARTS_SHOWN]


def receipt(given: Receipt, shown: Shown | None, lang: str) -> Answer:
    """A receipt. shown: the record, where its depositor may read it; the fields about it are null for anyone else."""
    seen: Answer = {**dict.fromkeys(_OF_THE_RECORD), "warnings": []}
    if shown is not None and shown.described is not None:
        described, bare = shown.described, shown.skeleton
        seen = {
            **level_fields(shown.facts.effective_level, bare.proposed_level, lang),
            "review": bare.review,
            "ref_code": described.ref_code,
            "doc_type": described.doc_type,
            "date": described.date,
            "sha256": described.plain_sha256,
            "page_count": bare.page_count,
            "indexed": shown.indexed,
            "warnings": [*described.warnings],
        }
    return {**outcome_of(given, lang), "batch": given.batch, "promise": given.promise, **seen}


def outcome_of(given: Receipt, lang: str) -> Answer:
    """What became of one deposit: what its depositor may know, whatever she may read."""
    return {
        "receipt_id": given.id,
        "record_id": given.record,
        "outcome": given.outcome.value,
        "reason": None if given.reason is None else given.reason.value,
        "message": message(given.reason, lang),
        "size": given.size,
    }


def message(reason: str | None, lang: str) -> str | None:
    """The sentence of a reason code."""
    return None if reason is None else Reason[str(reason)].value.text(lang)


def _part(row: BlobRow, bare: Skeleton) -> Answer:
    is_original = row.part is BlobPart.ORIGINAL
    size = bare.size_shown if is_original else plain_size(row.payload_size)
    return {"name": row.part.value, "media_type": bare.media_type if is_original else row.media_type, "size": size, "pages": bare.page_count}
