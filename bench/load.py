"""Documents a second through the whole line without OCR, from the first byte handed in until the last can be found.

    python -m bench.load [--documents N] [--rounds N]

Ours: N notices as text files, 8 deposits at once over HTTP to a served instance; the clock stops when nothing waits in the queue or for the index,
and every document is found. Beside it, in the same run, what of that work any archive would have to do: in one process with 8 threads each document
is hashed, sealed with the stock cipher (ChaCha20-Poly1305) into a file that is fsynced, and its words and row are committed to one SQLite database
with a full-text table.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sqlite3
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from urllib.request import Request, urlopen

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from bench.deposit import WORDS, deposit, in_turns, rate
from bench.served import Served, found, notice, serving

_PATIENCE = 900.0


class Bare:
    """Files, hashes, cipher, words and rows, and nothing else."""

    def __init__(self, base: Path) -> None:
        self._base = base
        base.mkdir()
        self._writer = sqlite3.connect(base / "rows.db", check_same_thread=False, isolation_level=None)
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE VIRTUAL TABLE found USING fts5 (id UNINDEXED, text)"):
            self._writer.execute(statement)
        self._turn = threading.Lock()

    def take(self, number: int) -> None:
        """One document to its end."""
        text = notice(number, WORDS)
        name, key = hashlib.sha256(text.encode()).hexdigest(), os.urandom(32)
        with (self._base / name).open("wb") as file:
            file.write(ChaCha20Poly1305(key).encrypt(bytes(12), text.encode(), None))
            file.flush()
            os.fsync(file.fileno())
        with self._turn:
            self._writer.execute("INSERT INTO found VALUES (?, ?)", (name, text))


def waiting(served: Served) -> int:
    """How many documents are in the queue or in hand, and changes that the index does not know yet."""
    with urlopen(f"http://127.0.0.1:{served.port}/metrics") as answer:
        figures = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line and not line.startswith("#"))
    return sum(int(float(figures[name])) for name in ("vankho_queue_waiting", "vankho_queue_in_hand", "vankho_index_waiting"))


def total(served: Served, token: str) -> int:
    """How many records there are to be found."""
    asked = Request(f"http://127.0.0.1:{served.port}/api/v1/search?limit=0", headers={"Authorization": f"Bearer {token}"})
    with urlopen(asked) as answer:
        return int(answer.read().split(b'"total":', 1)[1].split(b",", 1)[0])


def taken(served: Served, scanner: str, reader: str, numbers: range) -> float:
    """Hand in all of them and wait until they are found; returns how many a second."""
    before, started = total(served, reader), time.perf_counter()
    rate(partial(deposit, served, scanner), numbers)
    while waiting(served) or total(served, reader) < before + len(numbers):
        if time.perf_counter() - started > _PATIENCE:
            raise SystemExit("not all of them were found")
        time.sleep(0.1)
    return len(numbers) / (time.perf_counter() - started)


def main() -> None:
    """Alternate the two and print the figures."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--documents", type=int, default=300)
    asked.add_argument("--rounds", type=int, default=3)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        made = found(base)
        made.run("source", "add", "scanner", "--key-out", base / "scanner.key")
        made.run("user", "add", "reader", "--office", "central", "--role", "archivist", "--key-out", base / "reader.key")
        bare = Bare(base / "bare")
        with serving(made) as served:
            ours = partial(taken, served, served.token("scanner"), served.token("reader"))
            ratio = in_turns(options.documents, options.rounds, partial(rate, bare.take), ours, "documents stored and found")
    print(f"ratio, median: {ratio:.3f}")


if __name__ == "__main__":
    main()
