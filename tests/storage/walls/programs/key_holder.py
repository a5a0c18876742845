"""Holds 32 bytes from its input in a locked page until its input ends. argv: `open` or `undumpable`. Prints what it made of itself."""

import json
import os
import resource
import sys

from storage.walls.memory import LockedPages, make_undumpable

done = make_undumpable() if sys.argv[1] == "undumpable" else False
slot = LockedPages().take()
os.readv(0, [slot])
print(json.dumps({"undumpable": done, "core": resource.getrlimit(resource.RLIMIT_CORE)}), flush=True)
os.read(0, 1)
