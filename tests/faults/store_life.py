"""A process that is killed: it puts documents into a store, re-wraps one, removes one, and says each thing when it is done.

Arguments: the store's folder or its address with a credential, an identity's text, and the files to put; beside them it spools. Ends with 3 and
the error's name where the store refuses.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from storage.errors import VankhoError
from storage.failpoints import arm_from_environment
from storage.ids import BlobId, RandomIds
from storage.servers import read_server
from storage.vault.age import HybridIdentity, open_header, seal_header
from storage.vault.folder import FolderStore
from storage.vault.store import BlobStore


def say(*words: str) -> None:
    print(" ".join(words), flush=True)


def store_at(place: str, spool: Path) -> BlobStore:
    if not place.startswith("s3://"):
        return FolderStore(Path(place))
    from storage.vault.s3 import S3Store

    return S3Store(read_server("store", place), spool)


def live(store: BlobStore, identity: HybridIdentity, documents: list[Path]) -> None:
    kept = []
    for document in documents:
        blob_id = BlobId(RandomIds().new("blob"))
        say("putting", blob_id, str(document))
        with document.open("rb") as source:
            store.put(source, blob_id, [identity.recipient()])
        say("kept", blob_id)
        kept.append(blob_id)
    if len(kept) > 1:
        first, second, *_ = kept
        file_key = open_header(store.read_header(first, 1), [identity])
        header = seal_header(file_key, [identity.recipient()])
        for _ in ("once", "and again, as after a crash"):
            store.add_header(first, 2, header)
        say("rewrapped", first)
        store.remove_header(first, 1)
        say("unwrapped", first)
        say("removing", second)
        store.remove(second)
        say("removed", second)


if __name__ == "__main__":
    arm_from_environment(os.environ)
    try:
        documents = [Path(name) for name in sys.argv[3:]]
        live(store_at(sys.argv[1], documents[0].parent), HybridIdentity.parse(sys.argv[2]), documents)
    except VankhoError as error:
        say("refused", type(error).__name__)
        sys.exit(3)
