"""Tries everything against a home that may be shut. argv: JSON of `shut`, `grandchild`, `home`, `kek`, `parent`. Prints act -> errno or "done"."""

import json
import os
import subprocess
import sys
from errno import errorcode
from pathlib import Path

from storage.walls.landlock import Rights, runtime_rules, shut_in

PLACES = ("keys", "closed", "audit")


def outcome(act):
    try:
        act()
    except OSError as error:
        return errorcode[error.errno]
    return "done"


def cat(path):
    done = subprocess.run(["cat", path], capture_output=True, check=False)
    if done.returncode:
        raise PermissionError(13, done.stderr)


def acts_on(folder, tmp, parent):
    """Each act has a file of its own, so that none stands in another's way."""
    mark = folder.name
    yield "read", lambda: (folder / "read").read_bytes()
    yield "read by a child", lambda: cat(folder / "cat")
    yield "read through /proc/<parent>/root", lambda: Path(f"/proc/{parent}/root{folder}/proc").read_bytes()
    yield "read through a symbolic link", lambda: [(tmp / mark).symlink_to(folder / "link"), (tmp / mark).read_bytes()]
    yield "list", lambda: list(folder.iterdir())
    yield "append", lambda: (folder / "append").open("ab").write(b"x")
    yield "overwrite", lambda: (folder / "overwrite").open("r+b").write(b"x")
    yield "truncate", lambda: os.truncate(folder / "truncate", 0)
    yield "create", lambda: (folder / "new").write_bytes(b"x")
    yield "make a folder", lambda: (folder / "newdir").mkdir()
    yield "unlink", lambda: (folder / "unlink").unlink()
    yield "rename away", lambda: (folder / "rename").rename(tmp / f"{mark}-renamed")
    yield "rename inside", lambda: (folder / "inside").rename(folder / "inside2")
    yield "hard-link", lambda: (tmp / f"{mark}-linked").hardlink_to(folder / "hardlink")


def main():
    task = json.loads(sys.argv[1])
    home, kek_folder = Path(task["home"]), Path(task["kek"])
    if task["shut"]:
        rules = runtime_rules() | {home / name: Rights.READ_WRITE | Rights.MAKE_SYM for name in ("catalog", "store", "tmp", "run")}
        shut_in(rules | {Path(__file__).parent: Rights.READ}, connect_tcp=None, bind_tcp=None, scope=False)
    if task["grandchild"]:
        later = json.dumps({**task, "shut": False, "grandchild": False})
        sys.exit(subprocess.run([sys.executable, __file__, later], check=False).returncode)
    found = {}
    for folder in [*(home / place for place in PLACES), kek_folder]:
        for name, act in acts_on(folder, home / "tmp", task["parent"]):
            found[f"{name} {folder.name}"] = outcome(act)
    print(json.dumps(found))


main()
