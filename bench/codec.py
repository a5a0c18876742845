"""How fast documents are sealed and opened: MB/s, and the ratio to bare ChaCha20-Poly1305 in the same rounds.

Run: python -m bench.codec [MiB]
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from storage.vault.age import CHUNK, HybridIdentity, PayloadReader, Sealer, new_file_key, open_file, open_header, seal, seal_header

ROUNDS = 5
AGE = Path(sys.executable).parent / "age"
MEMORY = Path("/dev/shm")


def main(size: int) -> None:
    """Every round takes each measure once, so that a disturbed moment hits all alike; the best of the rounds counts."""
    identity = HybridIdentity.generate()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        measures = _in_memory(size) | _file_to_file(Path(folder), size, identity)
        best = dict.fromkeys(measures, float("inf"))
        for _ in range(ROUNDS):
            for name, measure in measures.items():
                best[name] = min(best[name], _seconds(measure))
    print(f"{size >> 20} MiB, best of {ROUNDS} rounds: MB/s, ratio to the bare cipher")
    for name, seconds in best.items():
        print(f"{name:<38} {size / seconds / 1e6:6.0f} {best['bare ChaCha20-Poly1305, 64 KiB'] / seconds:6.2f}")
    if not AGE.exists():
        print("the stock age program is not installed: not compared")
    for name, seconds in _headers(identity).items():
        print(f"{name:<38} {seconds * 1e3:6.2f} ms")


def _in_memory(size: int) -> dict[str, Callable[[], None]]:
    file_key, chunk, count = new_file_key(), os.urandom(CHUNK), size // CHUNK
    cipher, buffer, nonce = ChaCha20Poly1305(os.urandom(32)), bytearray(CHUNK + 16), bytes(12)
    whole = Sealer(file_key)
    payload = whole.update(chunk * count) + whole.finish()

    def bare() -> None:
        for _ in range(count):
            cipher.encrypt_into(nonce, chunk, None, buffer)

    def sealing() -> None:
        sealer = Sealer(file_key)
        for _ in range(count):
            sealer.update(chunk)
        sealer.finish()

    def opening() -> None:
        _drain(PayloadReader(io.BytesIO(payload), 0, len(payload), file_key).read(0, size))

    return {"bare ChaCha20-Poly1305, 64 KiB": bare, "payload in memory, seal": sealing, "payload in memory, open": opening}


def _file_to_file(folder: Path, size: int, identity: HybridIdentity) -> dict[str, Callable[[], None]]:
    plain, sealed, opened, key = folder / "plain", folder / "plain.age", folder / "opened", folder / "key"
    plain.write_bytes(os.urandom(CHUNK) * (size // CHUNK))
    key.write_text(identity.text() + "\n", "ascii")

    def sealing() -> None:
        with plain.open("rb") as source, sealed.open("wb") as target:
            seal(source, target, [identity.recipient()])

    def opening() -> None:
        with sealed.open("rb") as source, opened.open("wb") as target:
            for piece in open_file(source, [identity]):
                target.write(piece)

    ours = {"file to file, seal": sealing, "file to file, open": opening}
    if not AGE.exists():
        return ours
    return ours | {
        "file to file, seal, stock age": lambda: _run(AGE, "-r", identity.recipient().text(), "-o", sealed, plain),
        "file to file, open, stock age": lambda: _run(AGE, "-d", "-i", key, "-o", opened, sealed),
    }


def _headers(identity: HybridIdentity) -> dict[str, float]:
    file_key, recipients = new_file_key(), [identity.recipient(), HybridIdentity.generate().recipient()]
    header = seal_header(file_key, recipients)
    measures: dict[str, Callable[[], object]] = {
        "header for two recipients, seal": lambda: seal_header(file_key, recipients),
        "header for two recipients, open": lambda: open_header(header, [identity]),
        "header, open and seal again": lambda: seal_header(open_header(header, [identity]), recipients),
    }
    return {name: min(_seconds(measure) for _ in range(200)) for name, measure in measures.items()}


def _seconds(measure: Callable[[], object]) -> float:
    begun = time.perf_counter()
    measure()
    return time.perf_counter() - begun


def _drain(pieces: Iterable[bytes]) -> None:
    for _ in pieces:
        pass


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(int(sys.argv[1] if len(sys.argv) > 1 else 256) << 20)
