"""Deposits acknowledged a second, beside a bare loop that writes the same two files, fsyncs them and their folders and commits one row.

    python -m bench.deposit [--deposits N] [--rounds N]

Both sides do N at 8 at once. Ours: `POST deposits` over eight kept HTTP connections to a served instance with a scanner's key, from the first
byte to the last 201; the worker is busy with what was deposited meanwhile, as it is in life. Bare: eight threads in one process, each with a
folder of 1,024 shards and one SQLite connection in WAL with synchronous=FULL. A deposit makes two parts (the document and its envelope), four files;
the loop writes two, of the sizes of the document's.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import os
import secrets
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from bench.served import Served, found, notice, serving

AT_ONCE = 8
TARGET = 0.5
WORDS = "Nội dung thông báo về việc thực hiện nhiệm vụ được giao. " * 40
HEADER_BYTES = 3_300  # of a header for two recipients
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"

_own = threading.local()


def deposit(served: Served, token: str, number: int) -> None:
    """Hand in one document, over this thread's connection, and see that it was taken."""
    if not hasattr(_own, "connection"):
        _own.connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=120)
    mark = secrets.token_hex(8)
    body = (
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{number}.txt"\r\nContent-Type: text/plain\r\n\r\n'
        f"{notice(number, WORDS)}\r\n--{mark}--\r\n"
    ).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": f"multipart/form-data; boundary={mark}", "Idempotency-Key": secrets.token_hex(16)}
    _own.connection.request("POST", "/api/v1/deposits", body, headers)
    answer = _own.connection.getresponse()
    answer.read()
    if answer.status != 201:
        raise SystemExit(f"deposit refused: {answer.status}")


class Bare:
    """The same, without everything that makes it an archive."""

    def __init__(self, base: Path) -> None:
        self._base = base
        for tree in ("payloads", "headers"):
            for shard in range(1024):
                (base / tree / f"{shard:03x}").mkdir(parents=True)
        self._path = base / "rows.db"
        with sqlite3.connect(self._path) as made:
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("CREATE TABLE row (id TEXT PRIMARY KEY, size INTEGER)")
        self._writer = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
        self._writer.execute("PRAGMA synchronous = FULL")
        self._turn = threading.Lock()
        self._payload = os.urandom(len(notice(1, WORDS).encode()) + 32)

    def write(self, number: int) -> None:
        """Two files, four fsyncs, one row."""
        name, shard = secrets.token_hex(13), f"{secrets.randbelow(1024):03x}"
        for tree, content in (("payloads", self._payload), ("headers", self._payload[:HEADER_BYTES])):
            folder = self._base / tree / shard
            with (folder / f".{name}").open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            (folder / f".{name}").rename(folder / name)
            descriptor = os.open(folder, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
        with self._turn:
            self._writer.execute("INSERT INTO row VALUES (?, ?)", (name, number))


def rate(act: Callable[[int], None], numbers: range) -> float:
    """How many a second, eight at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = time.perf_counter()
        list(pool.map(act, numbers))
        return len(numbers) / (time.perf_counter() - started)


def in_turns(count: int, rounds: int, bare: Callable[[range], float], own: Callable[[range], float], what: str) -> float:
    """Have the two do the same numbers in turns, and print how many a second each did; returns the median of their ratios."""
    ratios = []
    for turn in range(rounds):
        numbers = range(turn * count, (turn + 1) * count)
        plain, ours = bare(numbers), own(numbers)
        ratios.append(ours / plain)
        print(f"round {turn + 1}: {ours:.1f} {what}/s, bare {plain:.0f}/s, ratio {ratios[-1]:.3f}", flush=True)
    return statistics.median(ratios)


def main() -> None:
    """Alternate the two and print the figures."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--deposits", type=int, default=400)
    asked.add_argument("--rounds", type=int, default=3)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        made = found(base)
        made.run("source", "add", "scanner", "--key-out", base / "scanner.key")
        bare = Bare(base / "bare")
        for tree in ("payloads", "headers"):  # as in an archive that has been in use: both have all their folders from the beginning
            for shard in itertools.product(_BASE32, repeat=2):
                (base / "home" / "store" / tree / "".join(shard)).mkdir(mode=0o700, exist_ok=True)
        with serving(made) as served:
            token = served.token("scanner")
            ours = partial(rate, partial(deposit, served, token))
            ratio = in_turns(options.deposits, options.rounds, partial(rate, bare.write), ours, "deposits")
    print(f"ratio, median: {ratio:.2f} (target {TARGET})")


if __name__ == "__main__":
    main()
