"""Shuts itself in as on a kernel of an older ABI and tries what each ABI added. argv: JSON. Prints `abi`, `claims`, and act -> bool."""

import json
import os
import socket
import sys
from pathlib import Path

from storage.walls.landlock import Rights, runtime_rules, shut_in


def succeeds(act):
    try:
        act()
    except OSError:
        return False
    return True


def dial(family, address):
    with socket.socket(family) as sock:
        sock.settimeout(10)
        sock.connect(address)


def listen():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))


task = json.loads(sys.argv[1])
folder, port = Path(task["folder"]), task["port"]
rules = runtime_rules() | {folder / "open": Rights.READ_WRITE}
ports = None if task["ports"] is None else [port] if task["ports"] == "listed" else []
shut = shut_in(rules, connect_tcp=ports, bind_tcp=[] if ports is not None else None, scope=task["scope"], at_most=task["at_most"])
secret = folder / "shut" / "secret"
acts = {
    "read": lambda: secret.read_bytes(),
    "truncate": lambda: os.truncate(secret, 0),
    "rename across": lambda: (folder / "open" / "a").rename(folder / "open" / "sub" / "a"),
    "connect": lambda: dial(socket.AF_INET, ("127.0.0.1", port)),
    "listen": listen,
    "abstract socket": lambda: dial(socket.AF_UNIX, "\0" + task["abstract"]),
    "signal": lambda: os.kill(os.getppid(), 0),
}
print(json.dumps({"abi": shut.abi, "claims": [c.name for c in shut.claims], "can": {name: succeeds(act) for name, act in acts.items()}}))
