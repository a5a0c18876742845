"""Pages a minute of the whole line beside bare Tesseract on the same pages; and how many numbers and dates come out right.

    python bench/reading.py [--documents N] [--rounds N]

Both lines read the fourteen documents of tests/data/vi-documents with the model `vie`, in turns, as many at once as there are
cores. Ours: `vankho ingest` from its start to its end, so also the start of all processes, sealing, classifying, keeping, indexing.
Bare Tesseract: rendered pages in, words out, in plain processes that have the model loaded and the pages in memory. Pages with a
text of their own are counted on neither side.
"""

from __future__ import annotations

import argparse
import csv
import mmap
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ["OMP_THREAD_LIMIT"] = "1"  # before Tesseract is loaded here

from classification import classify
from ingest.page_readers import PageReaders
from ingest.reading.pages import Kind, PageText, Source
from ingest.reading.pdf_pages import reading_dpi
from ingest.reading.pdfium import PdfFile, Raster
from ingest.reading.tesseract import Reader
from ingest.sandbox.document import Document
from ingest.sandbox.limits import Limits
from ingest.sandbox.sandbox import Sandbox
from ingest.text_part import Reading

DOCUMENTS = Path(__file__).parents[1] / "tests" / "data" / "vi-documents"
VANKHO = Path(sys.executable).parent / "vankho"
CORES = len(os.sched_getaffinity(0))
TARGET = 0.7

_readers: list[Reader] = []


def whole_line(paths: list[Path]) -> float:
    """Seconds of `vankho ingest` of all documents into a new instance: processes started, sealed, read, classified, kept, indexed."""
    with tempfile.TemporaryDirectory() as base:
        env = os.environ | {"VANKHO_HOME": f"{base}/home", "XDG_CONFIG_HOME": f"{base}/config"}
        quiet = {"env": env, "check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([VANKHO, "init", "--recovery-out", f"{base}/recovery"], **quiet)
        started = time.perf_counter()
        subprocess.run([VANKHO, "--json", "ingest", *paths], **quiet)
        return time.perf_counter() - started


def texts_of(sandbox: Sandbox, paths: list[Path]) -> dict[str, list[PageText]]:
    """The pages of each document as they are read behind the walls."""
    texts: dict[str, list[PageText]] = {}
    readers = PageReaders()
    for path in paths:
        with Document.of(path.read_bytes()) as document:
            found = sandbox.inspect(document, path.name)
            texts[path.name] = readers.read(sandbox, document, range(1, found.page_count + 1))
    return texts


def rendered(paths: list[Path], texts: dict[str, list[PageText]]) -> list[Raster]:
    """The pages that were read as pictures, rendered in the same way."""
    rasters = []
    for path in paths:
        with path.open("rb") as file:
            pdf = PdfFile(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY), None)
            for text in texts[path.name]:
                if text.source is not Source.TEXT:
                    page = pdf.page(text.number)
                    rasters.append(page.render(reading_dpi(page.pictures(), page.width, page.height, Limits().read_pixels)))
    return rasters


def load() -> None:
    """In each plain process, before the clock runs."""
    _readers[:] = [Reader()]


def recognise(raster: Raster) -> int:
    """Words on a rendered page."""
    return len(_readers[0].read(raster.pixels, raster.width, raster.height, raster.stride, raster.dpi))


def bare(pool: ProcessPoolExecutor, rasters: list[Raster]) -> float:
    """Seconds to read all pages."""
    started = time.perf_counter()
    list(pool.map(recognise, rasters))
    return time.perf_counter() - started


def report_fields(texts: dict[str, list[PageText]]) -> None:
    """Numbers and dates that the classification finds, with and without the files' names as witnesses, against what a person read."""
    with (DOCUMENTS / "fields.tsv").open(encoding="utf-8") as file:
        known = {Path(row["file"]).name: row for row in csv.DictReader(file, delimiter="\t")}
    numbers = named = dates = 0
    for name, pages in texts.items():
        reading = Reading(Kind.PDF, tuple(pages))
        header, with_name = (classify(reading.for_classification(file_name)).header for file_name in ("", name))
        number, date = known[name]["number"], known[name]["date"]
        numbers, named, dates = numbers + (header.ref_code == number), named + (with_name.ref_code == number), dates + (str(header.date) == date)
        print(f"  {name}: {header.ref_code} (by name {with_name.ref_code}) {header.date}; on paper {number} {date}; {', '.join(header.warnings)}")
    print(f"numbers right {numbers}/{len(texts)}, with the files' names {named}/{len(texts)}, dates right {dates}/{len(texts)}")


def main() -> None:
    """Alternate the two lines and print the figures."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--documents", type=int, default=14)
    asked.add_argument("--rounds", type=int, default=3)
    options = asked.parse_args()
    paths = sorted(DOCUMENTS.glob("*.pdf"))[: options.documents]
    ratios = []
    with (
        Sandbox() as sandbox,
        ProcessPoolExecutor(CORES, multiprocessing.get_context("spawn"), load) as pool,
    ):
        texts = texts_of(sandbox, paths)
        rasters = rendered(paths, texts)
        bare(pool, rasters[:CORES])
        pages = sum(map(len, texts.values()))
        print(f"{len(paths)} documents, {pages} pages, {len(rasters)} of them read as pictures; {CORES} cores; {sandbox.walls.name}")
        for number in range(1, options.rounds + 1):
            own = whole_line(paths)
            plain = bare(pool, rasters)
            ratios.append(plain / own)
            a_minute = 60 * len(rasters)
            print(f"round {number}: the whole line {a_minute / own:.1f} pages/min, bare Tesseract {a_minute / plain:.1f}, ratio {ratios[-1]:.2f}")
    print(f"ratio, median: {statistics.median(ratios):.2f} (target {TARGET})")
    report_fields(texts)


if __name__ == "__main__":
    main()
