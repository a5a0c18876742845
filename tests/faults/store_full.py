"""Puts documents into folder stores on a disk with ever so little room left, and says at which step each was refused.

Argument: a folder that is a small disk of its own. Ends with 0 if nothing was left of what was refused, and all else is whole.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

from storage.errors import StoreFull
from storage.failpoints import arm, disarm
from storage.ids import BlobId, RandomIds
from storage.vault.age import HybridIdentity, open_header
from storage.vault.folder import FolderStore

IDENTITY = HybridIdentity.generate()
PAGE = 4_096
DOCUMENT = os.urandom(2 * PAGE - 100)  # two pages when sealed; its header takes a third


def files(root: Path) -> set[Path]:
    return {path for path in root.rglob("*") if path.is_file()}


def put(store: FolderStore) -> BlobId:
    blob_id = BlobId(RandomIds().new("blob"))
    store.put(io.BytesIO(DOCUMENT), blob_id, [IDENTITY.recipient()])
    return blob_id


def is_whole(store: FolderStore, blob_id: BlobId) -> bool:
    with store.open(blob_id, open_header(store.read_header(blob_id, 1), [IDENTITY])) as reader:
        return b"".join(reader.read(0, reader.size)) == DOCUMENT


def refuse(store: FolderStore, root: Path) -> None:
    """Put a document, say the last step begun if there was no room for it, and see that nothing of it is left."""
    before = files(root)
    arm("count")
    try:
        put(store)
    except StoreFull:
        print(disarm()[-1])
        assert files(root) == before
    else:
        print("kept")
        disarm()


def fill(disk: Path, pages: int | None, inodes: int | None) -> None:
    """Leave room for just this many pages, or for this many files."""
    ballast = disk / "ballast"
    ballast.mkdir()
    room = os.statvfs(disk)
    if pages is not None:
        (ballast / "bytes").write_bytes(bytes((room.f_bavail - pages) * PAGE))
    if inodes is not None:
        for number in range(room.f_favail - inodes):
            (ballast / str(number)).touch()


def empty(disk: Path) -> None:
    for path in (disk / "ballast").iterdir():
        path.unlink()
    (disk / "ballast").rmdir()


def main(disk: Path) -> None:
    for number, (pages, inodes) in enumerate([*((pages, None) for pages in range(4)), *((None, inodes) for inodes in range(6))]):
        root = disk / f"store-{number}"
        store = FolderStore(root)
        earlier = put(store)
        fill(disk, pages, inodes)
        refuse(store, root)
        empty(disk)
        assert is_whole(store, earlier)
        assert is_whole(store, put(store))
        assert all(found.is_complete for found in store.walk())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
