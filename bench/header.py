"""How well headers of real legal texts are read, and how many would be held: run `python -m bench.header`; data from $VANKHO_DATA."""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.data import evaluation_data
from classification.decision import classify
from classification.document import Text
from classification.header import read_header

ROOT = Path(__file__).resolve().parent.parent
_TYPES = {"Law": "Luật", "Decree": "Nghị định", "Circular": "Thông tư", "Joint circular": "Thông tư"}
_TYPES |= {"Decision": "Quyết định", "Resolution": "Nghị quyết"}


@dataclass(frozen=True, slots=True)
class LegalText:
    """A text with what the collection lists of it."""

    id: str
    lang: str
    title: str
    number: str  # cut from the text by a pattern: sometimes a cited one
    number_in_title: str
    date: str
    kind: str
    text: str


def legal_texts(data: Path) -> Iterator[LegalText]:
    """The texts of `search/vbpl-dev.jsonl.gz`."""
    with gzip.open(data / "search" / "vbpl-dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            kind = _TYPES.get(row["type"], row["type"]).removesuffix(" liên tịch")
            yield LegalText(row["id"], row["lang"], row["title"], row["number"], row.get("number_in_title", ""), row["date"], kind, row["text"])


def _same_number(read: str | None, listed: str) -> bool:
    return bool(listed) and read is not None and read.upper() == listed.upper()


def measure(texts: list[LegalText], show: bool) -> Counter[str]:
    """Counts: numbers, dates and types equal to the listed; documents held for review, with their first reason."""
    counts: Counter[str] = Counter()
    for text in texts:
        head = read_header(Text.plain(text.text[:900]))
        whole = classify(Text.plain(text.text))
        kind = whole.header.doc_type
        outcome = {
            "number, first 900 characters": _same_number(head.ref_code, text.number),
            "number or number in title": _same_number(head.ref_code, text.number) or _same_number(head.ref_code, text.number_in_title),
            "date": whole.header.date is not None and whole.header.date.isoformat() == text.date,
            "type": kind is not None and kind.label("vi") == text.kind,
            "issuer": whole.header.issuer is not None,
            "subject": whole.header.subject is not None,
            "held": whole.review,
        }
        counts.update(name for name, holds in outcome.items() if holds)
        counts.update(["date listed"] if text.date else [])
        if show and (outcome["held"] or not outcome["number or number in title"] or not outcome["type"]):
            reasons = "; ".join(f"{reason.code}: {reason.evidence[:60]}" for reason in whole.reasons)
            read = f"read {head.ref_code} {kind} by {whole.header.issuer}"
            print(f"  {text.id} listed {text.number} {text.kind}, {read}; held {whole.review}: {reasons}")
    return counts


def main() -> int:
    """Print the figures by language; 2 if the data is not there."""
    texts = list(legal_texts(evaluation_data()))
    for lang in ("vi", "en"):
        chosen = [text for text in texts if text.lang == lang]
        counts = measure(chosen, show="--show" in sys.argv)
        print(f"{lang}: {len(chosen)} texts")
        for name in ("number, first 900 characters", "number or number in title", "date", "type", "issuer", "subject", "held"):
            print(f"  {name:30} {counts[name]} of {counts['date listed'] if name == 'date' else len(chosen)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
