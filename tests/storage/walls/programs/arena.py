"""Makes locked pages where locking is allowed or not (argv: the limit in bytes). Prints what the kernel and a forked child see of them."""

import json
import os
import resource
import sys
from pathlib import Path

from storage.walls.memory import LockedPages

limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, limit))
pages = LockedPages()
slot = pages.take()
slot[:] = b"\xaa" * 32

read_end, write_end = os.pipe()
if not os.fork():
    os.write(write_end, slot)
    os._exit(0)
os.wait()
seen_by_fork = os.read(read_end, 32)

locked = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmLck"))
flags = [set(line.split()[1:]) for line in Path("/proc/self/smaps").read_text().splitlines() if line.startswith("VmFlags")]
print(
    json.dumps(
        {
            "is_locked": pages.is_locked,
            "locked_kib": int(locked.split()[1]),
            "forked_child_reads_zeros": seen_by_fork == bytes(32),
            "left_out_of_core_files": any({"dd", "wf"} <= f for f in flags),
        }
    )
)
