"""A process that is killed: it puts documents into a folder store, re-wraps one, removes one, and says each thing when it is done.

Arguments: the store's folder, an identity's text, and the files to put. Ends with 3 and the error's name where the store refuses.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from storage.errors import VankhoError
from storage.failpoints import arm_from_environment
from storage.ids import BlobId, RandomIds
from storage.vault.age import HybridIdentity, open_header, seal_header
from storage.vault.folder import FolderStore


def say(*words: str) -> None:
    print(" ".join(words), flush=True)


def live(root: Path, identity: HybridIdentity, documents: list[Path]) -> None:
    store = FolderStore(root)
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
        live(Path(sys.argv[1]), HybridIdentity.parse(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
    except VankhoError as error:
        say("refused", type(error).__name__)
        sys.exit(3)
