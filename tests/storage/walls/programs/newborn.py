"""Tells through a descriptor (argv) what a child was born with."""

import json
import os
import sys
from pathlib import Path

from storage.walls.children import Parent

report = int(sys.argv[1])
open_here = Path("/proc/self/fd")
parent = Parent.from_env()
born_with = {
    "environment": sorted(os.environ),
    "parent": parent.pid,
    "pipe": parent.pipe,
    "descriptors": sorted(int(fd.name) for fd in list(open_here.iterdir()) if fd.exists()),  # the listing itself opened one more
    "input": str((open_here / "0").readlink()),
    "output": str((open_here / "1").readlink()),
    "group": os.getpgrp(),
}
os.write(report, json.dumps(born_with).encode())
