"""docs/format.md is enough to open a document: its program and its figures are tried on what Vankho seals."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from storage.vault.age import CHUNK, MAX_HEADER, HybridIdentity, Sealer, new_file_key, open_header, payload_size, read_header, seal_header

PAGE = (Path(__file__).parents[4] / "docs" / "format.md").read_text("utf-8")
PLAIN = bytes(range(256)) * 600


def test_the_program_of_the_page_opens_a_rewrapped_document_with_the_recovery_identity(tmp_path: Path) -> None:
    transit, partition, recovery, file_key = *(HybridIdentity.generate() for _ in range(3)), new_file_key()
    first = seal_header(file_key, [transit.recipient(), recovery.recipient()])
    second = seal_header(open_header(first, [transit]), [partition.recipient(), recovery.recipient()])

    for header in (first, second):
        assert _run(tmp_path, recovery, header, _payload(file_key)).stdout == PLAIN
    assert b"not among the recipients" in _run(tmp_path, transit, second, _payload(file_key)).stderr


@pytest.mark.parametrize("lost", [1, CHUNK + 16])
def test_the_program_of_the_page_refuses_a_cut_document(tmp_path: Path, lost: int) -> None:
    identity, file_key = HybridIdentity.generate(), new_file_key()

    refused = _run(tmp_path, identity, seal_header(file_key, [identity.recipient()]), _payload(file_key)[:-lost])

    assert refused.returncode != 0
    assert refused.stdout == b""


def test_the_figures_of_the_page_are_those_of_the_code() -> None:
    identity, file_key = HybridIdentity.generate(), new_file_key()
    [stanza] = read_header(io.BytesIO(seal_header(file_key, [identity.recipient()]))).stanzas

    for figure, said in {
        len(stanza.args[0]): "base64 characters on this same line",
        len(identity.recipient().public): "bytes, X-Wing's public key",
        MAX_HEADER: "bytes.",
        CHUNK: "bytes, no associated data",
        payload_size(CHUNK) - 16: "bytes. The last chunk may be shorter",
        len(identity.recipient().text()): "|\n",
        len(identity.text()): "|\n",
    }.items():
        assert re.search(rf"\b{figure:,} {re.escape(said)}", PAGE), f"the page does not say {figure:,} {said}"


def _payload(file_key: bytes) -> bytes:
    sealer = Sealer(file_key)
    return sealer.update(PLAIN) + sealer.finish()


def _run(folder: Path, identity: HybridIdentity, header: bytes, payload: bytes) -> subprocess.CompletedProcess[bytes]:
    program = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert program is not None
    files = {"open.py": program[1].encode(), "identity": f"# recovery\n{identity.text()}\n".encode(), "header": header, "payload": payload}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return subprocess.run([sys.executable, *files], cwd=folder, capture_output=True, timeout=60, check=False)
