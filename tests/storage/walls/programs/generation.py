"""One of several generations of processes. argv: wall (`none`, `signal`, `pipe`, `both`), descendants to start, descriptor to report to.

Each reports its generation and pid as it stands ready. One without a wall reports `orphan` when its parent is gone.
"""

import os
import sys
import threading

from storage.walls.children import Parent, die_with_parent, start, watch_parent

wall, descendants, report = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
parent = Parent.from_env()
if parent and wall in ("signal", "both"):
    die_with_parent(parent.pid, parent.pipe)
if parent and wall in ("pipe", "both"):
    watch_parent(parent.pipe)
if descendants:
    child = start([sys.executable, __file__, wall, str(descendants - 1), str(report)], pass_fds=[report], env=os.environ)
os.write(report, f"{descendants} {os.getpid()}\n".encode())
if parent and wall == "none":
    os.read(parent.pipe, 1)
    os.write(report, b"orphan\n")
threading.Event().wait()
