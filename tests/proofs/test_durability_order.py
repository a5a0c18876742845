"""Seen by strace: a deposit is acknowledged after payload, header, both folders and the catalog's commit have reached the disk."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.instances import VANKHO, Instance
from tests.proofs.served import OPEN

pytestmark = pytest.mark.servers

CALLS = "fsync,fdatasync,link,linkat,sendto,sendmsg,write,writev"
_LINE = re.compile(r"(\d+)<([^>]*)> +(.*)")
_UNFINISHED = " <unfinished ...>"
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")


@dataclass(frozen=True)
class Call:
    """One system call of the command's own process. begun, done: at which line of the trace."""

    text: str
    begun: int
    done: int


def calls_of(trace: Path, program: str) -> list[Call]:
    """The calls of all threads of a program, those that were cut by others put together again."""
    found, begun = [], dict[str, tuple[int, str]]()
    for number, line in enumerate(trace.read_text("utf-8", "replace").splitlines()):
        match = _LINE.fullmatch(line)
        if match is None or match[2] != program:
            continue
        thread, text = match[1], match[3]
        if text.endswith(_UNFINISHED):
            begun[thread] = number, text.removesuffix(_UNFINISHED)
        elif resumed := _RESUMED.match(text):
            start, head = begun.pop(thread)
            found.append(Call(head + resumed[1], start, number))
        else:
            found.append(Call(text, number, number))
    return found


def matching(calls: list[Call], pattern: str) -> list[Call]:
    return [call for call in calls if re.search(pattern, call.text)]


def matched(call: Call, pattern: str) -> tuple[str, ...]:
    found = re.search(pattern, call.text)
    assert found
    return found.groups()


def test_the_acknowledgement_comes_after_all_that_it_promises(instance: Instance) -> None:
    strace = shutil.which("strace")
    assert strace, "this test needs strace: apt-get install strace"
    document, trace = instance.base / "thông báo.txt", instance.base / "trace"
    document.write_text(OPEN.format(number=5, text="Nội dung."), "utf-8")
    command = [strace, "-f", "-y", "-Y", "-qq", "--seccomp-bpf", "-s", "200", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", trace]
    done = subprocess.run([*command, VANKHO, "--json", "ingest", document], env=instance.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]

    calls = calls_of(trace, "vankho")  # keeper, worker and sandbox bear other names
    (told,) = matching(calls, r"^(sendto|sendmsg|write|writev)\(.*HTTP/1\.1 201 .*location: receipts/")
    before = [call for call in calls if call.done < told.begun]
    durable = []
    for tree in ("payloads", "headers"):
        synced = matching(before, rf"^fsync\(\d+<[^>]*/store/{tree}/../\.[^>]*\.part>\) += 0")
        named = matching(before, rf"^link(at)?\(.*/{tree}/../\..*\.part\", .*/{tree}/../.*= 0")
        folders = matching(before, rf"^fsync\(\d+<[^>]*/store/{tree}/..>\) += 0")
        assert (len(synced), len(named), len(folders)) == (2, 2, 1), f"original and envelope, which share a folder, {tree}"
        for name in named:
            shard, temporary = matched(name, rf"/{tree}/(..)/(\.[^\"]*\.part)")
            (file,) = [call for call in synced if temporary in call.text]
            after = [call for call in folders if f"/{tree}/{shard}>" in call.text and call.begun > name.done]
            assert file.done < name.begun
            assert after, f"{tree}/{shard} is synced with the name in it"
        durable.append(max(call.done for call in folders))
    committed = matching(before, r"^f(data)?sync\(\d+<[^>]*/catalog/catalog\.db-wal>\) += 0")
    assert [call for call in committed if call.begun > max(durable)], "the commit is on the disk"
    after = [call for call in calls if call.begun > told.begun]
    assert not matching(after, r"sync\(\d+<[^>]*/store/"), "the door had nothing left to do"
