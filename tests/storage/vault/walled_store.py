"""A process that constructs an S3 store, shuts itself in, and only then puts and reads. Arguments: the store's address, the spool."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

from storage.ids import BlobId, RandomIds
from storage.servers import read_server
from storage.vault.age import HybridIdentity, open_header
from storage.vault.s3 import S3Store
from storage.walls.landlock import Rights, runtime_rules, shut_in

server, spool = read_server("store", sys.argv[1]), Path(sys.argv[2])
store = S3Store(server, spool)
assert len([*Path("/proc/self/task").iterdir()]) == 1, "a thread before the walls"
shut_in(runtime_rules() | {spool: Rights.READ_WRITE}, connect_tcp=server.ports, bind_tcp=(), scope=True)
identity, blob_id, document = HybridIdentity.generate(), BlobId(RandomIds().new("blob")), os.urandom(3_000_000)
store.put(io.BytesIO(document), blob_id, [identity.recipient()])
with store.open(blob_id, open_header(store.read_header(blob_id, 1), [identity])) as reader:
    assert b"".join(reader.read(0, reader.size)) == document
print("kept")
