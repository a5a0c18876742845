"""Looks into processes with root's right: which secrets their memory holds, and what they have open.

On stdin JSON: {"pids": [...], "secrets": [base64, ...]}. Prints for each pid {"found": [indexes of secrets], "open": [paths], "bytes": searched}.
A secret is looked for as it is, as base64 and as hex. Ends with a traceback where the right to look is missing.
"""

import base64
import json
import sys
from pathlib import Path

PIECE = 16 << 20


def forms(secret):
    """base64 without its last quantum, which depends on what follows."""
    return secret, base64.b64encode(secret)[:40], secret.hex().encode()


def regions(pid):
    """Readable memory; a file's pages that nobody can write hold what the file holds, and the kernel's own ([vvar]) cannot be read."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        span, access, _, _, inode, *name = line.split(maxsplit=5)
        if access[0] == "r" and not (inode != "0" and access[1] == "-") and not (name and name[0] in ("[vvar]", "[vvar_vclock]", "[vsyscall]")):
            yield tuple(int(edge, 16) for edge in span.split("-"))


def search(pid, needles):
    found, searched = set(), 0
    overlap = max(len(form) for _, form in needles) - 1
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for start, end in regions(pid):
            tail = b""
            for at in range(start, end, PIECE):
                memory.seek(at)
                piece = memory.read(min(PIECE, end - at))
                searched += len(piece)
                if piece.count(0) != len(piece):
                    found |= {number for number, form in needles if form in tail + piece}
                tail = piece[-overlap:]
    return sorted(found), searched


def main():
    task = json.load(sys.stdin)
    secrets = [base64.b64decode(secret) for secret in task["secrets"]]
    needles = [(number, form) for number, secret in enumerate(secrets) for form in forms(secret)]
    seen = {}
    for pid in task["pids"]:
        found, searched = search(pid, needles) if needles else ([], 0)
        opened = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
        seen[pid] = {"found": found, "open": opened, "bytes": searched}
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
