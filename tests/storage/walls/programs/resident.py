"""Lives behind the walls as the api does. argv: the home. Prints what it could do."""

import json
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from storage.walls.landlock import Rights, runtime_rules, shut_in

home = Path(sys.argv[1])
shut = shut_in(
    runtime_rules() | {home / name: Rights.READ_WRITE for name in ("catalog", "store", "tmp", "run")}, connect_tcp=[], bind_tcp=None, scope=True
)

import fastapi  # noqa: E402  # the walls come first, so that no import can start a thread before them
import sqlcipher3.dbapi2 as sqlcipher  # noqa: E402

from storage.walls import sockets  # noqa: E402

database = sqlcipher.connect(str(home / "catalog" / "catalog.db"))
database.execute("PRAGMA key = \"x'" + "11" * 32 + "'\"")
mode = database.execute("PRAGMA journal_mode = WAL").fetchone()[0]
database.execute("CREATE TABLE t (x)")
database.execute("INSERT INTO t VALUES (1)")
database.commit()

tempfile.tempdir = str(home / "tmp")
with tempfile.NamedTemporaryFile() as scratch:
    scratch.write(b"x")
(home / "tmp" / "draft").write_bytes(b"x")
(home / "tmp" / "draft").rename(home / "store" / "kept")
listener = sockets.bind(home / "run" / "api.sock")
sockets.connect(home / "run" / "api.sock").close()

with Path("/dev/urandom").open("rb", 0) as source:
    random = len(source.read(8))

read_later = []


def read_key():
    try:
        read_later.append((home / "keys" / "read").read_text())
    except PermissionError:
        read_later.append("refused")


thread = threading.Thread(target=read_key)
thread.start()
thread.join()

print(
    json.dumps(
        {
            "abi": shut.abi,
            "claims": [claim.name for claim in shut.claims],
            "fastapi": bool(fastapi.__version__),
            "journal": mode,
            "rows": database.execute("SELECT count(*) FROM t").fetchone()[0],
            "proc": "VmRSS" in Path("/proc/self/status").read_text(),
            "random": random,
            "null": Path("/dev/null").write_bytes(b"x"),
            "child": subprocess.run(["true"], check=False).returncode,
            "localhost": bool(socket.getaddrinfo("localhost", 80)),
            "store": [p.name for p in (home / "store").iterdir()],
            "a later thread": read_later[0],
        }
    )
)
