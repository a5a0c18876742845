"""Looks for a key in the memory of a holder that it starts itself, by all the ways of /proc and ptrace. argv: the holder's. Prints JSON."""

import ctypes
import json
import secrets
import subprocess
import sys
from errno import errorcode
from pathlib import Path

PTRACE_SEIZE = 0x4206


def outcome(look):
    try:
        return look()
    except OSError as error:
        return errorcode[error.errno]


def capabilities():
    lines = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("Cap"))
    return {name: int(value, 16) for name, value in lines.items() if name in ("CapPrm", "CapEff")}


def found_in_memory(pid, needle):
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory, Path(f"/proc/{pid}/maps").open() as regions:
        for region in regions:
            span, access, *_ = region.split()
            if "r" not in access or "[v" in region:
                continue
            start, end = (int(edge, 16) for edge in span.split("-"))
            memory.seek(start)
            if needle in memory.read(end - start):
                return "found"
    return "not there"


def trace(pid):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(PTRACE_SEIZE, pid, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    return "traced"


needle = secrets.token_bytes(32)
with subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
    holder.stdin.write(needle)
    holder.stdin.flush()
    holds = json.loads(holder.stdout.readline())
    ways = {
        "memory": lambda: found_in_memory(holder.pid, needle),
        "maps": lambda: "read" if Path(f"/proc/{holder.pid}/maps").read_text() else "empty",
        "environ": lambda: "read" if Path(f"/proc/{holder.pid}/environ").read_bytes() else "empty",
        "descriptors": lambda: "read" if Path(f"/proc/{holder.pid}/fd/0").readlink().name else "empty",
        "ptrace": lambda: trace(holder.pid),
    }
    found = {name: outcome(look) for name, look in ways.items()}
    holder.stdin.close()
print(json.dumps({"holds": holds, "found": found, "capabilities": capabilities()}))
