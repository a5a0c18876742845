"""How well and how fast the embedded index finds: MRR@10 on public question sets, milliseconds a question.

Run: VANKHO_DATA=DIR python -m bench.finding
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.data import evaluation_data
from classification.levels import Level
from classification.text import fold
from storage.catalog.names import OfficeId
from storage.ids import RecordId
from storage.index.embedded import ClosedSource, EmbeddedPartition, OpenSource, create_partition
from storage.index.entry import IndexEntry
from storage.index.merge import ask
from storage.index.query import MAX_TERMS, parse_query
from storage.index.question import Question, Source

TOKEN = "office:bench"
TITLE_WORDS = 8
TARGETS = {
    ("xquad-vi", "open"): (0.966, 0.959), ("xquad-vi", "closed"): (0.960, 0.936),
    ("vbpl title", "open"): (1.000, 1.000), ("vbpl title", "closed"): (1.000, 1.000),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and the record that answers it."""

    text: str
    wanted: RecordId


def main(data: Path) -> None:
    """Index each set once, ask all its questions of it as an open and as a closed partition."""
    print(f"{'set':<12}{'partition':<10}{'typed':<16}{'MRR@10':>8}{'target':>8}{'relaxed':>9}{'p50 ms':>8}{'p95 ms':>8}")
    for name, entries, asked in (("xquad-vi", list(_xquad(data)), _xquad_questions(data)), ("vbpl title", list(_vbpl(data)), _title_words(data)),
                                 ("vbpl number", list(_vbpl(data)), _numbers(data))):  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter()
            partition = _indexed(Path(folder) / "index", entries)
            seconds = time.perf_counter() - begun
            sources: dict[str, Source] = {"open": OpenSource(partition), "closed": ClosedSource(partition, frozenset({TOKEN}))}
            for kind, source in sources.items():
                for typed, target in zip(("with marks", "without marks"), TARGETS.get((name, kind), (1.0, 1.0)), strict=True):
                    plain = typed == "without marks"
                    _report(name, kind, typed, target, source, [Asked(fold(one.text), one.wanted) if plain else one for one in asked])
            partition.expunge()
            size = (Path(folder) / "index").stat().st_size
            text = sum(len(entry.text.encode()) for entry in entries)
            print(f"{name}: {len(entries)} records, {text / 1e6:.1f} MB of text in {seconds:.1f} s; the file has {size / 1e6:.1f} MB")
            partition.close()


def _report(name: str, kind: str, typed: str, target: float, source: Source, asked: list[Asked]) -> None:
    found, times, relaxed = 0.0, [], 0
    for one in asked:
        begun = time.perf_counter()
        answer = ask(Question(parse_query(one.text), limit=10), [source])
        times.append(time.perf_counter() - begun)
        ranks = [rank for rank, hit in enumerate(answer.found.hits, 1) if hit.record_id == one.wanted]
        found += 1 / ranks[0] if ranks else 0.0
        relaxed += answer.relaxed
    times.sort()
    middle, late = times[len(times) // 2] * 1e3, times[len(times) * 95 // 100] * 1e3
    print(f"{name:<12}{kind:<10}{typed:<16}{found / len(asked):8.3f}{target:8.3f}{relaxed / len(asked):9.2f}{middle:8.1f}{late:8.1f}")


def _indexed(path: Path, entries: list[IndexEntry]) -> EmbeddedPartition:
    partition = create_partition(path, os.urandom(32))
    for entry in entries:
        partition.put(entry)
    return partition


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _xquad(data: Path) -> Iterator[IndexEntry]:
    for row in _lines(data / "xquad-vi-corpus.jsonl.gz"):
        yield _entry(row["id"], row["title"], row["text"])


def _xquad_questions(data: Path) -> list[Asked]:
    with (data / "xquad-qrels.tsv").open(encoding="utf-8", newline="") as lines:
        wanted = {row["qid"]: RecordId(row["docid"]) for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)}
    with (data / "xquad-vi-queries.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [Asked(_words(row["query"], MAX_TERMS), wanted[row["qid"]]) for row in rows]


def _vbpl(data: Path) -> Iterator[IndexEntry]:
    for row in _lines(data / "vbpl-dev.jsonl.gz"):
        yield _entry(row["id"], row["title"], row["text"], row.get("number"))


def _title_words(data: Path) -> list[Asked]:
    """The first words of each title after its number, as far as they name one document."""
    asked: dict[str, list[RecordId]] = {}
    for row in _lines(data / "vbpl-dev.jsonl.gz"):
        asked.setdefault(_words(row["title"], TITLE_WORDS), []).append(RecordId(row["id"]))
    return [Asked(text, wanted[0]) for text, wanted in asked.items() if len(wanted) == 1]


def _numbers(data: Path) -> list[Asked]:
    rows = [row for row in _lines(data / "vbpl-dev.jsonl.gz") if row.get("number")]
    numbers = [row["number"] for row in rows]
    return [Asked(row["number"], RecordId(row["id"])) for row in rows if numbers.count(row["number"]) == 1]


def _words(text: str, count: int) -> str:
    """The first words, with the signs of the query grammar taken out."""
    return " ".join(text.replace('"', " ").replace(":", " ").replace(" -", " ").split()[:count])


def _entry(name: str, title: str, text: str, number: str | None = None) -> IndexEntry:
    return IndexEntry(RecordId(name), OfficeId("bench"), Level.NON_CONFIDENTIAL, number, subject=title, text=text, tokens=frozenset({TOKEN}))


if __name__ == "__main__":
    main(evaluation_data() / "search")
